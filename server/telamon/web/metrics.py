"""Prometheus metrics: a registry per application, fed by events, served on a listener of its own.

No label names a user, a site, an issue or a client; every label's values are bounded.
"""

import re
from collections.abc import Callable, Collection

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from telamon.plugin.events import (
    ConsentGiven,
    Event,
    GrantChanged,
    LimitHit,
    SessionChanged,
    TokenIssued,
    ToolCalled,
)

METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Everything measured. *tools* are the names that may stand in a label."""

    def __init__(self, tools: Collection[str] = ()) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self._tools = frozenset(tools)
        self._requests = Histogram(
            "telamon_http_request_seconds",
            "Answers by method, route and status; a stream that stands open counts when it begins.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._calls = Histogram(
            "telamon_tool_call_seconds",
            "Tool calls by tool, product and outcome.",
            ("tool", "product", "outcome"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._events = Counter(
            "telamon_events",
            "What happened, by kind and detail: sign-ins, tokens, grants, limits.",
            ("event", "detail"),
            registry=registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Hear of an answer; see :data:`telamon.web.middleware.Observe`."""
        known = method if method in METHODS else "other"
        self._requests.labels(known, route, str(status)).observe(seconds)

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Measure ``telamon_<name>`` by calling *read* whenever somebody looks."""
        Gauge(f"telamon_{name}", meaning, registry=self.registry).set_function(read)

    def on_event(self, event: Event) -> None:
        """Hear of an event; give this to the announcer."""
        if isinstance(event, ToolCalled):
            tool = event.tool if event.tool in self._tools else "other"
            self._calls.labels(tool, event.product, event.outcome).observe(event.seconds)
        else:
            self._events.labels(_name(event), _detail(event)).inc()


def metrics_application(metrics: Metrics) -> web.Application:
    """Return the application of the metrics listener: ``/metrics`` and nothing else."""

    async def scrape(_request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    app = web.Application()
    app.router.add_get("/metrics", scrape)
    return app


def _name(event: Event) -> str:
    return _CAPITAL.sub("_", type(event).__name__).lower()


def _detail(event: Event) -> str:
    """Return what tells two events of one kind apart, out of a handful of words."""
    detail = ""
    match event:
        case ConsentGiven(approved=approved):
            detail = "approved" if approved else "denied"
        case SessionChanged(began=began):
            detail = "began" if began else "ended"
        case TokenIssued(refreshed=refreshed):
            detail = "refreshed" if refreshed else "first"
        case GrantChanged(change=word) | LimitHit(limit=word):
            detail = word
        case _:
            pass
    return detail
