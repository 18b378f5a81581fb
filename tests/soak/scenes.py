"""What goes wrong in a soak: each fault, what it may cause, and for how long after its end.

The numbers are those of ``tests/rows/security.toml``: U is what Atlassian does, P what happens to
processes and stores.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from signal import Signals
from typing import Any

from soak.deployment import Deployment
from soak.ledger import Ledger

TOOL = r"^tool: "
BROKEN = r"^(connection|ended|page|revoke|sign-in): "
UNAVAILABLE = (
    r"could not be reached|did not answer the last requests|too many requests to this site"
)
RENEWAL = (
    r"fresh access token|renew this connection|did not answer|Atlassian could not|takes too long"
)
EXPIRED = f"{TOOL}.*({RENEWAL})|^sign-in: .*did not accept the sign-in"
"""What comes of an access token that ends just after it was given, to a sign-in under way too."""
BREAKER = 12.0
"""Seconds: a site's lane is closed for ten after failures in a row."""
REFRESH = 50.0
"""Seconds: the lease of a refresh whose outcome is not known, and a little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One fault. ``rest`` is how long its effects last, in seconds."""

    name: str
    explains: str
    rest: float
    switches: Mapping[str, Any] = field(default_factory=dict[str, Any])
    work: Callable[[Deployment, float], Awaitable[None]] | None = None
    takes_grants: int = 0
    """How many users' grants Atlassian ends by it."""
    lasting: bool = False
    """Too long for a short run."""

    async def play(self, deployment: Deployment, ledger: Ledger, seconds: float) -> None:
        """Let it go wrong for so long, then put it right."""
        ledger.taken += self.takes_grants
        with ledger.fault(self.name, self.explains, self.rest):
            async with AsyncExitStack() as afterwards:
                if self.switches:
                    afterwards.push_async_callback(_calm, deployment)
                    await deployment.switch(**self.switches)
                if self.work is None:
                    await asyncio.sleep(seconds)
                else:
                    await self.work(deployment, seconds)


async def _calm(deployment: Deployment) -> None:
    await deployment.switch(
        faults=[], latency_ms=0, rotation=True, token_answer={}, deny_sign_in=False
    )


def _api(
    name: str, explains: str, rest: float = 1.0, *, lasting: bool = False, **fault: Any
) -> Scene:
    fault = {"on": "api", "count": 40, **fault}
    return Scene(
        name=name, explains=explains, rest=rest, switches={"faults": [fault]}, lasting=lasting
    )


def _token(
    name: str, *, rest: float = REFRESH, takes: int = 0, lasting: bool = False, **fault: Any
) -> Scene:
    """Everybody's access token ends upstream, and the token endpoint fails."""
    fault = {"on": "token", "count": 8, **fault}
    return Scene(
        name=name,
        explains=f"{TOOL}.*({RENEWAL}|connect again|own credentials)|^sign-in: "
        # With the grant, what stands open of it ends.
        + ("|^ended: |HTTP 404" if takes else ""),
        rest=rest,
        switches={"expire_access_tokens": True, "faults": [fault]},
        takes_grants=takes,
        lasting=lasting,
    )


async def _restarted(deployment: Deployment, how: Signals) -> None:
    replica = deployment.replicas[1]
    code = await replica.end(how)
    if how is Signals.SIGTERM and code != 0:
        raise RuntimeError(f"SIGTERM ended a replica with {code}")
    await replica.start()


async def _killed(deployment: Deployment, _seconds: float) -> None:
    await _restarted(deployment, Signals.SIGKILL)


async def _ended(deployment: Deployment, _seconds: float) -> None:
    await _restarted(deployment, Signals.SIGTERM)


