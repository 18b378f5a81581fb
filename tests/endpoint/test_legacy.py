import asyncio
from io import BytesIO
from typing import Any

import pytest
from conftest import FakeClock
from fakes.endpoint_server import BEN_SITE, McpServer
from fakes.endpoint_workshop import Workshop
from fakes.mcp_client import (
    INITIALIZED,
    Client,
    all_events,
    call,
    initialize,
    read_answer,
    read_event,
    request,
)

HANDSHAKE = ["2025-03-26", "2025-06-18", "2025-11-25"]


@pytest.mark.row("MCP-B19", "MCP-B26", "SEC-N08")
@pytest.mark.parametrize("version", HANDSHAKE)
async def test_initialize_opens_a_session_of_the_version_that_was_asked_for(
    client: Client, version: str
) -> None:
    answer = await client.start(version)
    assert answer.result["protocolVersion"] == version
    assert answer.result["serverInfo"]["name"] == "telamon"
    assert set(answer.result["capabilities"]) == {
        "completions",
        "logging",
        "prompts",
        "resources",
        "tools",
    }
    session = answer.headers["Mcp-Session-Id"]
    assert len(session) >= 43
    assert all(0x21 <= ord(character) <= 0x7E for character in session)


@pytest.mark.row("MCP-B26")
async def test_an_unknown_version_is_answered_with_the_latest(client: Client) -> None:
    answer = await client.post(initialize("1999-01-01"))
    assert answer.result["protocolVersion"] == "2025-11-25"


@pytest.mark.row("MCP-B8", "MCP-B11", "MCP-B1")
async def test_a_plain_answer_is_json(client: Client) -> None:
    await client.start()
    answer = await client.post(call("echo", text="hello"))
    assert answer.events == []
    assert answer.text == "hello"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.row("MCP-B9", "MCP-B12", "MCP-B32", "SEC-N29", "MCP-B17")
async def test_what_comes_before_the_answer_makes_it_a_stream(
    client: Client, workshop: Workshop
) -> None:
    await client.start()
    workshop.release.set()
    message = call("knock", 7)
    message["params"]["_meta"] = {"progressToken": "p"}
    answer = await client.post(message)
    prime, progress, last = answer.events
    assert prime.data == ""
    assert prime.id is not None
    assert prime.retry == "1000"
    assert progress.message["params"]["progressToken"] == "p"
    assert last.message["id"] == 7
    assert len({prime.id, progress.id, last.id}) == 3
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.row("MCP-B9", "MCP-B25")
async def test_a_client_of_an_older_version_is_not_primed_even_without_the_header(
    client: Client, workshop: Workshop
) -> None:
    await client.start("2025-06-18")
    client.version = None
    workshop.release.set()
    message = call("knock")
    message["params"]["_meta"] = {"progressToken": 1}
    answer = await client.post(message)
    assert [bool(event.data) for event in answer.events] == [True, True]


@pytest.mark.row("MCP-B25")
async def test_a_session_of_a_new_version_is_primed_without_the_header(
    client: Client, workshop: Workshop
) -> None:
    await client.start("2025-11-25")
    client.version = None
    workshop.release.set()
    message = call("knock")
    message["params"]["_meta"] = {"progressToken": 1}
    answer = await client.post(message)
    assert answer.events[0].data == ""


@pytest.mark.row("MCP-B7", "SEC-J10")
async def test_a_notification_and_a_response_are_accepted_without_a_body(client: Client) -> None:
    await client.start()
    for message in (INITIALIZED, {"jsonrpc": "2.0", "id": "nobody asked", "result": {}}):
        async with client.sent(message) as response:
            assert response.status == 202
            assert await response.read() == b""


@pytest.mark.row("SEC-N10", "MCP-B20")
async def test_a_request_without_a_session_is_a_bad_request(client: Client) -> None:
    assert (await client.post(request("ping"))).status == 400


