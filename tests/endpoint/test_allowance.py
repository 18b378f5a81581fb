import aiohttp
import pytest
from conftest import FakeClock
from fakes.endpoint_server import mcp_server
from fakes.mcp_client import Client, request

from telamon.plugin import LimitHit


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