async def _frozen(deployment: Deployment, seconds: float) -> None:
    replica = deployment.replicas[1]
    replica.signal(Signals.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        replica.signal(Signals.SIGCONT)


async def _cut(deployment: Deployment, seconds: float) -> None:
    name = deployment.database.rpartition("/")[2]
    for _ in range(3):
        await asyncio.to_thread(deployment.postgres.drop_connections, name)
        await asyncio.sleep(seconds / 3)


async def _stopped(deployment: Deployment, seconds: float) -> None:
    await asyncio.to_thread(deployment.postgres.stop)
    await asyncio.sleep(min(2.0, seconds))
    await asyncio.to_thread(deployment.postgres.start)


async def _purged(deployment: Deployment, seconds: float) -> None:
    """Purge on all at once, and tell everybody that the tools have changed."""
    await asyncio.gather(*(deployment.storage.purge(time.time()) for _ in range(3)))
    await deployment.storage.replicas.change_lists(("tools",))
    await asyncio.sleep(seconds)


NOTHING = r"^$"
LIMITED = f"{TOOL}.*(rate limit|{UNAVAILABLE})"
LATE = f"{TOOL}.*({UNAVAILABLE})|HTTP 503"
STORE = rf"HTTP 503|{TOOL}.*database|JSON-RPC -3(2603|2000).*|{BROKEN}"

SCENES = (
    _api("U05 429, wait a second", LIMITED, 4.0, kind="rate_limit", retry_after="1"),
    # Its answer still says when the limit is over: in a minute.
    _api(
        "U05 429 without Retry-After",
        LIMITED,
        75.0,
        lasting=True,
        kind="rate_limit",
        retry_after=None,
        count=3,
    ),
    _api("U05 429 beyond patience", LIMITED, 25.0, kind="rate_limit", retry_after="21", count=3),
    _api(
        "U05 429 of a quota",
        LIMITED,
        6.0,
        kind="rate_limit",
        retry_after="2",
        reason="jira-quota-tenant-based",
        count=10,
    ),
    _api("U06 429 as HTML", LIMITED, 10.0, kind="html", status=429, count=10),
    _api("U07 503", f"{TOOL}.*error of its own", kind="status", status=503),
    _api(
        "U07 500, yet done", f"{TOOL}.*error of its own", kind="status", status=500, processed=True
    ),
    _api(
        "U02 403",
        f"{TOOL}.*lacks the permission",
        kind="status",
        status=403,
        body={"errorMessages": ["No."]},
    ),
    _api(
        "U04 404",
        f"{TOOL}.*(no such thing|There is no|may not see)",
        kind="status",
        status=404,
        body={"errorMessages": ["None."]},
    ),
    _api("U08 reset", LATE, BREAKER, kind="reset"),
    _api("U08 reset, yet done", LATE, BREAKER, kind="reset", processed=True),
    _api("U08 half-open", LATE, BREAKER, lasting=True, kind="half_open", count=3),
    _api("U09 HTML page", f"{TOOL}.*not JSON", kind="html", status=200),
    _api("U09 truncated", LATE, BREAKER, kind="truncated"),
    _api(
        "U09 too large",
        f"{TOOL}.*larger than|{LATE}",
        BREAKER,
        kind="large",
        size=12_000_000,
        count=4,
    ),
    _api("U10 redirect", f"{TOOL}.*elsewhere", kind="redirect"),
    _api(
        "U01 401",
        f"{TOOL}.*(no longer accepts|fresh access token|{RENEWAL})",
        35.0,
        kind="status",
        status=401,
        body={},
        count=20,
    ),
    Scene(name="U20 slow", explains=NOTHING, rest=0.0, switches={"latency_ms": 400}),
    Scene(
        name="U22 all expire at once",
        explains=EXPIRED,
        rest=35.0,
        switches={"expire_access_tokens": True},
    ),
    Scene(
        name="U15 no new refresh token",
        explains=EXPIRED,
        rest=35.0,
        switches={"expire_access_tokens": True, "rotation": False},
    ),
    Scene(
        name="U15 odd lifetime",
        explains=EXPIRED,
        rest=35.0,
        switches={"expire_access_tokens": True, "token_answer": {"expires_in": -1}},
    ),
    Scene(name="A12 declined", explains="^sign-in: ", rest=0.0, switches={"deny_sign_in": True}),
    _token("U14 refresh 503", kind="status", status=503, body={}),
    _token("U14 refresh 429", kind="rate_limit"),
    _token("U14 refresh reset, yet done", kind="reset", processed=True),
    _token("U14 refresh HTML", kind="html", status=502),
    _token("U14 refresh half-open", lasting=True, kind="half_open", count=3),
    _token(
        "U12 refresh refused",
        takes=3,
        kind="status",
        status=403,
        body={"error": "invalid_grant"},
        count=3,
    ),
    _token(
        "U13 our secret refused",
        rest=70.0,
        lasting=True,
        kind="status",
        status=401,
        body={"error": "access_denied"},
        count=2,
    ),
    Scene(
        name="U14 /me and sites fail",
        explains="^sign-in: ",
        rest=1.0,
        switches={"faults": [{"kind": "status", "on": "identity", "status": 502, "count": 10}]},
    ),
    Scene(name="P22 three purges at once", explains=NOTHING, rest=0.0, work=_purged),
    Scene(name="P09 connections dropped", explains=STORE, rest=5.0, work=_cut),
    Scene(
        name="P19 a replica frozen",
        # Without a word for eight seconds it counts as gone, and what it holds with it.
        explains=f"{BROKEN}|HTTP 404|{TOOL}.*({RENEWAL})",
        rest=REFRESH,
        work=_frozen,
    ),
    Scene(
        name="P10 kill -9",
        explains=f"{BROKEN}|HTTP (404|503)|{TOOL}.*({RENEWAL})|JSON-RPC",
        rest=REFRESH,
        work=_killed,
    ),
    Scene(
        name="P14 SIGTERM",
        explains=f"{BROKEN}|HTTP (404|503)|{TOOL}.*({RENEWAL})|JSON-RPC",
        rest=REFRESH,
        work=_ended,
    ),
    Scene(
        name="P09 PostgreSQL stopped",
        explains=f"{STORE}|HTTP 404|{TOOL}.*({RENEWAL})",
        rest=15.0,
        work=_stopped,
    ),
)
UPSTREAM = tuple(scene for scene in SCENES if scene.work is None and not scene.takes_grants)
"""The faults that leave every process and every grant as it is."""
