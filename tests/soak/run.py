"""``make soak``: many users on two replicas while everything goes wrong; what is left of it.

``--minutes`` is how long the faults go on, after the sign-ins and a warm-up.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fakes.postgres import Postgres
from soak.deployment import Deployment, deployed
from soak.ledger import Ledger
from soak.report import Report, measured
from soak.scenes import SCENES, UPSTREAM, Scene
from soak.user import User

USERS = 200
USERS_A_MINUTE = 40
WARM_UP_SCENE = 1.5
SCENE = (1.5, 10.0)
LASTING = 240.0
"""Seconds that a run has to take for the faults that take long themselves."""
SETTLE = 5.0
LINGER, STEPS_A_SECOND = 3.0, 15.0
"""A user rests so many seconds between two steps, or longer, for no more steps than that."""
DOOR = 6


async def soak(
    deployment: Deployment,
    ledger: Ledger,
    *,
    users: int,
    seconds: float,
    scenes: Sequence[Scene] = SCENES,
    warm_up: Sequence[Scene] = UPSTREAM,
    linger: float | None = None,
) -> Report:
    """Let *users* come and go for *seconds* while the *scenes* are played in turn."""
    gate = asyncio.Event()
    gate.set()
    door = asyncio.Semaphore(DOOR)
    apps: dict[int, str] = {}
    people = [
        User(
            number=number,
            home=deployment.home,
            upstream=deployment.upstream,
            ledger=ledger,
            gate=gate,
            apps=apps,
            door=door,
            linger=linger or max(LINGER, users / STEPS_A_SECOND),
        )
        for number in range(users)
    ]
    lives = [asyncio.ensure_future(user.live()) for user in people]
    try:
        print(f"{users} users sign in", flush=True)
        await _until(lives, lambda: ledger.sign_ins >= users)
        if seconds < LASTING:
            scenes, warm_up = (
                [scene for scene in given if not scene.lasting] for given in (scenes, warm_up)
            )
        await _play(deployment, ledger, lives, warm_up, length=WARM_UP_SCENE)
        start = await measured(deployment, gate, people)
        gate.set()
        end_at = time.monotonic() + seconds
        length = min(SCENE[1], max(SCENE[0], seconds / len(scenes)))
        await _play(deployment, ledger, lives, scenes, length=length)
        while time.monotonic() < end_at:
            await _play(deployment, ledger, lives, scenes, length=length, end_at=end_at)
        print("the faults are over", flush=True)
        await asyncio.sleep(SETTLE)
        end = await measured(deployment, gate, people)
        checked = await asyncio.gather(*(_still_connected(user, door) for user in people))
        _raise_first(lives)
    finally:
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        for user in people:
            await user.leave()
    purged = await deployment.storage.purge(time.time())
    rows = deployment.rows()
    await deployment.storage.purge(time.time() + 400 * 86_400)
    return Report(
        ledger=ledger,
        seconds=seconds,
        users=users,
        connected=sum(checked),
        start=start,
        end=end,
        purged=purged,
        rows=rows,
        rows_at_last=deployment.rows(),
        complaints=[each for replica in deployment.replicas for each in replica.complaints()],
    )


async def _play(
    deployment: Deployment,
    ledger: Ledger,
    lives: Sequence[asyncio.Task[None]],
    scenes: Sequence[Scene],
    *,
    length: float,
    end_at: float = float("inf"),
) -> None:
    for scene in scenes:
        if time.monotonic() >= end_at:
            return
        print(f"  {scene.name}", flush=True)
        await scene.play(deployment, ledger, length)
        _raise_first(lives)


async def _until(lives: Sequence[asyncio.Task[None]], holds: Callable[[], bool]) -> None:
    while not holds():
        _raise_first(lives)
        await asyncio.sleep(0.2)


def _raise_first(lives: Sequence[asyncio.Task[None]]) -> None:
    """A fault of the soak itself is not counted as one of the server."""
    for life in lives:
        if life.done():
            life.result()


async def _still_connected(user: User, door: asyncio.Semaphore) -> bool:
    async with door:
        return user.walk is not None and await user.still_connected()


async def _run(users: int, minutes: float) -> Report:
    idle = round(6 * max(LINGER, users / STEPS_A_SECOND))
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, Postgres() as postgres:
        async with deployed(Path(folder), postgres, users, idle) as deployment:
            return await soak(deployment, Ledger(), users=users, seconds=minutes * 60)


def main(arguments: Sequence[str]) -> int:
    """Run, print, and return 1 when something was not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--users", type=int)
    given = parser.parse_args(arguments)
    users = given.users or min(USERS, max(1, round(USERS_A_MINUTE * given.minutes)))
    report = asyncio.run(_run(users, given.minutes))
    print("\n".join(report.lines()))
    for fault in report.faults():
        print(f"NOT MET: {fault}")
    return 1 if report.faults() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
