"""Listening: the server's socket, the metrics' own, signals, and a clean end."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from telamon.app import ANSWER_SECONDS, Telamon
from telamon.web.listener import BoundedSite, affordable
from telamon.web.metrics import metrics_application

log = structlog.get_logger(__name__)


@asynccontextmanager
async def listening(telamon: Telamon) -> AsyncGenerator[int, None]:
    """Listen for as long as the block lasts; gives the port, which the system may have chosen."""
    listen = telamon.settings.listen
    runners = [telamon.runner()]
    try:
        await runners[0].setup()
        most = affordable(listen.connections)
        site = BoundedSite(runners[0], listen.host, listen.port, most=most)
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
        await telamon.stop()
        for runner in runners:
            await runner.cleanup()
        await telamon.close()
        log.info("server.stopped")


async def until_signalled() -> None:
    """Return at the first SIGTERM or SIGINT."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
    log.info("server.stopping")
