"""Real processes, a real database, and signals that nobody can catch."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.cloud import CALLBACK, Cloud, Keeper, Pauses, Ticking, cloud

from telamon.storage import Grant, KeyRing, new_key, open_storage

REPLICA = Path(__file__).with_name("replica.py")
EXPIRED = 4000.0
LEEWAY = 600.0


@dataclass(kw_only=True)
class Deployment:
    """A sandbox, a database with one grant, and replicas to be started on it.

    ``now`` is how many seconds have gone by; the sandbox and the replicas agree on it.
    """

    atlassian: Cloud
    clock: Ticking
    orders: dict[str, Any]
    grant: Grant
    now: float = 0

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.clock.advance(seconds)

    async def start(self, do: str, **orders: Any) -> asyncio.subprocess.Process:
        given = {**self.orders, "do": do, "ahead": self.now, **orders}
        return await asyncio.create_subprocess_exec(
            sys.executable, str(REPLICA), json.dumps(given), stdout=asyncio.subprocess.PIPE
        )

    async def run(self, do: str, **orders: Any) -> Any:
        return await result(await self.start(do, **orders))


async def result(process: asyncio.subprocess.Process) -> Any:
    out, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(out.splitlines()[-1])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def deployment(
    request: pytest.FixtureRequest, clock: Ticking, unused_tcp_port: int
) -> AsyncIterator[Deployment]:
    url, key = str(request.getfixturevalue(f"{request.param}_url")), new_key()
    clock.now = time.time()
    async with cloud(clock, unused_tcp_port) as atlassian:
        storage = await open_storage(url, keys=KeyRing.parse([key]), clock=clock)
        keeper = Keeper(cloud=atlassian, storage=storage, clock=clock, pauses=Pauses(clock.advance))
        grant = await keeper.signed_in()
        await storage.close()
        settings = atlassian.settings.model_dump(mode="json") | {"client_secret": "the-secret"}
        deployment = Deployment(
            atlassian=atlassian,
            clock=clock,
            grant=grant,
            orders={
                "url": url,
                "key": key,
                "grant_id": grant.id,
                "settings": settings,
                "callback": CALLBACK,
            },
        )
        deployment.advance(EXPIRED)
        yield deployment


@pytest.mark.row("SEC-P18")
async def test_eight_processes_make_one_refresh(deployment: Deployment) -> None:
    processes = [await deployment.start("token") for _ in range(8)]
    tokens = {(await result(process))["token"] for process in processes}
    assert len(tokens) == 1
    assert tokens != {deployment.grant.access_token}
    assert deployment.atlassian.refreshes == 1


@pytest.mark.row("SEC-P10")
@pytest.mark.parametrize(("at", "asked"), [("refresh", 0), ("commit", 1)])
async def test_a_grant_outlives_kill_9_before_atlassian_is_asked_and_before_the_commit(
    deployment: Deployment, at: str, asked: int
) -> None:
    killed = await deployment.start("token", signal="SIGKILL", at=at)
    await killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert deployment.atlassian.refreshes == asked
    deployment.advance(46)
    assert await deployment.run("sweep") == {"swept": 1}
    deployment.advance(EXPIRED)
    assert (await deployment.run("token"))["token"]
    counts = deployment.atlassian.sandbox.grants.counts
    assert (counts.refreshes, counts.reuses, counts.breaches) == (2 + asked, asked, 0)


async def test_without_the_sweeper_the_leeway_ends_and_the_grant_is_lost(
    deployment: Deployment,
) -> None:
    killed = await deployment.start("token", signal="SIGKILL", at="commit")
    await killed.communicate()
    deployment.advance(LEEWAY + 46)
    assert await deployment.run("token") == {"token": None}
    assert deployment.atlassian.sandbox.grants.counts.breaches == 1


@pytest.mark.row("SEC-P19")
async def test_a_process_that_slept_through_its_lease_adopts_what_the_next_one_stored(
    deployment: Deployment,
) -> None:
    sleeper = await deployment.start("token", signal="SIGSTOP", at="commit")
    await asyncio.to_thread(os.waitid, os.P_PID, sleeper.pid, os.WSTOPPED | os.WNOWAIT)
    deployment.advance(46)
    newest = await deployment.run("token")
    os.kill(sleeper.pid, signal.SIGCONT)
    assert await result(sleeper) == newest
    assert (await deployment.run("token")) == newest
    assert deployment.atlassian.refreshes == 2
