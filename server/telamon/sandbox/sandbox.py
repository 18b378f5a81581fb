"""Puts the sandbox together: one aiohttp application, alone or under a prefix of another."""

import time
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from telamon.clock import Clock
from telamon.plugin import AnyProduct, Person, Site, World
from telamon.sandbox.control import Control
from telamon.sandbox.faulting import Faulting
from telamon.sandbox.gateway import MAX_UPLOAD, Gateway
from telamon.sandbox.grants import Grants
from telamon.sandbox.identity import Identity
from telamon.sandbox.journal import Entry, Journal
from telamon.sandbox.media import Media
from telamon.sandbox.routing import NoEmulator, Routes
from telamon.sandbox.signin import SignIn
from telamon.sandbox.switches import Board
from telamon.sandbox.world import PEOPLE, SITES


class Sandbox:
    """An emulated Atlassian Cloud with the parts that *products* bring.

    *public_base* is how it is reached, prefix included, e.g. ``http://127.0.0.1:8080/_atlassian``;
    it is at once Telamon's ``authorization_url`` and ``api_url``. Without *callback* the app's one
    callback address is the first that is used.
    """

    def __init__(
        self,
        products: Iterable[AnyProduct],
        *,
        public_base: str,
        client_id: str,
        client_secret: str,
        clock: Clock = time.time,
        people: Sequence[Person] = PEOPLE,
        sites: Sequence[Site] = SITES,
        callback: str | None = None,
    ) -> None:
        self.board = Board(clock)
        self.grants = Grants(self.board)
        self.journal = Journal()
        self.world = World(people=tuple(people), sites=tuple(sites), now=self.board.time)
        hosted = {
            product.name: (
                product,
                Routes(product.sandbox(self.world) if product.sandbox else NoEmulator()),
            )
            for product in products
        }
        self._prefix = urlsplit(public_base).path.rstrip("/")
        self._emulators = [routes.emulator for _, routes in hosted.values()]
        self._faulting = Faulting(self.board)
        self._media = Media(self.board, public_base)
        self._identity = Identity(
            self.world,
            self.grants,
            self.board,
            client_id=client_id,
            client_secret=client_secret,
            products=hosted,
        )
        self._signin = SignIn(
            self.world,
            self.grants,
            self.board,
            client_id=client_id,
            known_scopes=self._identity.known_scopes,
            callback=callback,
        )
        self._gateway = Gateway(self.world, self._identity, self._media, hosted)
        self._control = Control(self.board, self.grants, self.journal, self.reset)

    def reset(self) -> None:
        """Go back to the first day: data, grants, switches, record."""
        self.board.reset()
        self.grants.reset()
        self.journal.entries.clear()
        for emulator in self._emulators:
            emulator.reset()

    def app(self) -> web.Application:
        """Build the application; its routes are relative to where it is mounted."""
        app = web.Application(middlewares=[self._middleware()], client_max_size=MAX_UPLOAD)
        app.router.add_get("/authorize", self._signin.ask)
        app.router.add_post("/authorize", self._signin.answer)
        app.router.add_post("/oauth/token", self._identity.token)
        app.router.add_get("/oauth/token/accessible-resources", self._identity.accessible_resources)
        app.router.add_get("/me", self._identity.me)
        app.router.add_route("*", "/ex/{rest:.*}", self._api)
        app.router.add_get("/_media/{signed}", self._media.serve)
        app.router.add_get("/_sandbox/switches", self._control.switches)
        app.router.add_post("/_sandbox/switches", self._control.set_switches)
        app.router.add_get("/_sandbox/requests", self._control.requests)
        app.router.add_delete("/_sandbox/requests", self._control.forget_requests)
        app.on_shutdown.append(self._on_shutdown)
        return app

    async def _on_shutdown(self, _: web.Application) -> None:
        self._faulting.release()

    def _middleware(self) -> Middleware:
        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            path = request.rel_url.raw_path.removeprefix(self._prefix)
            if path.startswith("/_sandbox/"):
                return await handler(request)
            entry = Entry(method=request.method, raw_path=path, connection=_port(request))
            request[ENTRY] = entry
            self.journal.entries.append(entry)
            answer = await self._faulting.handle(request, path, handler)
            entry.status = answer.status
            return answer

        return middleware

    async def _api(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path.removeprefix(self._prefix)
        return await self._gateway.handle(request, path, request[ENTRY])


def _port(request: web.Request) -> int:
    """Return the caller's port, which tells connections apart."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return peer[1] if peer else 0


ENTRY: web.RequestKey[Entry] = web.RequestKey("entry", Entry)
