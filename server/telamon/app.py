"""The composition root: builds every room from the settings and hands each what it needs.

There is no state outside the :class:`Telamon` that :func:`assemble` returns.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from telamon import authorization, endpoint, logs
from telamon.addresses import Addresses
from telamon.announce import Announcer
from telamon.atlassian.custody import Custody
from telamon.atlassian.gateway import Gateway
from telamon.atlassian.oauth import AtlassianOAuth
from telamon.atlassian.transport import open_session
from telamon.audit import AuditLog
from telamon.catalog import Catalog, build
from telamon.clock import Clock
from telamon.loader import Loaded
from telamon.settings import Settings
from telamon.storage import Storage, StorageUnavailable, open_configured
from telamon.tasks import Tasks
from telamon.web.health import Health
from telamon.web.landing import landing
from telamon.web.limits import Limiter
from telamon.web.metrics import Metrics
from telamon.web.middleware import setup_web
from telamon.web.pages import Pages
from telamon.web.sessions import setup_sessions

PURGE_SECONDS = 300
ANSWER_SECONDS = 0.5
"""How long the end waits for answers of other rooms, then once more for their cancellation."""
CLOSING_SECONDS = 1.5
"""Behind the configured time: to cut what owns itself, and to close storage and connections."""

log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class Telamon:
    """A running server's parts, and how to end them in order."""

    settings: Settings
    catalog: Catalog
    storage: Storage
    application: web.Application
    metrics: Metrics
    health: Health
    tasks: Tasks
    endpoint: endpoint.Endpoint
    _cleanup: AsyncExitStack = field(repr=False)
    _ends_at: float | None = field(default=None, repr=False)

    def runner(self) -> web.AppRunner:
        """Return a runner with the timeouts that SECURITY asks for."""
        return web.AppRunner(
            self.application,
            access_log=None,
            handle_signals=False,
            handler_cancellation=True,
            keepalive_timeout=self.settings.listen.keepalive_seconds,
            shutdown_timeout=ANSWER_SECONDS,
        )

    async def stop(self) -> None:
        """Take no new work, let what runs finish within the configured time, end the streams.

        Call it before the runner is cleaned up, and :meth:`close` after.
        """
        self.health.stop()
        seconds = self.settings.listen.shutdown_seconds
        self._ends_at = asyncio.get_running_loop().time() + seconds
        await self.endpoint.close(seconds)

    async def close(self) -> None:
        """Wait for application-owned work, then close storage and connections.

        It has what :meth:`stop` left of the configured time, and a little more for the closing.
        """
        now = asyncio.get_running_loop().time()
        left = 0.0 if self._ends_at is None else max(0.0, self._ends_at - now)
        try:
            async with asyncio.timeout(left + CLOSING_SECONDS):
                await self.tasks.drain(left + CLOSING_SECONDS / 2)
                await self._cleanup.aclose()
        except TimeoutError:
            log.error("server.cut")  # noqa: TRY400 - where it hung is of no use to an operator


async def assemble(settings: Settings, loaded: Loaded, *, clock: Clock = time.time) -> Telamon:
    """Build the server; nothing listens yet.

    Raises:
        StorageRefused, StorageUnavailable: The storage cannot be used.
    """
    async with AsyncExitStack() as cleanup:
        tasks = Tasks()
        addresses = Addresses(settings.public_url)
        catalog = build(loaded.products, loaded.settings, settings.policy)
        storage = await open_configured(settings.storage, clock=clock)
        cleanup.push_async_callback(storage.close)
        audit, metrics = AuditLog(storage, clock), Metrics(tools=catalog.tools)
        announce = Announcer(loaded.manager, tasks, audit.hear, metrics.on_event)
        http = await cleanup.enter_async_context(open_session(settings.atlassian))
        oauth = AtlassianOAuth(http, settings.atlassian, addresses.callback)
        custody = Custody(storage, oauth, tasks, announce, clock)
        gateway = Gateway(http, custody, settings.atlassian, settings.limits, clock)
        limiter, pages = Limiter(clock), Pages(addresses)
        health = Health({"storage": storage.check}, clock=clock)

        application = web.Application(client_max_size=settings.limits.request_bytes)
        setup_web(
            application,
            addresses,
            pages,
            observe=metrics.observe,
            trusted_proxies=settings.listen.trusted_proxies,
        )
        setup_sessions(application, storage, addresses, settings.tokens, clock, announce=announce)
        mcp = endpoint.Endpoint(
            storage=storage,
            gateway=gateway,
            catalog=catalog,
            addresses=addresses,
            settings=settings,
            limiter=limiter,
            announce=announce,
            clock=clock,
            tasks=tasks,
        )
        server = await authorization.build(
            storage=storage,
            custody=custody,
            oauth=oauth,
            catalog=catalog,
            addresses=addresses,
            settings=settings,
            pages=pages,
            limiter=limiter,
            announce=announce,
            clock=clock,
            tasks=tasks,
        )
        application.add_routes(
            [
                *health.routes(),
                *landing(pages, addresses, [p.title for p in catalog.products.values()]),
                *server.routes(),
                *mcp.routes(),
            ]
        )
        for name, work in {
            "audit": audit.run,
            "sweeper": custody.run_sweeper,
            "purge": lambda: _purge(storage, clock),
        }.items():
            await cleanup.enter_async_context(_Running(name, work))
        cleanup.push_async_callback(audit.close)
        metrics.watch(
            "audit_dropped", "Audit records that storage has not got.", lambda: audit.dropped
        )
        metrics.watch(
            "owned_tasks", "Tasks that the application owns just now.", lambda: len(tasks)
        )
        metrics.watch("log_lines_dropped", "Log lines that the sink did not take.", logs.dropped)
        metrics.watch("mcp_sessions", "Sessions that this process holds.", lambda: mcp.sessions)
        metrics.watch("mcp_streams", "Streams that stand open.", lambda: mcp.streams)
        return Telamon(
            settings=settings,
            catalog=catalog,
            storage=storage,
            application=application,
            metrics=metrics,
            health=health,
            tasks=tasks,
            endpoint=mcp,
            _cleanup=cleanup.pop_all(),
        )


class _Running:
    """A background task that lives as long as the block it is entered in."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        self._name, self._work = name, work

    async def __aenter__(self) -> None:
        self._task = asyncio.ensure_future(self._work())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def _purge(storage: Storage, clock: Clock) -> None:
    while True:
        await asyncio.sleep(PURGE_SECONDS)
        try:
            removed = await storage.purge(clock())
        except StorageUnavailable as error:
            log.warning("purge.put_off", error=str(error))
        except Exception:
            # Whatever it was, the next round tries again: without a purge the tables would grow.
            log.exception("purge.failed")
        else:
            log.info("purge.done", **removed)
