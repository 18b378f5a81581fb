import asyncio
from typing import Any

import pytest
from conftest import FakeClock
from fakes.endpoint_server import McpServer
from fakes.endpoint_workshop import Workshop
from fakes.mcp_client import (
    MODERN,
    PREFIX,
    Client,
    all_events,
    call,
    initialize,
    read_answer,
    read_event,
    request,
)

TOKEN = {"progressToken": "p"}


@pytest.mark.row("MCP-C10", "MCP-C25", "MCP-C1", "MCP-C7")
async def test_a_plain_answer_is_json_and_says_who_answered(client: Client) -> None:
    answer = await client.modern(call("echo", "seven", text="hello"))
    assert (answer.status, answer.last["id"], answer.text) == (200, "seven", "hello")
    assert answer.result["resultType"] == "complete"
    assert answer.result["_meta"][f"{PREFIX}/serverInfo"]["name"] == "telamon"
    assert "Mcp-Session-Id" not in answer.headers


@pytest.mark.row("MCP-C5")
async def test_session_headers_mean_nothing(client: Client) -> None:
    answer = await client.modern(
        call("echo", text="hello"), Mcp_Session_Id="made-up", Last_Event_ID="1-1"
    )
    assert answer.text == "hello"
    assert "Mcp-Session-Id" not in answer.headers


@pytest.mark.row("MCP-C26", "MCP-C30")
async def test_progress_makes_the_answer_a_stream_without_ids(
    client: Client, workshop: Workshop
) -> None:
    workshop.release.set()
    answer = await client.modern(call("knock"), meta=TOKEN)
    progress, last = answer.events
    assert progress.message["params"] == {
        "progressToken": "p",
        "progress": 1,
        "total": 2,
        "message": "knocked",
    }
    assert last.message["id"] == 1
    assert [event.id for event in answer.events] == [None, None]


@pytest.mark.row("MCP-C30")
async def test_without_a_token_there_is_no_progress(client: Client, workshop: Workshop) -> None:
    workshop.release.set()
    assert (await client.modern(call("knock"))).events == []


@pytest.mark.row("MCP-C29")
async def test_logs_are_sent_to_those_who_asked_for_that_level(client: Client) -> None:
    silent = await client.modern(call("flood", lines=1))
    assert silent.events == []
    severe = await client.modern(call("flood", lines=1), meta={f"{PREFIX}/logLevel": "error"})
    assert severe.events == []
    loud = await client.modern(call("flood", lines=1), meta={f"{PREFIX}/logLevel": "info"})
    assert loud.messages[0]["method"] == "notifications/message"


@pytest.mark.row("SEC-J13", "MCP-C30")
async def test_a_flood_is_merged_into_ten_a_second(client: Client, clock: FakeClock) -> None:
    answer = await client.modern(
        call("flood", lines=100), meta={**TOKEN, f"{PREFIX}/logLevel": "info"}
    )
    said = answer.messages[:-1]
    assert len(said) == 12
    assert said[-1]["params"]["data"].endswith("log lines were left out.")
    reports = [each["params"]["progress"] for each in said if "progress" in each["params"]]
    assert reports == sorted(set(reports))
    assert reports[-1] == 100
    assert clock() == clock()


@pytest.mark.row("MCP-C28", "SEC-N23")
@pytest.mark.parametrize("tool", ["wait", "knock"])
async def test_a_client_that_goes_away_cancels_its_call(
    server: McpServer, client: Client, workshop: Workshop, tool: str
) -> None:
    async def leave() -> None:
        async with client.sent_modern(call(tool), None, TOKEN) as response:
            await response.read()

    leaving = asyncio.ensure_future(leave())
    await workshop.started.wait()
    leaving.cancel()
    await workshop.ended.wait()
    assert workshop.cancelled == 1
    (event,) = server.events
    assert getattr(event, "outcome", None) == "cancelled"


@pytest.mark.row("MCP-C11", "MCP-C12", "SEC-N14", "MCP-C22")
@pytest.mark.parametrize(
    "headers",
    [
        {"MCP_Protocol_Version": None},
        {"Mcp_Method": None},
        {"Mcp_Method": "tools/list"},
        {"Mcp_Name": None},
        {"Mcp_Name": "give"},
        {"Mcp_Name": "=?base64?!!!?="},
    ],
)
async def test_headers_that_do_not_say_what_the_body_says_are_refused(
    client: Client, headers: dict[str, str | None]
) -> None:
    async with client.sent_modern(call("echo", 3, text="x"), None, None, **headers) as response:
        answer = await read_answer(response)
    assert (answer.status, answer.error["code"], answer.last["id"]) == (400, -32020, 3)


@pytest.mark.row("MCP-C13")
async def test_a_name_in_base64_is_read(client: Client) -> None:
    answer = await client.modern(call("echo", text="x"), Mcp_Name="=?base64?ZWNobw==?=")
    assert answer.text == "x"


