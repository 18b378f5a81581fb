"""Listening: the server's socket, the metrics' own, signals, and a clean end."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import structlog
from aiohttp import web

from telamon.app import ANSWER_SECONDS, Telamon
from telamon.web.listener import BoundedSite, affordable
from telamon.web.metrics import metrics_application

LAST_REQUEST_SECONDS = 0.5
"""How long, once nobody can connect any more, a connection that is open may bring one request."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def listening(telamon: Telamon) -> AsyncGenerator[int, None]:
    """Listen for as long as the block lasts; gives the port, which the system may have chosen."""
    listen = telamon.settings.listen
    runners = [telamon.runner()]
    leaving = _Leaving()
    telamon.application.on_response_prepare.append(leaving.hang_up)
    try:
        await runners[0].setup()
        most = affordable(listen.connections)
        site = leaving.site = BoundedSite(runners[0], listen.host, listen.port, most=most)
        await site.start()
        telamon.metrics.watch("connections", "Connections that are open.", lambda: site.open)
        telamon.metrics.watch(
            "connections_refused", "Connections that found no room.", lambda: site.refused
        )
        if listen.metrics_port is not None:
            metrics = web.AppRunner(
                metrics_application(telamon.metrics),
                access_log=None,
                keepalive_timeout=listen.keepalive_seconds,
                shutdown_timeout=ANSWER_SECONDS,
            )
            runners.append(metrics)
            await metrics.setup()
            await web.TCPSite(metrics, listen.metrics_host, listen.metrics_port).start()
        port: int = runners[0].addresses[0][1]
        log.info("server.ready", url=telamon.settings.public_url, host=listen.host, port=port)
        yield port
    finally:
        telamon.health.stop()
        await leaving.begin()
        await telamon.stop()
        for runner in runners:
            await runner.cleanup()
        await telamon.close()
        log.info("server.stopped")


class _Leaving:
    """Lets a proxy find out, before anything is refused that it has sent already.

    New connections are refused by the system, which every proxy passes over. Those that are open
    bring one more request, whose answer says that the connection ends.
    """

    def __init__(self) -> None:
        self.site: BoundedSite | None = None
        self._begun = False

    async def hang_up(self, _request: web.Request, response: web.StreamResponse) -> None:
        if self._begun:
            response.headers["Connection"] = "close"
            response.force_close()

    async def begin(self) -> None:
        self._begun = True
        if self.site is None:
            return
        await self.site.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_REQUEST_SECONDS):
                while self.site.open:  # noqa: ASYNC110 - aiohttp tells nobody when one has ended
                    await asyncio.sleep(LAST_REQUEST_SECONDS / 10)
        self.site.hang_up()


async def until_signalled() -> None:
    """Return at the first SIGTERM or SIGINT."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
    log.info("server.stopping")
