"""JSON-RPC over a command's standard input and output, as desktop clients speak to mcp-remote."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any


class StdioServer:
    """A started command; its standard error is collected line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._number = 0
        self.errors: list[str] = []
        self._more = asyncio.Condition()
        self._reading = asyncio.create_task(self._read_errors())

    async def _read_errors(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            async with self._more:
                self.errors.append(line.decode(errors="replace").rstrip())
                self._more.notify_all()

    async def line_with(self, text: str, seconds: float = 60) -> str:
        """Wait for a line on standard error that has *text* in it."""
        async with asyncio.timeout(seconds), self._more:
            while not (found := [line for line in self.errors if text in line]):
                await self._more.wait()
        return found[0]

    async def call(self, method: str, params: dict[str, Any], seconds: float = 60) -> Any:
        """Send a request and return its result."""
        self._number += 1
        number = self._number
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        assert self._process.stdout is not None
        async with asyncio.timeout(seconds):
            async for line in self._process.stdout:
                message = json.loads(line)
                if message.get("id") == number:
                    assert "result" in message, message
                    return message["result"]
        raise AssertionError("\n".join(self.errors[-20:]))

    def send(self, message: dict[str, Any]) -> None:
        """Send a message that nobody answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def end(self) -> None:
        """Close its input and wait for it to end, by force if it will not."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reading


@asynccontextmanager
async def started(*command: str, env: dict[str, str]) -> AsyncGenerator[StdioServer, None]:
    """Run *command* for as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**22,
    )
    server = StdioServer(process)
    try:
        yield server
    finally:
        await server.end()
