import asyncio
from typing import Any

import aiohttp
import pytest
from conftest import FakeClock
from fakes.endpoint_server import McpServer, mcp_server
from fakes.endpoint_workshop import Workshop
from fakes.mcp_client import Client, all_events, call, initialize, read_event, request
from fakes.records import an_mcp_session

from telamon.storage import McpSession, StorageUnavailable

MINE = {"owner": "ada\nclient-1\n11111111-1111-4111-8111-111111111111"}


@pytest.mark.row("SEC-N09", "SEC-P16")
@pytest.mark.parametrize(
    "changes",
    [
        {"owner": "ben\nclient-1\n11111111-1111-4111-8111-111111111111"},
        {"owner": "ada\nclient-2\n11111111-1111-4111-8111-111111111111"},
        {"owner": "ada\nclient-1\n22222222-2222-4222-8222-222222222222"},
        {"one_stream": True},
        {"last_seen_at": 1_800_000_000.0 - 2250},
    ],
    ids=["user", "client", "site", "transport", "idle"],
)
async def test_a_stored_session_that_is_not_to_be_gone_on_with_is_not_found(
    server: McpServer, client: Client, changes: dict[str, Any]
) -> None:
    record = an_mcp_session(id="elsewhere", replica="replica-9", **(MINE | changes))
    await server.storage.mcp_sessions.add(record)
    client.session = "elsewhere"
    elsewhere = await client.post(request("ping"))
    client.session = "made-up"
    unknown = await client.post(request("ping"))
    assert (elsewhere.status, elsewhere.body) == (unknown.status, unknown.body)
    assert unknown.status == 404
    assert server.endpoint.sessions == 0


@pytest.mark.row("SEC-P16", "MCP-B21")
@pytest.mark.parametrize(
    "capabilities", [{"elicitation": {}}, ["elicitation"]], ids=["now", "of schema 0001"]
)
async def test_a_session_goes_on_after_a_restart(
    server: McpServer, client: Client, workshop: Workshop, capabilities: Any
) -> None:
    said = {"clientInfo": {"name": "n", "version": "1"}, "capabilities": capabilities}
    await server.storage.mcp_sessions.add(
        an_mcp_session(id="elsewhere", initialize=said, log_level="error", **MINE)
    )
    client.session = "elsewhere"
    both = [client.post(request("tools/list", None, 1)), client.post(call("echo", 2, text="a"))]
    listed, echoed = await asyncio.gather(*both)
    assert len(listed.result["tools"]) > 3
    assert echoed.text == "a"
    assert server.endpoint.sessions == 1
    quiet = await client.post(call("flood", 3, lines=1))
    assert [message["id"] for message in quiet.messages if "id" in message] == [3]
    async with client.sent(call("order", 4, thing="boat")) as response:
        asked = await read_event(response)
        while asked is not None and not (asked.data and "elicitation" in asked.data):
            asked = await read_event(response)
        assert asked is not None
        assert asked.message["method"] == "elicitation/create"
        answer = {"jsonrpc": "2.0", "id": asked.message["id"], "result": {"action": "decline"}}
        assert (await client.post(answer)).status == 202
        last = await all_events(response)
    assert last[-1].message["result"]["content"][0]["text"] == "No order: decline."
    assert (await client.post(initialize())).status == 400


