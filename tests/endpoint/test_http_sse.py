from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from fakes.endpoint_server import McpServer
from fakes.endpoint_workshop import Workshop
from fakes.mcp_client import (
    INITIALIZED,
    Client,
    call,
    initialize,
    read_event,
    request,
)
from yarl import URL

from telamon.plugin import LimitHit


@asynccontextmanager
async def opened(
    client: Client, query: str = ""
) -> AsyncIterator[tuple[aiohttp.ClientResponse, Client]]:
    """Open the stream; gives it, and a client that posts to where its first event says."""
    reader = Client(client.http, client.url.replace("/v1/mcp", "/v1/sse") + query, client.token)
    async with reader.listening(Accept="text/event-stream") as stream:
        assert stream.status == 200
        endpoint = await read_event(stream)
        assert endpoint is not None
        assert endpoint.name == "endpoint"
        address = str(URL(reader.url).join(URL(str(endpoint.data))))
        yield stream, Client(client.http, address, client.token)


async def said(stream: aiohttp.ClientResponse) -> Any:
    event = await read_event(stream)
    assert event is not None
    assert event.name == "message"
    return event.message


@pytest.mark.row("MCP-A4", "MCP-A5", "MCP-A6", "MCP-A7")
async def test_a_client_of_2024_11_05_gets_its_answers_on_the_stream(
    client: Client, workshop: Workshop
) -> None:
    workshop.release.set()
    async with opened(client) as (stream, poster):
        assert (await poster.post(initialize("2024-11-05"))).status == 202
        assert (await said(stream))["result"]["protocolVersion"] == "2024-11-05"
        await poster.post(INITIALIZED)
        message = call("knock", 4)
        message["params"]["_meta"] = {"progressToken": "p"}
        async with poster.sent(message) as accepted:
            assert (accepted.status, await accepted.text()) == (202, "Accepted")
        assert (await said(stream))["method"] == "notifications/progress"
        assert (await said(stream))["id"] == 4


@pytest.mark.row("MCP-A9")
async def test_newer_handshake_versions_work_over_it_too(client: Client) -> None:
    async with opened(client) as (stream, poster):
        await poster.post(initialize("2025-06-18"))
        assert (await said(stream))["result"]["protocolVersion"] == "2025-06-18"
        await poster.post(INITIALIZED)
        for number in (1, 2):
            await poster.post(call("echo", number, text=str(number)))
            assert (await said(stream))["result"]["content"][0]["text"] == str(number)


@pytest.mark.row("SEC-N04", "MCP-A3", "MCP-A10")
async def test_posting_to_somebody_elses_stream_is_not_found(
    server: McpServer, client: Client
) -> None:
    async with opened(client) as (_, poster):
        poster.token = await server.token(account="ben")
        assert (await poster.post(request("ping"))).status == 404
        poster.token = None
        assert (await poster.post(request("ping"))).status == 401


@pytest.mark.row("MCP-A10")
async def test_a_message_needs_a_session_that_exists(client: Client) -> None:
    messages = client.url.replace("/v1/mcp", "/v1/sse/message")
    assert (await client.post(request("ping"), messages)).status == 400
    assert (await client.post(request("ping"), f"{messages}?sessionId=x")).status == 404


@pytest.mark.row("MCP-A8")
async def test_sessions_of_the_two_transports_are_not_each_others(client: Client) -> None:
    await client.start()
    messages = client.url.replace("/v1/mcp", f"/v1/sse/message?sessionId={client.session}")
    assert (await client.post(request("ping"), messages)).status == 404
    async with opened(client) as (_, poster):
        client.session = URL(poster.url).query["sessionId"]
        assert (await client.post(request("ping"))).status == 404


@pytest.mark.row("MCP-A12")
async def test_posting_to_the_stream_address_makes_clients_fall_back(client: Client) -> None:
    async with client.sent(initialize(), client.url.replace("/v1/mcp", "/v1/sse")) as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET"
        assert "jsonrpc" not in await response.text()


@pytest.mark.row("MCP-A10")
async def test_reading_the_message_address_is_not_allowed(client: Client) -> None:
    client.url = client.url.replace("/v1/mcp", "/v1/sse/message")
    async with client.listening() as response:
        assert response.status == 405
        assert response.headers["Allow"] == "POST"


async def test_the_stream_has_to_be_accepted(client: Client) -> None:
    client.url = client.url.replace("/v1/mcp", "/v1/sse")
    async with client.listening(Accept="application/json") as response:
        assert response.status == 406


@pytest.mark.row("MCP-A11")
async def test_the_session_ends_with_its_stream(server: McpServer, client: Client) -> None:
    async with opened(client) as (_, poster):
        pass
    while (await poster.post(request("ping"))).status != 404:
        pass
    await server.tasks.drain(5)
    id_ = URL(poster.url).query["sessionId"]
    assert await server.storage.mcp_sessions.get(id_) is None


@pytest.mark.row("MCP-A1", "SEC-H02")
async def test_a_foreign_origin_opens_nothing(client: Client) -> None:
    client.url = client.url.replace("/v1/mcp", "/v1/sse")
    async with client.listening(Origin="https://evil.example.com") as response:
        assert response.status == 403


@pytest.mark.row("SEC-N18")
async def test_a_missing_scope_is_told_when_the_message_is_posted(
    server: McpServer, client: Client
) -> None:
    client.token = await server.token(["read:toys"])
    async with opened(client) as (_, poster):
        answer = await poster.post(call("paintToy", toyId="1", colour="red"))
    assert answer.status == 403
    assert "/.well-known/oauth-protected-resource/v1/sse" in answer.headers["WWW-Authenticate"]


async def test_what_the_url_chose_holds_for_the_messages_too(client: Client) -> None:
    async with opened(client, "?readonly=1&tools=all") as (stream, poster):
        await poster.post(initialize())
        await said(stream)
        await poster.post(INITIALIZED)
        await poster.post(request("tools/list"))
        names = {tool["name"] for tool in (await said(stream))["result"]["tools"]}
    assert "getToy" in names
    assert not names & {"paintToy", "deleteToy", "order"}


@pytest.mark.row("SEC-N26")
async def test_a_user_has_only_so_many_streams(server: McpServer, client: Client) -> None:
    streams = [await client.http.get(server.sse, headers=client.headers()) for _ in range(16)]
    async with client.http.get(server.sse, headers=client.headers()) as refused:
        assert refused.status == 429
        assert refused.headers["Retry-After"] == "30"
    assert LimitHit(limit="streams_per_user", key="ada") in server.events
    for stream in streams:
        stream.close()
