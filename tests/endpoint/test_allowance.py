import asyncio

import aiohttp
import pytest
from conftest import FakeClock
from fakes.endpoint_server import mcp_server
from fakes.mcp_client import Client, request

from telamon.endpoint.allowance import Allowance
from telamon.endpoint.kernel import MCPError
from telamon.plugin import LimitHit
from telamon.settings import LimitSettings
from telamon.web.limits import Limiter


@pytest.mark.row("SEC-J11", "SEC-L09")
async def test_requests_of_any_kind_are_limited_by_user_before_they_are_read(
    http: aiohttp.ClientSession, clock: FakeClock
) -> None:
    async with mcp_server([], clock=clock, limits={"calls_per_minute": 1}) as server:
        ada = Client(http, server.mcp, await server.token())
        for _ in range(20):
            assert (await ada.modern(request("tools/list"))).status == 200
        unread = await ada.post("not a message at all")
        assert (unread.status, unread.error["code"]) == (429, -32000)
        assert unread.headers["Retry-After"] == "3"
        assert LimitHit(limit="requests_per_minute", key="ada") in server.events
        ben = Client(http, server.mcp, await server.token(account="ben"))
        assert (await ben.modern(request("tools/list"))).status == 200
        clock.advance(3)
        assert (await ada.modern(request("tools/list"))).status == 200


class Held:
    """The refusals that wait: for how many seconds, and what lets them go."""

    def __init__(self) -> None:
        self.seconds: asyncio.Queue[float] = asyncio.Queue()
        self.over = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        self.seconds.put_nowait(seconds)
        await self.over.wait()


def announced(event: object) -> None:
    assert isinstance(event, LimitHit)


def one_a_minute(clock: FakeClock, held: Held) -> Allowance:
    limits = LimitSettings(calls_per_minute=1)
    return Allowance(limits, Limiter(clock), announced, pause=held.pause)


async def refused(allowance: Allowance, account: str) -> bool:
    try:
        async with allowance.use(account):
            return False
    except MCPError:
        return True


@pytest.mark.row("SEC-L09")
async def test_who_asks_on_despite_refusals_is_refused_late_and_nobody_else(
    clock: FakeClock,
) -> None:
    held = Held()
    allowance = one_a_minute(clock, held)
    assert not await refused(allowance, "ada")
    assert all([await refused(allowance, "ada") for _ in range(10)])
    assert held.seconds.empty()
    late = asyncio.create_task(refused(allowance, "ada"))
    assert await held.seconds.get() == 1.0
    assert not await refused(allowance, "ben")
    assert await refused(allowance, "ben")
    assert not late.done()
    held.over.set()
    assert await late


@pytest.mark.row("SEC-L09")
async def test_refusals_that_wait_are_few_and_who_left_waits_no_more(clock: FakeClock) -> None:
    held = Held()
    allowance = one_a_minute(clock, held)
    for _ in range(11):
        await refused(allowance, "ada")
    late = [asyncio.create_task(refused(allowance, "ada")) for _ in range(100)]
    for _ in late:
        await held.seconds.get()
    assert await refused(allowance, "ada")
    late[0].cancel()
    await asyncio.wait([late[0]])
    one_more = asyncio.create_task(refused(allowance, "ada"))
    await held.seconds.get()
    held.over.set()
    assert all(await asyncio.gather(*late[1:], one_more))


async def test_after_a_patient_minute_a_refusal_is_told_at_once_again(clock: FakeClock) -> None:
    held = Held()
    held.over.set()
    allowance = one_a_minute(clock, held)
    for _ in range(12):
        await refused(allowance, "ada")
    assert held.seconds.get_nowait() == 1.0
    clock.advance(60)
    assert not await refused(allowance, "ada")
    assert await refused(allowance, "ada")
    assert held.seconds.empty()