@pytest.mark.row("SEC-N09", "MCP-B21")
async def test_an_unknown_session_is_not_found(client: Client) -> None:
    client.session = "made-up"
    answer = await client.post(request("ping"))
    assert answer.status == 404
    assert answer.error["message"] == "Session not found"


@pytest.mark.row("SEC-N01", "SEC-N02", "SEC-N05", "MCP-B23", "MCP-J5", "MCP-J2")
@pytest.mark.parametrize("other", [{"account": "ben"}, {"client": "client-2"}, {"site": BEN_SITE}])
async def test_somebody_elses_session_is_not_found(
    server: McpServer, client: Client, other: dict[str, Any]
) -> None:
    await client.start()
    unknown = await client.post(request("ping"), Mcp_Session_Id="made-up")
    thief = Client(client.http, client.url, await server.token(**other), client.session)
    answer = await thief.post(request("ping"))
    assert (answer.status, answer.body) == (404, unknown.body)
    async with thief.listening(Last_Event_ID="1-0") as response:
        assert response.status == 404
    async with client.http.delete(client.url, headers=thief.headers()) as response:
        assert response.status == 404
    assert (await client.post(request("ping"))).status == 200


@pytest.mark.row("MCP-B29")
async def test_a_refreshed_token_goes_on_with_the_session(
    server: McpServer, client: Client
) -> None:
    await client.start()
    client.token = await server.token()
    assert (await client.post(request("ping"))).result == {}


@pytest.mark.row("MCP-B22")
async def test_a_deleted_session_is_gone(server: McpServer, client: Client) -> None:
    await client.start()
    assert client.session is not None
    async with client.http.delete(client.url, headers=client.headers()) as response:
        assert response.status == 204
    assert (await client.post(request("ping"))).status == 404
    await server.tasks.drain(5)
    assert await server.storage.mcp_sessions.get(client.session) is None


async def test_initialize_inside_a_session_is_refused(client: Client) -> None:
    await client.start()
    assert (await client.post(initialize())).status == 400


@pytest.mark.row("SEC-N12", "MCP-B5")
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "text/html", ""])
async def test_a_client_has_to_accept_both_kinds_of_answer(client: Client, accept: str) -> None:
    assert (await client.post(initialize(), Accept=accept)).status == 406


@pytest.mark.parametrize("accept", ["*/*", "application/*, text/*;q=0.5"])
async def test_ranges_count_as_accepting(client: Client, accept: str) -> None:
    assert (await client.post(initialize(), Accept=accept)).status == 200


@pytest.mark.row("SEC-N12")
async def test_another_content_type_is_refused(client: Client) -> None:
    async with client.http.post(
        client.url, data=b"{}", headers=client.headers(Content_Type="text/plain")
    ) as response:
        assert response.status == 415
        assert (await response.json())["error"]["code"] == -32600


