import asyncio

import pytest

from telamon.tasks import Tasks


@pytest.mark.row("SEC-P13")
async def test_work_goes_on_when_the_one_who_waits_is_cancelled() -> None:
    tasks, go, done = Tasks(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go.wait()
        done.set()

    async def request() -> None:
        await asyncio.shield(tasks.start(work(), name="work"))

    waiting = asyncio.create_task(request())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go.set()
    assert await tasks.drain(5) == 0
    assert done.is_set()


async def test_work_that_does_not_end_in_time_is_cut_and_counted() -> None:
    tasks = Tasks()
    tasks.start(asyncio.Event().wait(), name="endless")
    assert await tasks.drain(0.01) == 1
    assert len(tasks) == 0


async def test_a_failure_nobody_waits_for_is_observed() -> None:
    tasks = Tasks()

    async def fail() -> None:
        raise ValueError("nobody sees this")

    tasks.start(fail(), name="failing")
    assert await tasks.drain(5) == 0
