"""Make requests slow, fail, or break off, as the switches say."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from telamon.sandbox.switches import Board, Fault, Place

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOGIN_PAGE = "<!doctype html><title>Log in</title><h1>Log in to continue</h1>"


def place_of(path: str) -> Place | None:
    """Tell which part of the sandbox *path*, below its prefix, belongs to."""
    if path.startswith("/ex/"):
        return "api"
    if path == "/oauth/token":
        return "token"
    if path in ("/me", "/oauth/token/accessible-resources"):
        return "identity"
    return "media" if path.startswith("/_media/") else None


class Faulting:
    """Wraps the handlers; :meth:`release` lets half-open requests go when the sandbox ends."""

    def __init__(
        self, board: Board, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._board = board
        self._pause = pause
        self._closing = asyncio.Event()

    def release(self) -> None:
        """Let go of every request that is being kept without an answer."""
        self._closing.set()

    async def handle(self, request: web.Request, path: str, handler: Handler) -> web.StreamResponse:
        """Run *handler*, unless something is to go wrong at this *path*."""
        place = place_of(path)
        if place is None:
            return await handler(request)
        if self._board.now.latency_ms:
            await self._pause(self._board.now.latency_ms / 1000)
        fault = self._board.take(place)
        if fault is None:
            return await handler(request)
        if fault.processed:
            await handler(request)
        return await self._answer(request, fault)

    async def _answer(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        answer: web.StreamResponse = web.Response(status=503)
        match fault.kind:
            case "rate_limit":
                answer = self._rate_limit(fault)
            case "status":
                answer = web.json_response(fault.body, status=fault.status)
            case "html":
                answer = web.Response(
                    text=LOGIN_PAGE, content_type="text/html", status=fault.status
                )
            case "redirect":
                answer = web.Response(status=302, headers={"Location": fault.location})
            case "large":
                answer = await _stream(request, b'"', b" " * 65_536, fault.size)
            case "truncated":
                answer = await _stream(request, b'{"values": [', b"", 100)
                _break(request)
            case "reset":
                _break(request)
            case "half_open":
                await self._closing.wait()
        return answer

    def _rate_limit(self, fault: Fault) -> web.Response:
        headers = {
            "RateLimit-Reason": fault.reason,
            "X-RateLimit-Limit": "350",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": datetime.fromtimestamp(self._board.time() + 60, tz=UTC).isoformat(
                timespec="seconds"
            ),
        }
        if fault.retry_after is not None:
            headers["Retry-After"] = fault.retry_after
        return web.json_response({"message": "Rate limit exceeded"}, status=429, headers=headers)


async def _stream(request: web.Request, head: bytes, part: bytes, size: int) -> web.StreamResponse:
    """Announce *size* bytes and send *head* and as many *part* as fit; none for an empty one."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = size
    await response.prepare(request)
    await response.write(head)
    sent = len(head)
    while part and sent < size:
        piece = part[: size - sent]
        await response.write(piece)
        sent += len(piece)
    return response


def _break(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
