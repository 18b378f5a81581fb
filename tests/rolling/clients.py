"""Clients of every kind, each of which calls again and again, and comes back as it was told to."""

import asyncio
import itertools
import json
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
import httpx2
from fakes.mcp_client import Client, Event, call, read_event, request
from fakes.serve_process import Served, Walk
from mcp import Client as SdkClient
from mcp.client.streamable_http import streamable_http_client
from rolling.ledger import Ledger

READ = ("getJiraIssue", {"issueIdOrKey": "DEMO-1"})
_PAUSE = 0.25


class Lost(Exception):
    """There is no answer, and nobody can say what the call did."""


def patient(ledger: Ledger) -> aiohttp.ClientMiddlewareType:
    """Ask again whatever was put off in good order: 503, and when to come back."""

    async def send(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        while True:
            answer = await handler(request)
            if answer.status != 503 or "Retry-After" not in answer.headers:
                return answer
            ledger.hints[f"503 {request.url.path}"] += 1
            answer.release()
            await asyncio.sleep(_PAUSE)

    return send


class Caller(Protocol):
    """One client of one kind."""

    kind: str
    ledger: Ledger

    @abstractmethod
    async def round(self) -> None:
        """Do what a client of this kind does; every answer goes into the ledger."""

    async def run(self) -> None:
        """Do so for ever."""
        while True:
            try:
                await self.round()
                await asyncio.sleep(_PAUSE)
            except Exception as error:  # noqa: BLE001 - whatever it is, a client has seen it
                self.ledger.failures.append(f"{self.kind}: {error!r}")
                return


@dataclass(kw_only=True)
class SignsIn(Caller):
    """Signs in anew each time, the whole way."""

    site: Served
    ledger: Ledger
    kind: str = "sign-in"

    async def round(self) -> None:
        walk = await self.site.signed_in()
        text, failed = await walk.call()
        assert not failed, text
        await walk.http.close()
        self.ledger.answered[self.kind] += 1


@dataclass(kw_only=True)
class Refreshes(Caller):
    """Refreshes its token each time, and uses the new one."""

    walk: Walk
    ledger: Ledger
    kind: str = "refresh"

    async def round(self) -> None:
        status, said = await self.walk.refreshed()
        assert status == 200, said
        text, failed = await self.walk.call()
        assert not failed, text
        self.ledger.answered[self.kind] += 1


@dataclass(kw_only=True)
class Writes(Caller):
    """Reads an issue and writes a comment, on any transport."""

    name: str
    walk: Walk
    ledger: Ledger
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @abstractmethod
    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one request. Raises :class:`Lost`."""

    @property
    def client(self) -> Client:
        return Client(self.walk.http, str(self.walk.state["resource"]), self.walk.access_token)

    async def use(self, tool: str, **arguments: Any) -> str:
        """Call *tool*; its text. Raises :class:`Lost`."""
        answer = await self.ask(call(tool, next(self.numbers), **arguments))
        if "The server stopped before" in str(answer.get("error", "")):
            self.ledger.hints["outcome unknown"] += 1
            raise Lost
        result = answer["result"]
        text = str(result["content"][0]["text"])
        assert not result.get("isError"), text
        self.ledger.answered[self.kind] += 1
        return text

    async def read(self) -> None:
        with suppress(Lost):  # it comes round again
            assert "DEMO-1" in await self.use(READ[0], **READ[1])

    async def write(self) -> str | None:
        """Write a comment; its id if that is known."""
        mark = f"{self.name}-{next(self.numbers)}-end"
        try:
            made = await self.use("addCommentToJiraIssue", issueIdOrKey="DEMO-1", commentBody=mark)
        except Lost:
            self.ledger.unsure.append(mark)
            return None
        self.ledger.done.append(mark)
        return str(json.loads(made)["id"])

    async def round(self) -> None:
        await self.read()
        await self.write()


@dataclass(kw_only=True)
class Stateless(Writes):
    """2026-07-28."""

    kind: str = "2026-07-28"

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.modern(message)
        assert answer.status == 200, (answer.status, answer.body)
        return dict(answer.last)


@dataclass(kw_only=True)
class InSession(Writes):
    """2025-11-25, with a standing stream, and a user who is asked before anything is deleted."""

    kind: str = "2025-11-25"
    session: Client | None = None
    deleted: list[str] = field(default_factory=list[str])

    @asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        """Open the session and listen on its stream within the block."""
        self.session = self.client
        await self.session.start("2025-11-25", elicitation={})
        listening = asyncio.ensure_future(self._listen(self.session))
        yield
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def run(self) -> None:
        async with self.started():
            await super().run()

    async def _listen(self, session: Client) -> None:
        """Listen for ever; a stream that ends must have said when to come back."""
        last: str | None = None
        try:
            while True:
                async with session.listening(Last_Event_ID=last) as stream:
                    assert stream.status == 200, stream.status
                    hint = None
                    while (event := await read_event(stream)) is not None:
                        last, hint = event.id or last, event.retry or hint
                    assert hint, "a stream ended without saying when to come back"
                self.ledger.hints["GET stream"] += 1
                await asyncio.sleep(int(hint) / 1000)
        except Exception as error:  # noqa: BLE001 - whatever it is, a client has seen it
            self.ledger.failures.append(f"GET stream: {error!r}")

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        session = self.session
        assert session is not None
        last: Event | None = None
        async with session.sent(message) as answer:
            assert answer.status == 200, (answer.status, await answer.text())
            if answer.content_type == "application/json":
                return dict(await answer.json())
            found, last = await self._hear(answer, message)
        while found is None:
            assert last is not None, "a stream ended without a place to come back to"
            self.ledger.hints["POST stream"] += 1
            await asyncio.sleep(_PAUSE)
            async with session.listening(Last_Event_ID=last.id) as answer:
                assert answer.status == 200, (answer.status, await answer.text())
                found, last = await self._hear(answer, message)
        return found

    async def _hear(
        self, stream: aiohttp.ClientResponse, message: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, Event | None]:
        """Read a stream to the answer, and say yes to every question on it."""
        last = None
        while (event := await read_event(stream)) is not None:
            last = event if event.id else last
            if not event.data:
                continue
            if event.message.get("method") == "elicitation/create":
                yes = {"action": "accept", "content": {"delete": True}}
                answer = {"jsonrpc": "2.0", "id": event.message["id"], "result": yes}
                assert self.session is not None
                assert (await self.session.post(answer)).status == 202
            elif event.message.get("id") == message["id"]:
                return dict(event.message), last
        return None, last

    async def round(self) -> None:
        await self.read()
        comment = await self.write()
        if comment is not None:
            with suppress(Lost):
                await self.use("deleteJiraComment", issueIdOrKey="DEMO-1", commentId=comment)
                self.deleted.append(comment)


@dataclass(kw_only=True)
class OnOneStream(Writes):
    """HTTP+SSE, 2024-11-05: its stream ends with its process, and it opens another one."""

    kind: str = "2024-11-05"
    address: str = ""
    answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)

    async def run(self) -> None:
        while not self.ledger.failures:
            try:
                await self._one_stream()
            except Exception as error:  # noqa: BLE001 - whatever it is, a client has seen it
                self.ledger.failures.append(f"{self.kind}: {error!r}")

    async def _one_stream(self) -> None:
        home = self.walk.home
        client = Client(self.walk.http, f"{home}/v1/sse", self.walk.access_token)
        async with client.listening() as stream:
            assert stream.status == 200, stream.status
            first = await read_event(stream)
            assert first is not None
            self.address = f"{home}{first.data}"
            rounds = asyncio.ensure_future(self._rounds())
            try:
                hint = first.retry
                while (event := await read_event(stream)) is not None:
                    hint = event.retry or hint
                    if event.data and (waiting := self.answers.pop(event.message["id"], None)):
                        waiting.set_result(event.message)
                assert hint, "a stream of HTTP+SSE ended without saying when to come back"
                self.ledger.hints["HTTP+SSE stream"] += 1
            finally:
                for waiting in self.answers.values():
                    waiting.set_exception(Lost())
                self.answers.clear()
                rounds.cancel()
                await asyncio.gather(rounds, return_exceptions=True)

    async def _rounds(self) -> None:
        try:
            await self.ask(
                request(
                    "initialize",
                    {
                        "protocolVersion": "2024-11-05",
                        "capabilities": {},
                        "clientInfo": {"name": "by hand", "version": "1"},
                    },
                    next(self.numbers),
                )
            )
            while True:
                await self.round()
                await asyncio.sleep(_PAUSE)
        except Lost:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, a client has seen it
            self.ledger.failures.append(f"{self.kind}: {error!r}")

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.answers[message["id"]] = waiting
        answer = await self.client.post(message, self.address)
        if answer.status == 404:  # its stream has just ended: nothing was done
            self.ledger.hints["404 /v1/sse/message"] += 1
            raise Lost
        assert answer.status == 202, (answer.status, answer.body)
        return await waiting


@dataclass(kw_only=True)
class Sdk(Caller):
    """The MCP SDK's own client, which knows nothing of retries."""

    walk: Walk
    ledger: Ledger
    mode: str
    kind: str = ""

    def __post_init__(self) -> None:
        self.kind = f"SDK {self.mode}"

    async def run(self) -> None:
        url = str(self.walk.state["resource"])
        assert self.walk.http.connector is not None
        async with (
            httpx2.AsyncClient(headers=self.walk.bearer, verify=self.trust) as http,
            SdkClient(streamable_http_client(url, http_client=http), mode=self.mode) as client,
        ):
            self._client = client
            await super().run()

    trust: Any

    async def round(self) -> None:
        result = await self._client.call_tool(*READ)
        assert not result.is_error, result
        self.ledger.answered[self.kind] += 1
