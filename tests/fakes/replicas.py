"""Several ``telamon serve`` on one PostgreSQL, and a balancer in front of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
from aiohttp import web
from fakes.ports import free_port
from fakes.serve_process import Served, served, status_of

_READY = 200
_START_SECONDS = 120.0
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te"})


@dataclass(kw_only=True)
class Front:
    """Gives every request to another replica, in turn; with ``pinned`` all to one.

    A replica that does not answer makes a 502, as a balancer without health checks would.
    """

    ports: Sequence[int]
    pinned: int | None = None
    seen: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    """How many requests for a path each replica has had."""
    _turn: int = 0

    def choose(self, path: str) -> int:
        number = self.pinned
        if number is None:
            number, self._turn = self._turn, (self._turn + 1) % len(self.ports)
        self.seen[path, number] += 1
        return self.ports[number]

    def replicas_of(self, path: str) -> set[int]:
        """Which replicas have answered requests for *path*."""
        return {number for seen, number in self.seen if seen == path}

    async def relay(self, request: web.Request) -> web.StreamResponse:
        port = self.choose(request.path)
        headers = [(k, v) for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP]
        response: web.StreamResponse = web.Response(status=502)
        try:
            async with (
                aiohttp.ClientSession(auto_decompress=False) as http,
                http.request(
                    request.method,
                    f"http://localhost:{port}{request.raw_path}",
                    headers=headers,
                    data=await request.read(),
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(),
                ) as answer,
            ):
                response = web.StreamResponse(status=answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in _HOP_BY_HOP:
                        response.headers.add(name, value)
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
        except (aiohttp.ClientError, OSError):
            if response.prepared and request.transport is not None:
                request.transport.abort()
        return response


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Replicas that are started, and the address that clients know."""

    site: Served
    """The public address, the emulated Atlassian, and walks through a sign-in."""
    front: Front
    replicas: Sequence[Served]

    @property
    def home(self) -> str:
        return self.site.home


def replica_of(site: Served, name: str, **changes: str) -> Served:
    """One more server of the same deployment, on a port of its own; it is not started."""
    folder = site.folder / name
    folder.mkdir()
    port = free_port()
    environment = {**site.environment, "TELAMON_LISTEN__PORT": str(port), **changes}
    return replace(site, folder=folder, port=port, environment=environment, trust=None, walks=[])


async def _start(replica: Served) -> None:
    """Start a replica among others that start at the same time, on a machine with few cores."""
    process = replica.spawn()
    async with aiohttp.ClientSession() as http, asyncio.timeout(_START_SECONDS):
        while await status_of(http, f"{replica.home}/readyz") != _READY:
            assert process.poll() is None, replica.log
            await asyncio.sleep(0.1)


@asynccontextmanager
async def deployed(
    folder: Path, database: str, number: int = 2, changes: Mapping[str, str] | None = None
) -> AsyncGenerator[Deployment, None]:
    """Start so many replicas at once on the PostgreSQL *database*, and a balancer."""
    settings = {"TELAMON_STORAGE__URL": database, **(changes or {})}
    async with served(folder, settings) as site:
        replicas = [replica_of(site, f"replica-{n}") for n in range(number)]
        front = Front(ports=[replica.port for replica in replicas])
        application = web.Application(client_max_size=8 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", front.relay)
        runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        try:
            await asyncio.gather(*(_start(replica) for replica in replicas))
            await runner.setup()
            await web.TCPSite(runner, "localhost", site.port).start()
            yield Deployment(site=site, front=front, replicas=replicas)
        finally:
            for replica in replicas:
                await replica.close()
            await runner.cleanup()