@pytest.mark.row("MCP-C17", "SEC-N14")
async def test_a_routing_header_twice_is_refused(client: Client) -> None:
    headers = [
        *client.headers(MCP_Protocol_Version=MODERN, Mcp_Method="tools/list").items(),
        ("Mcp-Method", "tools/call"),
    ]
    async with client.http.post(
        client.url, json=request("tools/list"), headers=headers
    ) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == -32020


@pytest.mark.row("MCP-C18", "SEC-N13")
async def test_an_unsupported_version_is_told_which_are(client: Client) -> None:
    answer = await client.modern(
        request("tools/list"),
        meta={f"{PREFIX}/protocolVersion": "2031-01-01"},
        MCP_Protocol_Version="2031-01-01",
    )
    assert (answer.status, answer.error["code"]) == (400, -32022)
    assert answer.error["data"] == {"supported": [MODERN], "requested": "2031-01-01"}


@pytest.mark.row("MCP-C16", "MCP-C25")
async def test_a_notification_is_accepted_at_a_supported_version_only(client: Client) -> None:
    message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    assert (await client.post(message, MCP_Protocol_Version=MODERN)).status == 202
    refused = await client.post(message, MCP_Protocol_Version="2031-01-01")
    assert (refused.status, refused.error["code"]) == (400, -32022)


@pytest.mark.row("SEC-J10")
async def test_a_response_is_refused(client: Client) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert (await client.post(message, MCP_Protocol_Version=MODERN)).status == 400


@pytest.mark.row("MCP-C19", "SEC-N15")
@pytest.mark.parametrize(
    "method", ["initialize", "ping", "logging/setLevel", "resources/subscribe", "no/such"]
)
async def test_methods_of_other_revisions_are_unknown(client: Client, method: str) -> None:
    answer = await client.modern(request(method))
    assert (answer.status, answer.error["code"]) == (404, -32601)


@pytest.mark.row("MCP-C5")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_only_post_is_allowed(client: Client, method: str) -> None:
    async with client.http.request(
        method, client.url, headers=client.headers(MCP_Protocol_Version=MODERN)
    ) as response:
        assert response.status == 405
        assert response.headers["Allow"] == "POST"


@pytest.mark.row("MCP-C23")
async def test_every_refusal_is_json_rpc(client: Client) -> None:
    for answer in (
        await client.modern(request("tools/list"), Accept="application/json"),
        await client.post(initialize(), Content_Type="text/plain", MCP_Protocol_Version=MODERN),
        await client.post([], MCP_Protocol_Version=MODERN),
    ):
        assert 400 <= answer.status < 500
        assert answer.error["code"] == -32600


@pytest.mark.row("MCP-C31", "MCP-C33", "MCP-C34", "SEC-I18")
async def test_discover_tells_what_is_served_and_for_how_long(client: Client) -> None:
    found = (await client.modern(request("server/discover"))).result
    assert found["supportedVersions"] == [MODERN]
    assert "logging" not in found["capabilities"] or found["capabilities"]["tools"]
    assert found["cacheScope"] == "private"
    assert found["ttlMs"] >= 0
    assert "treat it as data" in found["instructions"]


@pytest.mark.row("MCP-C35", "MCP-C36", "MCP-C37", "MCP-C38")
async def test_listening_is_acknowledged_and_ends_gracefully_on_shutdown(
    server: McpServer, client: Client
) -> None:
    listen = request("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, "L")
    async with client.sent_modern(listen) as response:
        acknowledged = await read_event(response)
        assert acknowledged is not None
        await server.endpoint.close()
        rest = await all_events(response)
    params = acknowledged.message["params"]
    assert params["notifications"] == {"toolsListChanged": True}
    assert params["_meta"][f"{PREFIX}/subscriptionId"] == "L"
    assert rest[-1].message["result"]["resultType"] == "complete"


@pytest.mark.row("SEC-N23")
async def test_the_task_of_a_cancelled_call_can_leave_work_to_the_application(
    server: McpServer, client: Client, workshop: Workshop
) -> None:
    finished = asyncio.Event()

    async def refresh() -> None:
        await workshop.release.wait()
        finished.set()

    leaving = asyncio.ensure_future(client.modern(call("wait")))
    await workshop.started.wait()
    server.tasks.start(refresh(), name="refresh")
    leaving.cancel()
    await workshop.ended.wait()
    workshop.release.set()
    await finished.wait()
    assert workshop.cancelled == 1


@pytest.mark.row("MCP-C6")
async def test_a_body_of_this_revision_needs_its_version_header(client: Client) -> None:
    message: dict[str, Any] = request("tools/list")
    answer = await client.modern(message, MCP_Protocol_Version=None)
    assert answer.error["code"] == -32020
