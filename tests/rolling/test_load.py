"""A rolling restart behind nginx while clients of every kind call all the time."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes.serve_process import Served, Walk
from rolling.clients import (
    Caller,
    InSession,
    OnOneStream,
    Refreshes,
    Sdk,
    SignsIn,
    Stateless,
    patient,
)
from rolling.deployment import Rolling
from rolling.ledger import Ledger, times_deleted, times_done

from telamon.demo.browser import Browser, Page
from telamon.sandbox import Sandbox

pytestmark = pytest.mark.postgres
OF_EACH = 2


async def crowd(deployment: Rolling, ledger: Ledger) -> list[Caller]:
    """Clients of every kind, each signed in."""
    site = deployment.site
    callers: list[Caller] = [SignsIn(site=site, ledger=ledger)]
    for number in range(OF_EACH):
        walk, refreshing = await asyncio.gather(site.signed_in(), site.signed_in())
        callers += [
            Refreshes(walk=refreshing, ledger=ledger),
            Stateless(name=f"stateless-{number}", walk=walk, ledger=ledger),
            InSession(name=f"session-{number}", walk=walk, ledger=ledger),
            OnOneStream(name=f"stream-{number}", walk=walk, ledger=ledger),
        ]
    walk = await site.signed_in()
    for mode in ("auto", "legacy"):
        callers.append(Sdk(walk=walk, ledger=ledger, mode=mode, trust=site.trust))
    return callers


@pytest.mark.row("SEC-P14", "SEC-P11", "SEC-P16", "SEC-S26")
async def test_a_rolling_restart_under_load_fails_nobody(deployment: Rolling) -> None:
    site, ledger = deployment.site, Ledger()
    site.middlewares = [patient(ledger)]
    callers = await crowd(deployment, ledger)
    kinds = sorted({each.kind for each in callers})
    site.atlassian.board.set({"latency_ms": 100})
    running = [asyncio.ensure_future(each.run()) for each in callers]
    shown = [await consent_page(site) for _ in range(3)]
    await ledger.goes_on(kinds)
    for replica in deployment.replicas:
        assert await replica.end() == 0
        await approved(*shown.pop())  # its page came before
        await ledger.goes_on(kinds)
        await replica.start()
        await ledger.goes_on(kinds)
    await approved(*shown.pop())
    for each in running:
        each.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert ledger.failures == []
    for kind in kinds:
        assert ledger.answered[kind] >= 5
    everything_was_done_once(site.atlassian, ledger, callers)
    # Each session listens on one stream, which ended with each process that it was at.
    assert ledger.hints["GET stream"] + ledger.hints["HTTP+SSE stream"] > 0
    log = Counter(line.split()[-2] for line in deployment.nginx.log)
    assert log["502"] == log["504"] == log["500"] == 0
    assert log["503"] == sum(n for what, n in ledger.hints.items() if what.startswith("503"))
    for replica in deployment.replicas:
        assert not replica.events("server.cut")
        assert not replica.events("calls.cut")


async def consent_page(site: Served) -> tuple[Walk, Page]:
    """Register, and open our consent page."""
    walk = site.walk()
    await walk.discover()
    await walk.register()
    url, _, walk.state["verifier"] = walk.authorize_url()
    return walk, await Browser(walk.http, walk.home).open(url)


async def approved(walk: Walk, page: Page) -> None:
    """Go on from the page that was shown, to a call."""
    page = await walk.finish(Browser(walk.http, walk.home), page)
    query = parse_qs(urlsplit(str(page.location)).query)
    walk.state["code"] = query["code"][0]
    await walk.redeem()
    text, failed = await walk.call()
    assert not failed, text


def everything_was_done_once(atlassian: Sandbox, ledger: Ledger, callers: Sequence[Caller]) -> None:
    """No write is lost and none is repeated; what nobody could answer was done once at most."""
    assert len(ledger.done) > len(callers)
    assert {mark: times_done(atlassian, mark) for mark in ledger.done} == dict.fromkeys(
        ledger.done, 1
    )
    assert all(times_done(atlassian, mark) <= 1 for mark in ledger.unsure)
    deleted = [c for each in callers if isinstance(each, InSession) for c in each.deleted]
    assert deleted
    assert {c: times_deleted(atlassian, c) for c in deleted} == dict.fromkeys(deleted, 1)
