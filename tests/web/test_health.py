import asyncio

from aiohttp import web
from conftest import FakeClock
from pytest_aiohttp.plugin import AiohttpClient
from structlog.testing import capture_logs

from telamon.web.health import Health


class Checked:
    """A check that counts how often it ran and fails when told to."""

    def __init__(self) -> None:
        self.runs = 0
        self.broken = False

    async def __call__(self) -> None:
        self.runs += 1
        await asyncio.sleep(0)
        if self.broken:
            raise RuntimeError("password=hunter2 at db.internal")


def an_app(health: Health) -> web.Application:
    app = web.Application()
    app.add_routes(health.routes())
    return app


async def test_a_ready_process_says_so(aiohttp_client: AiohttpClient, clock: FakeClock) -> None:
    client = await aiohttp_client(an_app(Health({"storage": Checked()}, clock=clock)))
    assert (await client.get("/livez")).status == 200
    answer = await client.get("/readyz")
    assert answer.status == 200
    assert await answer.json() == {"status": "ok", "checks": {"storage": "ok"}}


async def test_a_failed_check_is_named_without_its_reason(
    aiohttp_client: AiohttpClient, clock: FakeClock
) -> None:
    storage, other = Checked(), Checked()
    storage.broken = True
    health = Health({"storage": storage, "other": other}, clock=clock)
    client = await aiohttp_client(an_app(health))
    with capture_logs() as logs:
        answer = await client.get("/readyz")
    assert answer.status == 503
    assert await answer.json() == {
        "status": "unready",
        "checks": {"storage": "failed", "other": "ok"},
    }
    assert logs[0]["check"] == "storage"
    assert "hunter2" not in str(logs)
    assert (await client.get("/livez")).status == 200


async def test_asking_often_does_not_check_often(
    aiohttp_client: AiohttpClient, clock: FakeClock
) -> None:
    check = Checked()
    client = await aiohttp_client(an_app(Health({"storage": check}, clock=clock)))
    await asyncio.gather(*(client.get("/readyz") for _ in range(10)))
    assert check.runs == 1
    clock.advance(2)
    await client.get("/readyz")
    assert check.runs == 2
    clock.advance(-100)
    await client.get("/readyz")
    assert check.runs == 3


async def test_a_stopping_process_lives_but_is_not_ready(
    aiohttp_client: AiohttpClient, clock: FakeClock
) -> None:
    health = Health({}, clock=clock)
    client = await aiohttp_client(an_app(health))
    assert (await client.get("/readyz")).status == 200
    health.stop()
    answer = await client.get("/readyz")
    assert (answer.status, await answer.json()) == (503, {"status": "stopping"})
    assert (await client.get("/livez")).status == 200
