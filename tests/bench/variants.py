"""How each transport is asked: one caller for each simulated client."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from itertools import count

from bench.load import Connection, connect

Ask = Callable[[], Awaitable[bool]]
BOTH = "application/json, text/event-stream"
Call = Mapping[str, object]
ARGUMENTS: Call = {"name": "getJiraIssue", "arguments": {"issueIdOrKey": "DEMO-1"}}
META = "io.modelcontextprotocol"
GOOD = b"DEMO-1"


def post(path: str, body: object, **headers: str) -> bytes:
    """Return a POST as bytes."""
    text = json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(text)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + text


def rpc(number: int, method: str, params: object) -> dict[str, object]:
    """Return a JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


async def bare(port: int, _host: str, _token: str) -> Ask:
    """The bare proxy."""
    return await bare_at("/", GOOD)(port, _host, _token)


def bare_at(path: str, good: bytes) -> Callable[[int, str, str], Awaitable[Ask]]:
    """The bare proxy, asked for another path of the upstream."""

    async def make(port: int, _host: str, _token: str) -> Ask:
        connection = await connect(port)
        request = post(path, {"any": "thing"})

        async def ask() -> bool:
            return good in await connection.ask(request)

        return ask

    return make


def stateless(
    call: Call = ARGUMENTS, good: bytes = GOOD
) -> Callable[[int, str, str], Awaitable[Ask]]:
    """Revision 2026-07-28."""

    async def make(port: int, host: str, token: str) -> Ask:
        connection = await connect(port)
        request = stateless_request(call, host, token)

        async def ask() -> bool:
            return good in await connection.ask(request)

        return ask

    return make


def stateless_request(call: Call, host: str, token: str) -> bytes:
    """One tool call of revision 2026-07-28 as bytes."""
    envelope = {
        f"{META}/protocolVersion": "2026-07-28",
        f"{META}/clientCapabilities": {},
        f"{META}/clientInfo": {"name": "bench", "version": "1"},
    }
    return post(
        "/v1/mcp",
        rpc(1, "tools/call", {**call, "_meta": envelope}),
        Accept=BOTH,
        Authorization=f"Bearer {token}",
        MCP_Protocol_Version="2026-07-28",
        Mcp_Method="tools/call",
        Mcp_Name=str(call["name"]),
    ).replace(b"Host: localhost", f"Host: {host}".encode())


def session() -> Callable[[int, str, str], Awaitable[Ask]]:
    """Revision 2025-11-25, in a session."""

    async def make(port: int, host: str, token: str) -> Ask:
        connection = await connect(port)
        headers = {"Accept": BOTH, "Authorization": f"Bearer {token}"}

        def request(body: object, **more: str) -> bytes:
            return post("/v1/mcp", body, **headers, **more).replace(
                b"Host: localhost", f"Host: {host}".encode()
            )

        hello = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        }
        answer = await connection.ask(request(rpc(0, "initialize", hello)))
        lines = answer.split(b"\r\n\r\n", 1)[0].decode().split("\r\n")
        found = [line.split(":", 1)[1].strip() for line in lines if "session-id" in line.lower()]
        in_session = {"Mcp_Session_Id": found[0], "MCP_Protocol_Version": "2025-11-25"}
        done = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        await connection.ask(request(done, **in_session))
        numbers = count(1)

        async def ask() -> bool:
            body = rpc(next(numbers), "tools/call", ARGUMENTS)
            return GOOD in await connection.ask(request(body, **in_session))

        return ask

    return make


class Stream(Connection):
    """The GET stream of HTTP+SSE: every event that carries an answer wakes one waiter."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = bytearray()
        self.events: asyncio.Queue[bytes] = asyncio.Queue()

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while (end := self._seen.find(b"\r\n\r\n", 0)) >= 0:
            block = bytes(self._seen[:end])
            del self._seen[: end + 4]
            if b"\r\ndata:" in block:
                self.events.put_nowait(block)


async def http_sse(port: int, host: str, token: str) -> Ask:
    """Revision 2024-11-05: answers come on the stream."""
    loop = asyncio.get_running_loop()
    transport, stream = await loop.create_connection(Stream, "127.0.0.1", port)
    transport.write(
        f"GET /v1/sse HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    block = (await stream.events.get()).decode()
    lines = [line for line in block.splitlines() if line.startswith("data:")]
    if not lines:
        raise RuntimeError(f"no endpoint event: {block[:200]}")
    path = lines[0][lines[0].index("/v1/") :].strip()
    connection = await connect(port)
    numbers = count(1)

    async def call(method: str, params: object) -> bytes:
        request = post(path, rpc(next(numbers), method, params), Authorization=f"Bearer {token}")
        await connection.ask(request.replace(b"Host: localhost", f"Host: {host}".encode()))
        return await stream.events.get()

    hello = {
        "protocolVersion": "2024-11-05",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    }
    await call("initialize", hello)
    done = post(
        path,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        Authorization=f"Bearer {token}",
    )
    await connection.ask(done.replace(b"Host: localhost", f"Host: {host}".encode()))

    async def ask() -> bool:
        return GOOD in await call("tools/call", ARGUMENTS)

    return ask
