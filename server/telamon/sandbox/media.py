"""The media host: files behind addresses that are signed, short-lived, and need no token."""

from collections import OrderedDict
from secrets import token_urlsafe
from urllib.parse import urlsplit, urlunsplit

from aiohttp import web

from telamon.plugin import SandboxResponse
from telamon.sandbox.switches import Board

LIFE_SECONDS = 300
KEPT = 200


class Media:
    """Serves ``/_media/<signed id>`` under another host name than the API."""

    def __init__(self, board: Board, public_base: str) -> None:
        self._board = board
        self._base = other_host(public_base)
        self._files: OrderedDict[str, tuple[SandboxResponse, float]] = OrderedDict()

    @property
    def redirects(self) -> bool:
        """Whether downloads are redirected here at all."""
        return self._board.now.redirect_downloads

    def keep(self, file: SandboxResponse) -> str:
        """Return the address under which *file* can be fetched for a while."""
        signed = token_urlsafe(24)  # an address of the demo, which its log may tell
        self._files[signed] = (file, self._board.time() + LIFE_SECONDS)
        while len(self._files) > KEPT:
            self._files.popitem(last=False)
        return f"{self._base}/_media/{signed}"

    async def serve(self, request: web.Request) -> web.Response:
        """Hand over the file. A request that also brings a token is refused, as signed URLs do."""
        if "Authorization" in request.headers:
            return web.Response(status=400, text="Only one way to authenticate is allowed.")
        file, until = self._files.get(request.match_info["signed"], (None, 0.0))
        if file is None or file.content is None or until < self._board.time():
            return web.Response(status=403, text="The address has expired.")
        return web.Response(body=file.content, headers=dict(file.headers))


def other_host(base: str) -> str:
    """Return *base* under the other name of the loopback host."""
    parts = urlsplit(base)
    other = "127.0.0.1" if parts.hostname == "localhost" else "localhost"
    host = other if parts.port is None else f"{other}:{parts.port}"
    return urlunsplit(parts._replace(netloc=host))