@pytest.mark.row("SEC-J01", "SEC-J02", "SEC-J03", "SEC-J04", "SEC-J08")
@pytest.mark.parametrize("version", [None, "2026-07-28"])
@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[" * 200_000,
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"id": ' + b"9" * 5000 + b"}",
        b'{"id": NaN}',
        b'{"method": "a", "method": "b"}',
    ],
)
async def test_broken_json_is_a_parse_error(
    client: Client, raw: bytes, version: str | None
) -> None:
    headers = client.headers(Content_Type="application/json", MCP_Protocol_Version=version)
    async with client.http.post(client.url, data=raw, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == -32700


@pytest.mark.row("SEC-J06", "SEC-J07", "SEC-J09", "MCP-B6")
@pytest.mark.parametrize("version", [None, "2026-07-28"])
@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": None, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1.5, "method": "ping"},
        {"jsonrpc": "2.0", "id": {}, "method": "ping"},
        {"jsonrpc": "2.0", "id": True, "method": "ping"},
        {"jsonrpc": "2.0", "id": 2**64, "method": "ping"},
        {"jsonrpc": "2.0", "id": "x" * 2000, "method": "ping"},
        {"jsonrpc": "1.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "METHOD": "ping"},
        {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": "a string"},
        {"jsonrpc": "2.0", "method": "ping", "params": []},
        "text",
        7,
    ],
)
async def test_what_is_no_message_is_an_invalid_request(
    client: Client, message: Any, version: str | None
) -> None:
    answer = await client.post(message, MCP_Protocol_Version=version)
    assert answer.status == 400
    assert answer.error["code"] == -32600


@pytest.mark.row("SEC-R05")
async def test_a_body_over_the_limit_is_refused_in_json(client: Client) -> None:
    headers = client.headers(Content_Type="application/json")
    async with client.http.post(
        client.url, data=BytesIO(b" " * (4 * 1024 * 1024 + 1)), headers=headers
    ) as response:
        assert response.status == 413
        assert (await response.json())["error"]["code"] == -32600
        assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.row("SEC-J07")
async def test_an_id_in_use_is_refused_and_the_first_request_goes_on(
    client: Client, workshop: Workshop
) -> None:
    await client.start()
    first = asyncio.ensure_future(client.post(call("wait", 7)))
    await workshop.started.wait()
    for same in (7, "7"):
        second = await client.post(call("echo", same, text="second"))
        assert (second.status, second.error["code"]) == (400, -32600)
    workshop.release.set()
    assert (await first).text == "wait was released"


@pytest.mark.row("SEC-N07")
async def test_clients_with_the_same_ids_get_their_own_answers(
    server: McpServer, client: Client
) -> None:
    async def one(number: int) -> str:
        mine = Client(client.http, client.url, await server.token(account=f"user-{number}"))
        await mine.start()
        return (await mine.post(call("echo", 1, text=f"for {number}"))).text

    texts = await asyncio.gather(*(one(number) for number in range(25)))
    assert texts == [f"for {number}" for number in range(25)]


@pytest.mark.row("MCP-B14", "SEC-N11", "MCP-B1")
async def test_the_sessions_own_stream_opens_once(client: Client) -> None:
    await client.start()
    async with client.listening() as first:
        assert first.status == 200
        assert first.content_type == "text/event-stream"
        async with client.listening() as second:
            assert second.status == 409
    async with client.listening(Accept="application/json") as refused:
        assert refused.status == 406


@pytest.mark.row("MCP-B13", "SEC-N22", "MCP-B18")
async def test_a_client_that_goes_away_cancels_nothing_and_gets_its_answer_later(
    client: Client, workshop: Workshop
) -> None:
    await client.start()
    message = call("knock", "k")
    message["params"]["_meta"] = {"progressToken": 1}
    async with client.sent(message) as response:
        prime = await read_event(response)
        progress = await read_event(response)
    assert prime is not None
    assert progress is not None
    workshop.release.set()
    await workshop.ended.wait()
    assert workshop.cancelled == 0
    async with client.listening(Last_Event_ID=progress.id) as resumed:
        events = await all_events(resumed)
    assert [event.message["id"] for event in events if event.data] == ["k"]
    async with client.listening(Last_Event_ID=prime.id) as again:
        replayed = [event for event in await all_events(again) if event.data]
    assert [event.id for event in replayed] == [progress.id, events[0].id]


@pytest.mark.row("MCP-B10", "MCP-B18")
async def test_a_resumed_stream_is_primed_behind_what_it_replays(
    client: Client, workshop: Workshop
) -> None:
    await client.start()
    message = call("knock")
    message["params"]["_meta"] = {"progressToken": 1}
    async with client.sent(message) as response:
        prime = await read_event(response)
        assert prime is not None
        await read_event(response)
    async with client.listening(Last_Event_ID=prime.id) as resumed:
        progress, second_prime = await read_event(resumed), await read_event(resumed)
        assert progress is not None
        assert second_prime is not None
        assert progress.message["method"] == "notifications/progress"
        assert second_prime.data == ""
    workshop.release.set()
    await workshop.ended.wait()
    async with client.listening(Last_Event_ID=second_prime.id) as rest:
        (last,) = [event for event in await all_events(rest) if event.data]
    assert last.message["result"]["content"][0]["text"] == "knock was released"


@pytest.mark.row("SEC-N27", "MCP-B17", "MCP-B18")
@pytest.mark.parametrize("event_id", ["99-0", "1-999", "g.1", "1-0x", "-1-1", "0-99"])
async def test_a_forged_event_id_replays_nothing(
    client: Client, workshop: Workshop, event_id: str
) -> None:
    await client.start()
    workshop.release.set()
    message = call("knock")
    message["params"]["_meta"] = {"progressToken": 1}
    await client.post(message)
    async with client.listening(Last_Event_ID=event_id) as response:
        assert response.status == 404


@pytest.mark.row("SEC-N05", "SEC-N27")
async def test_the_same_event_id_in_another_session_gives_nothing_of_the_first_one(
    server: McpServer, client: Client, workshop: Workshop
) -> None:
    workshop.release.set()
    victim = Client(client.http, client.url, await server.token(account="ben"))
    for each in (client, victim):
        await each.start()
        message = call("knock", 7)
        message["params"]["_meta"] = {"progressToken": each.token}
        answer = await each.post(message)
    stolen = answer.events[0].id
    async with client.listening(Last_Event_ID=stolen) as response:
        assert response.status == 404
        assert str(victim.token) not in await response.text()


async def test_a_stream_that_ends_while_its_client_is_back_is_kept_no_longer_than_others(
    server: McpServer, client: Client, workshop: Workshop, clock: FakeClock
) -> None:
    await client.start()
    message = call("knock")
    message["params"]["_meta"] = {"progressToken": 1}
    async with client.sent(message) as response:
        prime = await read_event(response)
    assert prime is not None
    async with client.listening(Last_Event_ID=prime.id) as resumed:
        await read_event(resumed)
        workshop.release.set()
        await all_events(resumed)
    await server.endpoint.beat()
    clock.advance(61)
    await server.endpoint.beat()
    async with client.listening(Last_Event_ID=prime.id) as response:
        assert response.status == 404


async def test_a_finished_stream_is_kept_for_a_minute(
    server: McpServer, client: Client, workshop: Workshop, clock: FakeClock
) -> None:
    await client.start()
    workshop.release.set()
    message = call("knock")
    message["params"]["_meta"] = {"progressToken": 1}
    first = (await client.post(message)).events[0].id
    clock.advance(59)
    await server.endpoint.beat()
    async with client.listening(Last_Event_ID=first) as response:
        assert response.status == 200
    clock.advance(61)
    await server.endpoint.beat()
    async with client.listening(Last_Event_ID=first) as response:
        assert response.status == 404


@pytest.mark.row("MCP-B13")
async def test_a_cancelled_request_is_answered_so_that_its_stream_ends(
    client: Client, workshop: Workshop
) -> None:
    await client.start()
    running = asyncio.ensure_future(client.post(call("wait", 5)))
    await workshop.started.wait()
    cancel = {"requestId": 5, "reason": "changed my mind"}
    await client.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel})
    answer = await running
    assert answer.error["code"] == -32800
    assert workshop.cancelled == 1


