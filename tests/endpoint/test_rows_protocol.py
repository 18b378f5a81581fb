"""Rules of the protocol that are each shown by one exchange."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import aiohttp
import pytest
from fakes.endpoint_server import McpServer, mcp_server
from fakes.endpoint_workshop import USE_WORKSHOP, Workshop, make_workshop
from fakes.mcp_client import (
    COME_BACK,
    INITIALIZED,
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
from pydantic import Field
from yarl import URL

from telamon.plugin import tool

FORMS: dict[str, Any] = {"elicitation": {}}
VERSION, CAPABILITIES = f"{PREFIX}/protocolVersion", f"{PREFIX}/clientCapabilities"
WITH_PROGRESS = {"_meta": {"progressToken": "p"}}


@pytest.mark.row("MCP-C6")
@pytest.mark.parametrize(
    "meta",
    [
        None,
        {},
        {VERSION: MODERN},
        {CAPABILITIES: {}},
        {VERSION: MODERN, CAPABILITIES: "text"},
    ],
)
async def test_an_envelope_without_version_or_capabilities_is_invalid(
    client: Client, meta: dict[str, Any] | None
) -> None:
    params = {} if meta is None else {"_meta": meta}
    answer = await client.post(
        request("tools/list", params, 4), MCP_Protocol_Version=MODERN, Mcp_Method="tools/list"
    )
    assert (answer.status, answer.error["code"], answer.last["id"]) == (400, -32602, 4)


@pytest.mark.row("MCP-C8", "MCP-C9")
async def test_what_one_request_declared_the_next_one_has_not(
    client: Client, workshop: Workshop
) -> None:
    first = await client.modern(call("order", thing="desk"), capabilities=FORMS)
    assert first.result["resultType"] == "input_required"
    second = await client.modern(call("order", thing="desk"))
    assert second.result["resultType"] == "complete"
    assert second.result["isError"] is True
    assert "inputRequests" not in second.result
    assert workshop.done == []


async def raw(client: Client, server: McpServer, head: str, message: Any) -> tuple[int, Any]:
    """Send a head as it is written; the status and the body of the answer."""
    body = json.dumps(message).encode()
    url = URL(server.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(
        f"POST /v1/mcp HTTP/1.1\r\nhost: {url.authority}\r\ncontent-length: {len(body)}\r\n"
        f"authorization: Bearer {client.token}\r\nconnection: close\r\n{head}\r\n".encode()
        + body
    )
    answer = await reader.read()
    writer.close()
    said, _, rest = answer.partition(b"\r\n\r\n")
    return int(said.split()[1]), json.loads(rest)


@pytest.mark.row("MCP-C14")
async def test_header_names_have_no_case_and_values_no_blanks_around_them(
    server: McpServer, client: Client
) -> None:
    message = call("echo", text="x")
    message["params"]["_meta"] = {VERSION: MODERN, CAPABILITIES: {}}
    head = (
        "content-type: application/json\r\nACCEPT: application/json, text/event-stream\r\n"
        f"mcp-PROTOCOL-version: \t {MODERN} \r\nMCP-METHOD:   tools/call\t\r\nmcp-name:{{}}\r\n"
    )
    status, body = await raw(client, server, head.format(" echo  "), message)
    assert (status, body["result"]["content"][0]["text"]) == (200, "x")
    status, body = await raw(client, server, head.format("ECHO"), message)
    assert (status, body["error"]["code"]) == (400, -32020)


@tool(USE_WORKSHOP, access="read", group="bench", title="Where", listed=False)
async def where(
    _: Workshop,
    *,
    region: Annotated[str | None, Field(json_schema_extra={"x-mcp-header": "Region"})] = None,
) -> str:
    """Say where."""
    return f"in {region}"


@pytest.fixture
async def placed(http: aiohttp.ClientSession, workshop: Workshop) -> AsyncIterator[Client]:
    """A client of a server with a tool whose argument stands in a header as well."""
    async with mcp_server([make_workshop(workshop, where)]) as server:
        yield Client(http, server.mcp, await server.token())


@pytest.mark.row("MCP-C15")
async def test_no_tool_of_the_server_wants_an_argument_in_a_header(client: Client) -> None:
    client.url += "?tools=all"
    listed = (await client.modern(request("tools/list"))).result["tools"]
    assert len(listed) > 10
    assert "x-mcp-header" not in json.dumps(listed)


@pytest.mark.row("MCP-B15", "MCP-B16", "MCP-B12")
async def test_what_belongs_to_a_call_stays_off_the_sessions_own_stream(
    server: McpServer, client: Client, workshop: Workshop
) -> None:
    workshop.release.set()
    await client.start("2025-06-18")
    async with client.listening() as own:
        message = call("knock", 7)
        message["params"] |= WITH_PROGRESS
        answer = await client.post(message)
        assert [event.message.get("id") for event in answer.events] == [None, 7]
        await server.endpoint.close()
        assert await all_events(own) == [COME_BACK]


@pytest.mark.row("MCP-B27")
async def test_nothing_is_asked_of_a_client_but_within_a_call_of_its_own(
    server: McpServer, client: Client
) -> None:
    answer = await client.post(initialize("2025-06-18", elicitation={}, sampling={}, roots={}))
    assert len(answer.messages) == 1
    client.session, client.version = answer.headers["Mcp-Session-Id"], "2025-06-18"
    async with client.listening() as own:
        assert (await client.post(INITIALIZED)).status == 202
        assert (await client.post(request("tools/list"))).events == []
        assert (await client.post(call("echo", text="x"))).events == []
        await server.endpoint.close()
        assert await all_events(own) == [COME_BACK]


@asynccontextmanager
async def stream_of(client: Client) -> AsyncIterator[str]:
    """Open a stream of HTTP+SSE; gives the address for its messages."""
    reader = Client(client.http, client.url.replace("/v1/mcp", "/v1/sse"), client.token)
    async with reader.listening(Accept="text/event-stream") as stream:
        first = await read_event(stream)
        assert first is not None
        yield str(URL(reader.url).join(URL(str(first.data))))


@pytest.mark.row("MCP-A1", "SEC-H02", "SEC-H03")
@pytest.mark.parametrize("origin", ["https://evil.example.com", "null"])
async def test_a_foreign_origin_posts_nothing_to_an_open_stream(
    client: Client, origin: str
) -> None:
    async with stream_of(client) as address:
        answer = await client.post(initialize("2024-11-05"), address, Origin=origin)
        assert answer.status == 403
        assert "id" not in answer.last


@pytest.mark.row("MCP-A3", "SEC-N03")
async def test_an_open_stream_takes_no_message_without_a_token(client: Client) -> None:
    async with stream_of(client) as address:
        nobody = Client(client.http, client.url, None)
        answer = await nobody.post(initialize("2024-11-05"), address)
        assert answer.status == 401
        assert "resource_metadata=" in answer.headers["WWW-Authenticate"]
        assert (await client.post(initialize("2024-11-05"), address)).status == 202


@pytest.mark.row("SEC-N03", "MCP-B4", "MCP-B23", "MCP-J5")
async def test_a_session_id_is_no_credential(client: Client, server: McpServer) -> None:
    await client.start()
    nobody = Client(client.http, client.url, None, client.session, client.version)
    answer = await nobody.post(call("echo", text="x"))
    assert answer.status == 401
    said = answer.headers["WWW-Authenticate"]
    assert f'resource_metadata="{server.url}/.well-known/oauth-protected-resource/v1/mcp"' in said
    assert "error=" not in said
    async with nobody.listening() as stream:
        assert stream.status == 401
    async with client.http.delete(client.url, headers=nobody.headers()) as response:
        assert response.status == 401
    assert server.events == []
    assert (await client.post(request("ping"))).status == 200


@pytest.mark.row("MCP-B14", "SEC-N10", "MCP-B20")
async def test_a_stream_and_an_end_need_a_session(client: Client) -> None:
    async with client.listening() as stream:
        assert stream.status == 400
    async with client.http.delete(client.url, headers=client.headers()) as response:
        assert response.status == 400
    for message in (request("ping"), call("echo", text="x"), INITIALIZED):
        answer = await client.post(message)
        assert (answer.status, answer.error["code"]) == (400, -32600)
        assert "Mcp-Session-Id" in answer.error["message"]


@pytest.mark.row("MCP-B22", "MCP-B21", "SEC-N09")
async def test_after_its_end_a_session_is_gone_for_every_method(client: Client) -> None:
    await client.start()
    ended = [404]
    async with client.http.delete(client.url, headers=client.headers()) as response:
        assert response.status == 204
    async with client.http.delete(client.url, headers=client.headers()) as response:
        ended.append(response.status)
    async with client.listening() as stream:
        ended.append(stream.status)
    async with client.listening(Last_Event_ID="1-1") as stream:
        ended.append(stream.status)
    for message in (request("ping"), INITIALIZED, call("echo", text="x")):
        answer = await client.post(message)
        assert answer.error["message"] == "Session not found"
        ended.append(answer.status)
    assert set(ended) == {404}


@pytest.mark.row("MCP-B25", "SEC-N13")
@pytest.mark.parametrize("version", ["1999-01-01", "2031-01-01", "x", "2025-11-25, 2025-06-18"])
async def test_a_version_that_nobody_knows_is_a_bad_request_in_a_session_too(
    client: Client, version: str
) -> None:
    await client.start()
    answer = await client.post(request("ping"), MCP_Protocol_Version=version)
    assert answer.status == 400
    assert answer.error["code"] == -32602  # it is a message of 2026-07-28 without its envelope
    assert (await client.post(request("ping"))).status == 200


@pytest.mark.row("MCP-C20", "MCP-C22")
@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        (request("no/such", None, "a"), 404, -32601),
        (call("noSuchTool", "a"), 400, -32602),
        (request("tools/list", {"cursor": "next"}, "a"), 400, -32602),
        (request("resources/read", {"uri": "toys://one.example.com/toy/9"}, "a"), 400, -32602),
    ],
)
async def test_the_status_of_an_error_follows_from_its_code(
    client: Client, message: dict[str, Any], status: int, code: int
) -> None:
    answer = await client.modern(message)
    assert (answer.status, answer.error["code"], answer.last["id"]) == (status, code, "a")


@pytest.mark.row("MCP-C20")
async def test_a_tool_that_fails_is_an_answer_like_any_other(
    client: Client, workshop: Workshop
) -> None:
    workshop.give = RuntimeError("secret-detail")
    answer = await client.modern(call("give"))
    assert (answer.status, answer.result["isError"]) == (200, True)
    broken = {"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a", "value": ""}}
    unknown = await client.modern(request("completion/complete", broken))
    assert (unknown.status, unknown.error["code"]) == (400, -32602)


@pytest.mark.row("MCP-C5")
async def test_no_session_is_made_or_named_in_this_revision(
    server: McpServer, client: Client
) -> None:
    await client.start()
    before = server.endpoint.sessions
    answer = await client.modern(request("server/discover"))
    assert "Mcp-Session-Id" not in answer.headers
    refused = await client.modern(request("initialize"))
    assert "Mcp-Session-Id" not in refused.headers
    assert server.endpoint.sessions == before


@pytest.mark.row("MCP-C37", "MCP-C36")
async def test_who_asked_to_hear_of_nothing_hears_of_nothing(
    server: McpServer, client: Client
) -> None:
    listen = request("subscriptions/listen", {"notifications": {}}, 9)
    async with client.sent_modern(listen) as response:
        acknowledged = await read_event(response)
        assert acknowledged is not None
        assert acknowledged.id is None
        assert acknowledged.message["params"]["notifications"] == {}
        assert acknowledged.message["params"]["_meta"][f"{PREFIX}/subscriptionId"] == 9
        await server.endpoint.close()
        last = await read_answer(response)
    (ended,) = last.messages
    assert ended["id"] == 9
    assert ended["result"]["_meta"][f"{PREFIX}/subscriptionId"] == 9


@pytest.mark.row("MCP-C35")
async def test_listening_needs_a_client_that_takes_a_stream(client: Client) -> None:
    listen = request("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
    assert (await client.modern(listen, Accept="application/json")).status == 406


@pytest.mark.row("MCP-C15", "SEC-N14")
@pytest.mark.parametrize(
    ("header", "arguments", "good"),
    [
        ("north", {"region": "north"}, True),
        (" north ", {"region": "north"}, True),
        ("=?base64?bm9ydGg=?=", {"region": "north"}, True),
        (None, {}, True),
        (None, {"region": None}, True),
        (None, {"region": "north"}, False),
        ("south", {"region": "north"}, False),
        ("North", {"region": "north"}, False),
        ("=?base64?!?=", {"region": "north"}, False),
    ],
)
async def test_an_argument_that_stands_in_a_header_too_has_to_agree(
    placed: Client, header: str | None, arguments: dict[str, Any], good: bool
) -> None:
    answer = await placed.modern(call("where", 5, **arguments), Mcp_Param_Region=header)
    if good:
        assert answer.text == f"in {arguments.get('region')}"
    else:
        assert (answer.status, answer.error["code"], answer.last["id"]) == (400, -32020, 5)


@pytest.mark.row("MCP-C37", "MCP-C26")
async def test_a_listener_hears_of_what_it_asked_for_and_of_nothing_else(
    server: McpServer, client: Client
) -> None:
    wanted = {"toolsListChanged": True, "resourcesListChanged": False}
    listen = request("subscriptions/listen", {"notifications": wanted}, "L")
    async with client.sent_modern(listen) as response:
        assert await read_event(response) is not None
        await server.endpoint.changes.publish("prompts", "resources", "tools")
        heard = await read_event(response)
        assert heard is not None
        await server.endpoint.close()
        (last,) = (await read_answer(response)).messages
    assert heard.id is None
    assert heard.message["method"] == "notifications/tools/list_changed"
    assert heard.message["params"]["_meta"][f"{PREFIX}/subscriptionId"] == "L"
    assert last["result"]["resultType"] == "complete"


@pytest.mark.row("MCP-C12", "MCP-C13", "SEC-N14")
@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("prompts/get", {"name": "tidyUp"}, "another"),
        ("prompts/get", {"name": "tidyUp"}, None),
        ("resources/read", {"uri": "toys://one.example.com/toy/1"}, "toys://one.example.com/toy/2"),
        ("resources/read", {"uri": "toys://one.example.com/toy/1"}, None),
        ("tools/call", {"name": "getToy", "arguments": {"toyId": "1"}}, "=?base64?Z2V0VG95czI=?="),
    ],
)
async def test_a_name_in_the_header_that_is_not_the_bodys_reaches_nothing(
    server: McpServer, client: Client, method: str, params: dict[str, Any], name: str | None
) -> None:
    answer = await client.modern(request(method, params, 6), Mcp_Name=name)
    assert (answer.status, answer.error["code"], answer.last["id"]) == (400, -32020, 6)
    assert server.gateway.given == []
    assert server.events == []
    assert (await client.modern(request(method, params))).status == 200
