"""A headless Chromium, driven over its DevTools protocol."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60


def program() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Tab:
    """One page. ``complaints`` is what the browser logged: blocked styles, scripts, forms."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, address: str) -> None:
        self._socket = socket
        self.address = address
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Event()
        self.complaints: list[str] = []
        self.session = ""

    async def listen(self) -> None:
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said.get("result", said.get("error")))
            elif said["method"] == "Log.entryAdded":
                entry = said["params"]["entry"]
                if entry["source"] != "network":  # an answer of 404 is no complaint
                    self.complaints.append(entry["text"])
            elif said["method"] == "Page.loadEventFired":
                self._loaded.set()

    async def send(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        number = next(self._ids)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        message: dict[str, Any] = {"id": number, "method": method, "params": params or {}}
        if self.session:
            message["sessionId"] = self.session
        await self._socket.send_json(message)
        return await asyncio.wait_for(self._waiting[number], PATIENCE)

    async def open(self, url: str, *, width: int = 1100, scheme: str = "light") -> None:
        """Load *url* in a window of this width, in the light or the dark scheme."""
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.send("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self.send("Emulation.setEmulatedMedia", {"features": [feature]})
        async with self.leading_on():
            await self.send("Page.navigate", {"url": url})

    @asynccontextmanager
    async def leading_on(self) -> AsyncIterator[None]:
        """What is done in the block leads to another page; wait until that one is there."""
        self._loaded.clear()
        yield
        await asyncio.wait_for(self._loaded.wait(), PATIENCE)

    async def value(self, expression: str) -> Any:
        """Evaluate *expression* in the page; the page's own policy does not apply to it."""
        asked = {"expression": expression, "returnByValue": True}
        return (await self.send("Runtime.evaluate", asked))["result"].get("value")

    async def press(self, key: str) -> None:
        code, text = {"Tab": (9, ""), "Enter": (13, "\r")}[key]
        pressed = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
        for kind in ("keyDown" if text else "rawKeyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", {"type": kind} | pressed)

    async def click(self, x: float, y: float) -> None:
        at = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", {"type": kind} | at)


@asynccontextmanager
async def a_tab(folder: Path) -> AsyncIterator[Tab]:
    """Start the browser with an empty profile in *folder*, and end it after."""
    path = program()
    assert path is not None
    process = await asyncio.create_subprocess_exec(
        path,
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-dev-shm-usage", "--remote-debugging-port=0", f"--user-data-dir={folder}"),
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        address = await asyncio.wait_for(_address(process.stderr), PATIENCE)
        rest = asyncio.create_task(process.stderr.read())
        async with another_tab(address) as tab:
            yield tab
        process.terminate()
        await rest
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()


@asynccontextmanager
async def another_tab(address: str) -> AsyncIterator[Tab]:
    """Open a tab in the browser whose DevTools are at *address*; tabs share their cookies."""
    async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=0) as ws:
        tab = Tab(ws, address)
        listening = asyncio.create_task(tab.listen())
        target = await tab.send("Target.createTarget", {"url": "about:blank"})
        attached = await tab.send("Target.attachToTarget", target | {"flatten": True})
        tab.session = attached["sessionId"]
        for domain in ("Page", "Log", "Runtime"):
            await tab.send(f"{domain}.enable")
        yield tab
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _address(said: asyncio.StreamReader) -> str:
    async for line in said:
        if line.startswith(b"DevTools listening on "):
            return line.split()[-1].decode()
    raise AssertionError("Chromium ended before it listened")
