"""The SDK's own Python client, over real sockets, on each transport."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
import pytest
from fakes.endpoint_server import McpServer
from fakes.endpoint_workshop import Workshop
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitRequestParams, ElicitResult

Mode = Literal["modern", "legacy", "sse"]


@asynccontextmanager
async def connected(server: McpServer, mode: Mode, **options: Any) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {await server.token()}"}
    async with httpx2.AsyncClient(headers=headers, timeout=20) as http:
        transport = (
            sse_client(server.sse, headers=headers)
            if mode == "sse"
            else streamable_http_client(server.mcp, http_client=http)
        )
        era: Any = "auto" if mode == "modern" else "legacy"
        async with Client(transport, mode=era, **options) as client:
            yield client


@pytest.mark.parametrize("mode", ["modern", "legacy", "sse"])
async def test_it_lists_and_calls(server: McpServer, workshop: Workshop, mode: Mode) -> None:
    workshop.release.set()
    reports: list[float] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        del total, message
        reports.append(progress)

    async with connected(server, mode) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert {"search", "echo", "getToy"} <= tools
        result = await client.call_tool("knock", {}, progress_callback=report)
        assert result.content[0].text == "knock was released"  # type: ignore[union-attr]  # text
        assert reports == [1]
        templates = await client.list_resource_templates()
        assert templates.resource_templates[0].name == "toy"
        found = await client.read_resource("toys://one.example.com/toy/1")
        assert found.contents[0].text == "Bear"  # type: ignore[union-attr]  # as above
        written = await client.get_prompt("tidyUp", {"room": "attic"})
        assert len(written.messages) == 1


@pytest.mark.row("MCP-C39")
@pytest.mark.parametrize("mode", ["modern", "legacy", "sse"])
async def test_its_user_is_asked_twice(server: McpServer, workshop: Workshop, mode: Mode) -> None:
    asked: list[str] = []

    async def answer(context: Any, params: ElicitRequestParams) -> ElicitResult:
        del context
        asked.append(params.message)
        content: dict[str, Any] = {"size": "small"} if len(asked) == 1 else {"colour": "red"}
        return ElicitResult(action="accept", content=content)

    async with connected(server, mode, elicitation_callback=answer) as client:
        result = await client.call_tool("order", {"thing": "desk"})
    assert result.content[0].text == "Ordered a small red desk."  # type: ignore[union-attr]  # text
    assert asked == ["Which size of desk?", "Which colour of desk?"]
    assert workshop.done == ["desk"]