@pytest.mark.row("SEC-N15")
async def test_an_unknown_method_is_told_so(client: Client) -> None:
    await client.start()
    answer = await client.post(request("no/such"))
    assert (answer.status, answer.error["code"]) == (200, -32601)


@pytest.mark.row("MCP-A9", "SEC-J06", "MCP-B6")
async def test_a_batch_of_2025_03_26_is_answered_as_one(client: Client) -> None:
    await client.start("2025-03-26")
    batch = [call("echo", 1, text="one"), INITIALIZED, call("echo", 2, text="two")]
    answer = await client.post(batch)
    assert {item["id"]: item["result"]["content"][0]["text"] for item in answer.body} == {
        1: "one",
        2: "two",
    }


async def test_a_batch_with_progress_is_streamed(client: Client, workshop: Workshop) -> None:
    await client.start("2025-03-26")
    workshop.release.set()
    knocking = call("knock", 2)
    knocking["params"]["_meta"] = {"progressToken": 1}
    answer = await client.post([call("echo", 1, text="one"), knocking])
    assert {message.get("id") for message in answer.messages} == {None, 1, 2}


async def test_a_batch_of_notifications_is_accepted(client: Client) -> None:
    await client.start("2025-03-26")
    assert (await client.post([INITIALIZED, INITIALIZED])).status == 202


