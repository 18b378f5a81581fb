"""MCP Inspector's command line, which lints every tool's schema with ``--strict``."""

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from fakes.demo_process import Demo
from fakes.person import MODULES, Person

PROGRAM = MODULES / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build"


async def inspect(node: str, person: Person, home: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the Inspector, sign in if it asks; returns its status, output and errors."""
    process = await asyncio.create_subprocess_exec(
        node,
        str(PROGRAM / "index.js"),
        "--cli",
        *arguments,
        env={**os.environ, "HOME": str(home), "MCP_AUTO_OPEN_ENABLED": "true", "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**22,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = bytearray(), bytearray()
    visits: list[asyncio.Task[dict[str, Any]]] = []

    async def collect(stream: asyncio.StreamReader, kept: bytearray) -> None:
        async for line in stream:
            kept.extend(line)
            found = re.search(rb"http://localhost:\d+/authorize\?\S+", line)
            if found and not visits:
                visits.append(asyncio.create_task(person.visit(found[0].decode())))

    async with asyncio.timeout(90):
        await asyncio.gather(collect(process.stdout, out), collect(process.stderr, err))
        status = await process.wait()
    for visit in visits:
        await visit
    return status, out.decode(), err.decode()


@pytest.mark.node
@pytest.mark.browser
@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_the_inspector_finds_nothing_wrong_with_any_tool(
    demo: Demo, node: str, person: Person, tmp_path: Path, transport: str
) -> None:
    url = demo.mcp if transport == "http" else demo.sse
    where = ("--server-url", url, "--transport", transport)
    status, out, err = await inspect(
        node, person, tmp_path, *where, "--method", "tools/list", "--strict"
    )
    assert status == 0, out + err
    names = {tool["name"] for tool in json.loads(out[out.index("{") :])["tools"]}
    assert {"getJiraIssue", "searchConfluenceUsingCql"} <= names
    status, out, err = await inspect(
        node,
        person,
        tmp_path,
        *where,
        "--method",
        "tools/call",
        "--tool-name",
        "getJiraIssue",
        "--tool-arg",
        "issueIdOrKey=DEMO-1",
    )
    assert status == 0, out + err
    assert "DEMO-1" in out
