import asyncio

import aiohttp
import pytest
from fakes.endpoint_server import McpServer, mcp_server
from fakes.endpoint_workshop import Workshop
from fakes.mcp_client import Client, call, initialize, request
from fakes.records import an_mcp_session


@pytest.mark.row("SEC-N09", "SEC-P16")
async def test_a_session_of_another_replica_is_not_found_and_noted(
    server: McpServer, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    record = an_mcp_session(id="elsewhere", replica="replica-9", owner="somebody")
    await server.storage.mcp_sessions.add(record)
    client.session = "elsewhere"
    elsewhere = await client.post(request("ping"))
    client.session = "made-up"
    unknown = await client.post(request("ping"))
    assert (elsewhere.status, elsewhere.body) == (unknown.status, unknown.body)
    assert "replica-9" in capsys.readouterr().out


async def test_a_session_is_recorded_with_its_owner_and_version(
    server: McpServer, client: Client
) -> None:
    await client.start("2025-06-18")
    assert client.session is not None
    record = await server.storage.mcp_sessions.get(client.session)
    assert record is not None
    assert record.protocol_version == "2025-06-18"
    assert record.initialize["clientInfo"]["name"] == "by hand"
    assert record.owner.split("\n")[:2] == ["ada", "client-1"]


@pytest.mark.row("SEC-J11")
async def test_of_what_a_client_says_of_itself_little_is_kept(
    server: McpServer, client: Client
) -> None:
    said = {
        "protocolVersion": "2025-11-25",
        "capabilities": {"roots": {"listChanged": True}, "sampling": {"x": "y" * 100_000}},
        "clientInfo": {"name": "n" * 100_000, "version": "1", "title": "t" * 100_000},
    }
    answer = await client.post(request("initialize", said))
    record = await server.storage.mcp_sessions.get(answer.headers["Mcp-Session-Id"])
    assert record is not None
    assert record.initialize == {
        "protocolVersion": "2025-11-25",
        "clientInfo": {"name": "n" * 200, "version": "1"},
        "capabilities": ["roots", "sampling"],
    }


async def test_nothing_is_kept_of_what_is_no_initialize(server: McpServer, client: Client) -> None:
    odd = {"protocolVersion": 7, "capabilities": "all", "clientInfo": {"name": [], "x": 1}}
    answer = await client.post(request("initialize", odd))
    record = await server.storage.mcp_sessions.get(answer.headers["Mcp-Session-Id"])
    assert record is not None
    assert record.initialize == {
        "protocolVersion": None,
        "clientInfo": {"name": None, "version": None},
        "capabilities": [],
    }


@pytest.mark.row("SEC-N26")
async def test_sessions_that_start_at_once_stay_within_the_limit(
    http: aiohttp.ClientSession,
) -> None:
    async with mcp_server([], limits={"sessions_per_user": 3}) as server:
        client = Client(http, server.mcp, await server.token())
        answers = await asyncio.gather(*(client.post(initialize()) for _ in range(20)))
        statuses = [answer.status for answer in answers]
        assert set(statuses) == {200, 429}
        assert server.endpoint.sessions <= 3
        assert (await client.start()).status == 200  # an idle one makes room


async def test_a_session_whose_loop_fails_is_gone_and_logged(
    server: McpServer,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def broken(*_: object, **__: object) -> None:
        await asyncio.sleep(0)
        raise RuntimeError("the loop is broken")

    monkeypatch.setattr("telamon.endpoint.session.serve_loop", broken)
    answer = await client.post(
        request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}})
    )
    assert answer.status == 404
    assert "session.failed" in capsys.readouterr().out


async def test_a_session_takes_only_so_many_requests_at_once(
    client: Client, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.endpoint.delivery._MOST_RUNNING", 1)
    await client.start()
    running = asyncio.ensure_future(client.post(call("wait", 1)))
    await workshop.started.wait()
    refused = await client.post(request("ping", None, 2))
    assert (refused.status, refused.error["code"], refused.last["id"]) == (429, -32000, 2)
    assert refused.headers["Retry-After"] == "1"
    workshop.release.set()
    assert (await running).status == 200