async def test_a_session_that_ends_while_it_is_rebuilt_is_not_found(
    server: McpServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = server.storage.mcp_sessions
    await sessions.add(an_mcp_session(id="elsewhere", **MINE))
    found = [await sessions.get("elsewhere"), None]

    async def get(_: str) -> McpSession | None:
        return found.pop(0)

    monkeypatch.setattr(sessions, "get", get)
    client.session = "elsewhere"
    assert (await client.post(request("ping"))).status == 404
    assert server.endpoint.sessions == 0


async def test_a_log_level_that_cannot_be_stored_holds_here(
    server: McpServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: str) -> None:
        raise StorageUnavailable

    await client.start()
    monkeypatch.setattr(server.storage.mcp_sessions, "choose_log_level", unavailable)
    chosen = await client.post(request("logging/setLevel", {"level": "error"}))
    assert chosen.result == {}
    quiet = await client.post(call("flood", 3, lines=1))
    assert "notifications/message" not in {m.get("method") for m in quiet.messages}


async def test_a_restart_leaves_the_sessions_of_streamable_http(
    http: aiohttp.ClientSession,
) -> None:
    async with mcp_server([]) as server:
        client = Client(http, server.mcp, await server.token())
        await client.start()
        assert client.session is not None
        await server.endpoint.close()
        assert await server.storage.mcp_sessions.get(client.session) is not None


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
        "capabilities": {"roots": {"listChanged": True}, "sampling": {}},
    }


async def test_nothing_is_kept_of_what_is_no_initialize(server: McpServer, client: Client) -> None:
    odd = {"protocolVersion": 7, "capabilities": "all", "clientInfo": {"name": [], "x": 1}}
    answer = await client.post(request("initialize", odd))
    record = await server.storage.mcp_sessions.get(answer.headers["Mcp-Session-Id"])
    assert record is not None
    assert record.initialize == {
        "protocolVersion": None,
        "clientInfo": {"name": None, "version": None},
        "capabilities": {},
    }


@pytest.mark.row("SEC-N26")
async def test_a_client_that_comes_with_other_scopes_is_told_that_its_lists_have_changed(
    server: McpServer, client: Client
) -> None:
    await client.start()
    async with client.listening() as stream:
        await client.post(request("ping"))
        client.token = await server.token(["read:toys"])
        await client.post(request("tools/list", id_=2))
        kinds: list[str] = []
        while len(kinds) < 3:
            event = await read_event(stream)
            assert event is not None
            if event.data:
                kinds.append(event.message["method"])
        assert kinds == [
            f"notifications/{k}/list_changed" for k in ("tools", "prompts", "resources")
        ]
    assert (await client.post(request("ping", id_=3))).status == 200


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
    monkeypatch.setattr("telamon.endpoint.delivery.MOST_RUNNING", 1)
    await client.start()
    running = asyncio.ensure_future(client.post(call("wait", 1)))
    await workshop.started.wait()
    refused = await client.post(request("ping", None, 2))
    assert (refused.status, refused.error["code"], refused.last["id"]) == (429, -32000, 2)
    assert refused.headers["Retry-After"] == "1"
    workshop.release.set()
    assert (await running).status == 200


async def test_the_use_of_a_session_that_could_not_be_noted_is_noted_at_the_next_beat(
    server: McpServer, client: Client, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.start()

    async def unavailable(*_: object) -> None:
        raise StorageUnavailable

    clock.advance(600)
    assert (await client.post(request("ping"))).status == 200
    with monkeypatch.context() as patch:
        patch.setattr(server.storage.mcp_sessions, "touch", unavailable)
        with pytest.raises(StorageUnavailable):
            await server.endpoint.beat()
    await server.endpoint.beat()
    record = await server.storage.mcp_sessions.get(client.session or "")
    assert record is not None
    assert record.last_seen_at == clock()


@pytest.mark.row("MCP-B28")
async def test_a_question_that_is_given_up_is_cancelled_under_its_own_id(client: Client) -> None:
    await client.start(elicitation={})
    async with client.sent(call("order", 4, thing="boat")) as response:
        events = [await read_event(response) for _ in range(2)]
        question = events[1]
        assert question is not None
        params = {"requestId": 4}
        note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
        assert (await client.post(note)).status == 202
        rest = [event.message for event in await all_events(response)]
    given_up = [each["params"] for each in rest if each.get("method") == note["method"]]
    assert [each["requestId"] for each in given_up] == [question.message["id"]]
