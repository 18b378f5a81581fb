"""A headless Chromium, driven over its DevTools protocol."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS = 60


@dataclass(kw_only=True)
class Tab:
    """One tab; every event is kept until somebody waits for it."""

    socket: aiohttp.ClientWebSocketResponse
    session: str
    events: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    replies: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    count: int = 0

    async def call(self, method: str, **params: Any) -> Any:
        self.count += 1
        reply = self.replies[self.count] = asyncio.get_running_loop().create_future()
        await self.socket.send_json(
            {"id": self.count, "method": method, "params": params, "sessionId": self.session}
        )
        async with asyncio.timeout(SECONDS):
            return await reply

    async def listen(self) -> None:
        async for message in self.socket:
            said = json.loads(message.data)
            if "id" in said and said["id"] in self.replies:
                self.replies.pop(said["id"]).set_result(said.get("result", said.get("error")))
            elif "method" in said:
                self.events.put_nowait(said)

    async def event(self, method: str, **wanted: str) -> dict[str, Any]:
        """Wait for an event whose parameters begin like *wanted*."""
        async with asyncio.timeout(SECONDS):
            while True:
                said = await self.events.get()
                params: dict[str, Any] = said["params"]
                if said["method"] == method and all(
                    str(params.get(name, "")).startswith(value) for name, value in wanted.items()
                ):
                    return params

    async def go(self, url: str) -> None:
        await self.call("Page.navigate", url=url)
        await self.event("Page.loadEventFired")

    async def read(self, expression: str) -> Any:
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def click(self, selector: str) -> None:
        """Press a button and wait for the page that follows."""
        await self.call(
            "Runtime.evaluate", expression=f"document.querySelector({selector!r}).click()"
        )
        await self.event("Page.loadEventFired")


@asynccontextmanager
async def chromium(directory: Path, host: str, port: int) -> AsyncGenerator[Tab, None]:
    """Start Chromium with an empty profile; *host* is at *port* of loopback, whatever the port."""
    assert PROGRAM is not None
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--ignore-certificate-errors",
        f"--host-resolver-rules=MAP {host} 127.0.0.1:{port}",
        f"--user-data-dir={directory}/profile",
        "--remote-debugging-port=0",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        address = ""
        async with asyncio.timeout(SECONDS):
            while not address:
                line = (await process.stderr.readline()).decode(errors="replace")
                found = re.search(r"listening on (ws://\S+)", line)
                address = found[1] if found else ""
        drained = asyncio.ensure_future(process.stderr.read())
        async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=0) as ws:
            browser = Tab(socket=ws, session="")
            await ws.send_json(
                {"id": 1, "method": "Target.createTarget", "params": {"url": "about:blank"}}
            )
            target = (await _reply(ws, 1))["targetId"]
            await ws.send_json(
                {
                    "id": 2,
                    "method": "Target.attachToTarget",
                    "params": {"targetId": target, "flatten": True},
                }
            )
            browser.session = (await _reply(ws, 2))["sessionId"]
            browser.count = 2
            listening = asyncio.ensure_future(browser.listen())
            await browser.call("Page.enable")
            try:
                yield browser
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        drained.cancel()
        await asyncio.gather(drained, return_exceptions=True)
    finally:
        process.terminate()
        await process.wait()


async def _reply(socket: aiohttp.ClientWebSocketResponse, number: int) -> Any:
    while True:
        said = await socket.receive_json()
        if said.get("id") == number:
            return said["result"]
