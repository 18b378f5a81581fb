"""The suite's ``authorization`` command against a whole server, with the pages clicked for it."""

import asyncio
import re
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from clients.install import node
from conformance.run import SUITE, Checks, read_checks
from fakes.ports import free_port

from telamon.demo.browser import Browser
from telamon.demo.running import demo

CLIENT = "conformance"


async def run_authorization() -> tuple[int, Checks, str]:
    """Run it; gives the exit status, the checks and the output."""
    program = node()
    if program is None:
        raise SystemExit("Node.js is not installed: run tests/clients/install.py")
    port = free_port()
    client: dict[str, Any] = {
        "client_id": CLIENT,
        "name": "Conformance suite",
        "redirect_uris": [f"http://127.0.0.1:{port}/callback"],
    }
    async with demo(0, clients={"configured": [client], "metadata_documents": True}) as telamon:
        home = telamon.settings.public_url
        with TemporaryDirectory() as folder:
            process = await asyncio.create_subprocess_exec(
                str(program),
                str(SUITE / "dist/index.js"),
                "authorization",
                *("--url", home, "--client-id", CLIENT, "--resource", f"{home}/v1/mcp"),
                *("--port", str(port), "--output-dir", folder),
                cwd=SUITE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            async with asyncio.timeout(120):
                output = await _clicking(process, home)
            return process.returncode or 0, read_checks(folder), output


async def _clicking(process: asyncio.subprocess.Process, home: str) -> str:
    """Read what the suite prints; go where it says, approve, and bring the answer back to it."""
    assert process.stdout is not None
    lines: list[str] = []
    visits: list[asyncio.Task[None]] = []
    async for raw in process.stdout:
        line = raw.decode(errors="replace")
        lines.append(line)
        found = re.search(re.escape(home) + r"/authorize\?\S+", line)
        if found and not visits:
            visits.append(asyncio.create_task(_approve(home, found[0])))
    await process.wait()
    await asyncio.gather(*visits)
    return "".join(lines)


async def _approve(home: str, url: str) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        browser = Browser(http, home)
        page = await browser.open(url)
        while page.location is None:
            form = page.forms[0]
            page = await browser.submit(page, form, **form.labelled("Ada"), **form.agreed())
        async with http.get(page.location) as answer:
            await answer.read()
