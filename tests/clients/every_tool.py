"""Call every tool of a demo once, and print how long each took and how much it said.

python tests/clients/every_tool.py [--inspector]

With ``--inspector`` each call is a process of MCP Inspector's command line, which takes a while.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import structlog

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clients.install import TARGET, node
from flows.tour import Call, tour

from telamon.demo.clients import StatelessClient
from telamon.demo.journey import Journey
from telamon.demo.running import demo

INSPECTOR = TARGET / "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
DISCLOSING = frozenset({"findTools", "callTool"})
"""Listed only where others are not; the Inspector calls nothing that is not listed."""
ACCESS = {"access": ["read", "write", "delete", "manage"]}


async def inspect(url: str, token: str, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Call one tool through the Inspector."""
    program = node()
    if program is None:
        raise SystemExit("Node.js is not installed: run tests/clients/install.py")
    given = [
        part
        for pair in arguments.items()
        for part in ("--tool-arg", f"{pair[0]}={json.dumps(pair[1])}")
    ]
    process = await asyncio.create_subprocess_exec(
        str(program),
        str(INSPECTOR),
        *("--cli", "--server-url", url, "--transport", "http"),
        *("--header", f"Authorization: Bearer {token}"),
        *("--method", "tools/call", "--tool-name", tool, *given),
        env={**os.environ, "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    text = out.decode()
    if "{" not in text:
        raise SystemExit(f"{tool}: {err.decode() or text}")
    result: dict[str, Any] = json.loads(text[text.index("{") :])
    return result


async def main(*, through_inspector: bool) -> None:
    """Print the table; a tool that fails ends it, because others need what it prepares."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with (
        demo(0, policy=ACCESS) as telamon,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        journey = Journey(http=http, home=telamon.settings.public_url, say=lambda *_: None)
        await journey.discover()
        await journey.register()
        await journey.sign_in()
        await journey.redeem()
        url, token = f"{journey.state['resource']}?tools=all", journey.state["pair"]["access_token"]
        client = StatelessClient(http, url, token)
        took: list[float] = []

        async def timed(tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
            began = time.perf_counter()
            if through_inspector:
                shown = journey.state["resource"] if tool in DISCLOSING else url
                result = await inspect(shown, token, tool, arguments)
            else:
                result = await client.call("tools/call", {"name": tool, "arguments": arguments})
            if result.get("isError"):
                raise SystemExit(f"{tool} {dict(arguments)}: {result['content']}")
            took.append(time.perf_counter() - began)
            return result

        await _print(timed, took)


async def _print(call: Call, took: list[float]) -> None:
    total = 0
    print(f"{'tool':36} {'ms':>8} {'bytes':>8}")
    async for stop in tour(call):
        size = len(json.dumps(stop.result["content"], separators=(",", ":")).encode())
        total += size
        print(f"{stop.tool:36} {took[-1] * 1000:8.1f} {size:8}")
    print(f"{f'{len(took)} tools':36} {sum(took) * 1000:8.1f} {total:8}")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inspector", action="store_true")
    asyncio.run(main(through_inspector=options.parse_args().inspector))
