"""The room's front: the routes, who may pass, and which revision a request belongs to."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from importlib.metadata import version
from typing import Any

import structlog
from aiohttp import web

from telamon.addresses import Addresses
from telamon.catalog import Catalog
from telamon.clock import Clock
from telamon.endpoint.allowance import Allowance
from telamon.endpoint.bearer import Admission, Bearer
from telamon.endpoint.calling import Calling
from telamon.endpoint.changes import Changes
from telamon.endpoint.choice import mistaken, read_choice
from telamon.endpoint.desk import OWN, ApiSource
from telamon.endpoint.elsewhere import Elsewhere
from telamon.endpoint.gate import Gate
from telamon.endpoint.handlers import build_server
from telamon.endpoint.http_sse import HttpSse
from telamon.endpoint.invisible import visible_text
from telamon.endpoint.kernel import (
    BUSY,
    HANDSHAKE_PROTOCOL_VERSIONS,
    INVALID_PARAMS,
    Server,
)
from telamon.endpoint.legacy import Legacy
from telamon.endpoint.lines import BEAT_SECONDS, Lines, every
from telamon.endpoint.listing import Listing
from telamon.endpoint.modern import VERSION, Modern
from telamon.endpoint.own_tools import OWN_TOOLS
from telamon.endpoint.presence import Presence
from telamon.endpoint.reading import Reading
from telamon.endpoint.sessions import Sessions
from telamon.endpoint.subscriptions import Subscriptions
from telamon.endpoint.wire import Refused, read_json, refusal
from telamon.plugin import Json
from telamon.plugin.events import Announce
from telamon.policy import Policy
from telamon.settings import Settings
from telamon.storage import Storage
from telamon.tasks import Tasks
from telamon.web.cors import cors
from telamon.web.guard import check_origin
from telamon.web.limits import Limiter

MCP_PATH = "/v1/mcp"
SSE_PATH = "/v1/sse"
MESSAGE_PATH = "/v1/sse/message"
_ENVELOPE_VERSION = "io.modelcontextprotocol/protocolVersion"
_RETRY_SECONDS = "3"
_STATE_PURPOSE = "mcp request state"

log = structlog.get_logger(__name__)
Answering = Callable[[web.Request, Admission], Awaitable[web.StreamResponse]]


class Endpoint:
    """Serves MCP. *extend* may put further handlers on the kernel's server; tests do."""

    def __init__(
        self,
        *,
        storage: Storage,
        gateway: ApiSource,
        catalog: Catalog,
        addresses: Addresses,
        settings: Settings,
        limiter: Limiter,
        announce: Announce,
        clock: Clock,
        tasks: Tasks,
        tracing: bool = False,
        extend: Callable[[Server[Any]], None] | None = None,
    ) -> None:
        limits = settings.limits
        own = {each.name: each for each in OWN_TOOLS if catalog.policies.allows(OWN, each)}
        self._addresses = addresses
        self._catalog = catalog
        self._settings = settings
        self._bearer = Bearer(storage.tokens, storage.grants, addresses, catalog, clock)
        self._lines = Lines(self._bearer.look_up, limits, announce, clock)
        self._subscriptions = Subscriptions(self._lines)
        self._allowance = Allowance(limits, limiter, announce)
        listing = Listing(catalog, own)
        server = build_server(
            version=version("telamon"),
            calling=Calling(
                catalog,
                own,
                apis=gateway,
                grants=storage.grants,
                allowance=self._allowance,
                result_bytes=limits.result_bytes,
                announce=announce,
                clock=clock,
            ),
            listing=listing,
            reading=Reading(catalog, gateway),
            listen=self._subscriptions,
            state_keys=[storage.derive(_STATE_PURPOSE)],
            audience=addresses.mcp,
            tracing=tracing,
        )
        if extend is not None:
            extend(server)
        presence = Presence(storage.replicas, shared=storage.shared)
        self._sessions = Sessions(
            server,
            storage,
            limits,
            replica=presence.id,
            announce=announce,
            clock=clock,
            tasks=tasks,
        )
        self._elsewhere = Elsewhere(
            storage=storage,
            presence=presence,
            sessions=self._sessions,
            bearer=self._bearer,
            lines=self._lines,
            subscriptions=self._subscriptions,
            clock=clock,
            tasks=tasks,
        )
        gate = Gate(catalog, self._bearer)
        self._modern = Modern(server, self._subscriptions, self._lines, gate, addresses.mcp)
        self._legacy = Legacy(self._sessions, self._elsewhere, self._lines, gate, addresses.mcp)
        self._http_sse = HttpSse(
            self._sessions, self._elsewhere.crossing, self._lines, gate, addresses.sse
        )
        self._beating: asyncio.Task[None] | None = None
        self._closing = False
        self._answering = 0
        self._none_answering = asyncio.Event()
        self._none_answering.set()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, open to browser clients of any allowed origin."""
        answers = {
            MCP_PATH: self._guarded(self._mcp, self._addresses.mcp),
            SSE_PATH: self._guarded(self._sse, self._addresses.sse),
            MESSAGE_PATH: self._guarded(self._message, self._addresses.sse),
        }
        return cors(
            [
                web.route(method, path, answer)
                for path, answer in answers.items()
                for method in ("GET", "POST", "DELETE")  # GET brings HEAD
            ]
        )

    @property
    def sessions(self) -> int:
        """How many sessions this process holds."""
        return len(self._sessions)

    @property
    def streams(self) -> int:
        """How many streams stand open without a running request."""
        return self._lines.standing

    @property
    def changes(self) -> Changes:
        """Where to say that a list of what is offered has changed."""
        return self._elsewhere.changes

    async def beat(self) -> None:
        """Keep every open stream alive, or end it; end idle sessions."""
        if self._closing:
            self._sessions.wind_down()  # those that were rebuilt since
        await self._lines.beat()
        await self._sessions.beat()

    async def close(self, seconds: float = 0) -> None:
        """Take nothing new, let requests finish for so many *seconds*, cut the rest, end all.

        At most two and a half seconds more pass until everything has ended.
        """
        self._closing = True
        self._subscriptions.close()
        self._sessions.wind_down()
        try:
            async with asyncio.timeout(seconds):
                await self._none_answering.wait()
                await self._allowance.wait()
                await self._lines.wait()
        except TimeoutError:
            log.warning("calls.cut", running=self._allowance.running)
            self._sessions.cut()
            self._lines.cut()
        if self._beating is not None:
            self._beating.cancel()
        await self._sessions.close()
        await self._lines.close()
        await self._elsewhere.end()

    def _guarded(
        self, answer: Answering, resource: str
    ) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if self._closing:
                return _closed()
            self._answering += 1
            self._none_answering.clear()
            self._start_beating()
            try:
                await self._elsewhere.begin()
                admission = await self._bearer.admit(request, resource)
                self._check_origin(request)
                self._check_choice(request, admission.principal.policy)
                await self._allowance.admit(admission.principal.account_id)
                return await answer(request, admission)
            except Refused as refused:
                return refused.response
            finally:
                self._answering -= 1
                if not self._answering:
                    self._none_answering.set()

        return guarded

    def _start_beating(self) -> None:
        if self._beating is None:
            self._beating = asyncio.create_task(every(BEAT_SECONDS, self.beat), name="beat")

    def _check_origin(self, request: web.Request) -> None:
        origins = self._settings.listen.allowed_origins
        refused = check_origin(request, self._addresses, origins)
        if refused is not None:
            raise Refused(refused)

    def _check_choice(self, request: web.Request, policy: Policy) -> None:
        if request.query:
            wrong = mistaken(read_choice(request.query), self._catalog, policy)
            if wrong is not None:
                raise Refused(refusal(400, visible_text(wrong), code=INVALID_PARAMS))

    async def _mcp(self, request: web.Request, admission: Admission) -> web.StreamResponse:
        said = request.headers.get(VERSION)
        modern = said is not None and said not in HANDSHAKE_PROTOCOL_VERSIONS
        match request.method:
            case "POST":
                data = await read_json(request, self._settings.limits)
                if modern or (said is None and _has_envelope(data)):
                    return await self._modern.post(request, admission, data)
                return await self._legacy.post(request, admission, data)
            case "GET" if not modern:
                return await self._legacy.get(request, admission)
            case "DELETE" if not modern:
                return await self._legacy.delete(request, admission)
            case _:
                allow = "POST" if modern else "GET, POST, DELETE"
                return refusal(405, "Method not allowed", headers={"Allow": allow})

    async def _sse(self, request: web.Request, admission: Admission) -> web.StreamResponse:
        if request.method == "GET":
            return await self._http_sse.open(request, admission)
        # A client that tried Streamable HTTP here falls back to GET on 405, but only if the body
        # is not a JSON-RPC error (MCP, transports, backwards compatibility).
        return web.Response(status=405, text="Use GET here.", headers={"Allow": "GET"})

    async def _message(self, request: web.Request, admission: Admission) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(status=405, text="Use POST here.", headers={"Allow": "POST"})
        data = await read_json(request, self._settings.limits)
        return await self._http_sse.post(request, admission, data)


def _closed() -> web.Response:
    """Send the caller, and its next connection, to the process that takes over."""
    headers = {"Retry-After": _RETRY_SECONDS}
    answer = refusal(503, "The server is stopping. Try again.", code=BUSY, headers=headers)
    answer.force_close()
    return answer


def _has_envelope(data: Json) -> bool:
    """Tell whether a body without a version header is of the revision that demands one."""
    match data:
        case {"params": {"_meta": {**meta}}}:
            return _ENVELOPE_VERSION in meta
        case _:
            return False
