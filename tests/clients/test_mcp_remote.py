"""mcp-remote, which most desktop clients start, with the callback that they use."""

import os
from pathlib import Path
from typing import Any

import pytest
from fakes.demo_process import Demo
from fakes.person import MODULES, SHOTS, Person
from fakes.stdio import StdioServer, started

HELLO: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "desktop", "version": "1"},
}


async def use(server: StdioServer) -> list[str]:
    """Initialize, list the tools, read an issue; returns the tools' names."""
    hello = await server.call("initialize", HELLO)
    assert hello["serverInfo"]["name"]
    server.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
    tools = [tool["name"] for tool in (await server.call("tools/list", {}))["tools"]]
    result = await server.call(
        "tools/call", {"name": "getJiraIssue", "arguments": {"issueIdOrKey": "DEMO-1"}}
    )
    assert "DEMO-1" in result["content"][0]["text"]
    return tools


@pytest.mark.node
@pytest.mark.browser
@pytest.mark.row("R2", "R3", "R4", "R5", "R9")
@pytest.mark.parametrize("package", ["mcp-remote", "mcp-remote-0.1"])
async def test_mcp_remote_signs_in_through_a_browser_and_uses_tools(
    demo: Demo, node: str, person: Person, tmp_path: Path, package: str
) -> None:
    program = str(MODULES / package / "dist" / "proxy.js")
    env = {
        **os.environ,
        "MCP_REMOTE_CONFIG_DIR": str(tmp_path),
        "BROWSER": "none",
        "DISPLAY": "",
        "HOME": str(tmp_path),
    }
    async with started(node, program, demo.mcp, "3334", env=env) as server:
        url = (await server.line_with(f"{demo.home}/authorize?")).strip()
        assert "localhost%3A3334%2Foauth%2Fcallback" in url
        seen = await person.visit(url[url.index("http") :], shots=str(SHOTS), prefix=f"{package}-")
        assert seen["problems"] == []
        assert seen["answer"].startswith("http://localhost:3334/oauth/callback?")
        assert "getJiraIssue" in await use(server)
    # The second start finds its tokens and opens no browser.
    async with started(node, program, demo.mcp, "3334", env=env) as server:
        assert "getJiraIssue" in await use(server)
        assert not [line for line in server.errors if "/authorize?" in line]