@pytest.mark.row("SEC-J06", "MCP-B6")
@pytest.mark.parametrize(
    ("version", "batch"),
    [
        ("2025-06-18", [request("ping")]),
        ("2025-11-25", [request("ping")]),
        ("2025-03-26", []),
        ("2025-03-26", [request("ping", None, number) for number in range(51)]),
        ("2025-03-26", [initialize(), request("ping")]),
        ("2025-03-26", [request("ping"), request("ping")]),
        ("2025-03-26", [request("ping"), "text"]),
    ],
)
async def test_a_batch_that_must_not_be_is_refused(
    client: Client, version: str, batch: list[Any]
) -> None:
    await client.start(version)
    answer = await client.post(batch)
    assert (answer.status, answer.error["code"]) == (400, -32600)


async def test_put_is_not_there(client: Client) -> None:
    async with client.http.put(client.url, headers=client.headers()) as response:
        assert response.status == 405


async def test_head_with_a_token_is_not_allowed(client: Client) -> None:
    async with client.http.head(client.url, headers=client.headers()) as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET, POST, DELETE"


async def test_a_client_that_leaves_before_anything_was_said_leaves_nothing_behind(
    client: Client, workshop: Workshop
) -> None:
    await client.start()
    leaving = asyncio.ensure_future(client.post(call("wait", 1)))
    await workshop.started.wait()
    leaving.cancel()
    workshop.release.set()
    await workshop.ended.wait()
    assert workshop.done == ["wait"]
    again = await client.post(call("echo", 1, text="again"))
    assert again.text == "again"


@pytest.mark.row("MCP-B21")
async def test_ending_the_session_ends_what_waits_in_it(client: Client, workshop: Workshop) -> None:
    await client.start()
    waiting = asyncio.ensure_future(client.post(call("wait", 1)))
    await workshop.started.wait()
    async with client.listening() as stream:
        await client.http.delete(client.url, headers=client.headers())
        assert await read_event(stream) is None
    assert (await waiting).status == 404
    assert workshop.cancelled == 1


async def test_the_log_level_of_a_session_is_its_own(client: Client) -> None:
    await client.start()
    await client.post(request("logging/setLevel", {"level": "warning"}))
    quiet = await client.post(call("flood", lines=1))
    assert quiet.events == []
    await client.post(request("logging/setLevel", {"level": "debug"}))
    loud = await client.post(call("flood", lines=1))
    assert loud.messages[0]["params"] == {"level": "info", "logger": "flood", "data": "x" * 10}


@pytest.mark.row("MCP-B16")
async def test_an_answer_can_be_read_by_its_own_reader_only(
    client: Client, workshop: Workshop
) -> None:
    """A second reader of one stream takes the place of the first (B16)."""
    await client.start()
    message = call("knock")
    message["params"]["_meta"] = {"progressToken": 1}
    async with client.sent(message) as first:
        prime = await read_event(first)
        await read_event(first)
        assert prime is not None
        async with client.listening(Last_Event_ID=prime.id) as second:
            assert await read_event(first) is None
            workshop.release.set()
            answer = await read_answer(second)
    assert answer.text == "knock was released"
