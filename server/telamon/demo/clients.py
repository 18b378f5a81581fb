"""Small MCP clients over plain HTTP, one for each transport, to show that each works."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Protocol
from urllib.parse import urljoin

import aiohttp

BOTH = "application/json, text/event-stream"
STATELESS = "2026-07-28"
SESSION = "2025-11-25"
META = "io.modelcontextprotocol"


class ProtocolError(Exception):
    """The server answered something that this revision does not allow, or an error."""


class Caller(Protocol):
    """Sends one request and returns its ``result``."""

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send *method*; raises :class:`ProtocolError` for an error answer."""
        ...


def result_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a JSON-RPC response."""
    if "result" not in message:
        raise ProtocolError(str(message.get("error", message)))
    result: dict[str, Any] = message["result"]
    return result


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, str]]:
    """Yield the name and the data of each server-sent event."""
    name, data = "message", list[str]()
    async for raw in answer.content:
        line = raw.decode().rstrip("\r\n")
        if not line:
            if data:
                yield name, "\n".join(data)
            name, data = "message", []
        elif line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))


async def response_in(answer: aiohttp.ClientResponse, request_id: int) -> dict[str, Any]:
    """Read the response to *request_id* out of a JSON or an SSE answer."""
    if answer.content_type == "text/event-stream":
        async for _, data in events(answer):
            if data and (message := json.loads(data)).get("id") == request_id:
                return result_of(message)
        raise ProtocolError("the stream ended without the response")
    if answer.content_type != "application/json":
        raise ProtocolError(f"HTTP {answer.status} {answer.content_type}")
    return result_of(await answer.json())


class StatelessClient:
    """Revision 2026-07-28: every request stands for itself."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self._http, self._url = http, url
        self._headers = {"Authorization": f"Bearer {token}", "Accept": BOTH}
        self._ids = count(1)

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send one request with its envelope."""
        given = dict(params or {})
        request_id = next(self._ids)
        named = given.get("name") or given.get("uri")
        headers = {
            **self._headers,
            "MCP-Protocol-Version": STATELESS,
            "Mcp-Method": method,
            **({"Mcp-Name": str(named)} if named else {}),
        }
        given["_meta"] = {
            f"{META}/protocolVersion": STATELESS,
            f"{META}/clientCapabilities": {},
            f"{META}/clientInfo": {"name": "telamon-demo", "version": "1"},
        }
        body = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": given}
        async with self._http.post(self._url, json=body, headers=headers) as answer:
            return await response_in(answer, request_id)


class SessionClient:
    """Revision 2025-11-25: Streamable HTTP with a session."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self._http, self._url = http, url
        self._headers = {"Authorization": f"Bearer {token}", "Accept": BOTH}
        self._ids = count(1)

    async def open(self) -> str:
        """Initialize; returns the revision that was agreed on."""
        hello = {
            "protocolVersion": SESSION,
            "capabilities": {},
            "clientInfo": {"name": "telamon-demo", "version": "1"},
        }
        agreed: str = (await self.call("initialize", hello))["protocolVersion"]
        self._headers["MCP-Protocol-Version"] = agreed
        done = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        async with self._http.post(self._url, json=done, headers=self._headers) as answer:
            if answer.status != 202:
                raise ProtocolError(f"HTTP {answer.status} to notifications/initialized")
        return agreed

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send one request in the session."""
        request_id = next(self._ids)
        body = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": dict(params or {})}
        async with self._http.post(self._url, json=body, headers=self._headers) as answer:
            if session := answer.headers.get("Mcp-Session-Id"):
                self._headers["Mcp-Session-Id"] = session
            return await response_in(answer, request_id)

    async def close(self) -> int:
        """DELETE the session; returns the status."""
        async with self._http.delete(self._url, headers=self._headers) as answer:
            return answer.status


class SseClient:
    """Revision 2024-11-05: one stream for answers, another address for requests."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, token: str, stream: AsyncIterator[Any]
    ) -> None:
        self._http, self._url, self._stream = http, url, stream
        self._headers = {"Authorization": f"Bearer {token}"}
        self._ids = count(1)

    async def hello(self) -> None:
        """Initialize the session of the stream."""
        await self.call(
            "initialize",
            {
                "protocolVersion": "2024-11-05",
                "capabilities": {},
                "clientInfo": {"name": "telamon-demo", "version": "1"},
            },
        )
        await self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Post one request and wait for its answer on the stream."""
        request_id = next(self._ids)
        await self._post(
            {"jsonrpc": "2.0", "id": request_id, "method": method, "params": dict(params or {})}
        )
        async for _, data in self._stream:
            if data and (message := json.loads(data)).get("id") == request_id:
                return result_of(message)
        raise ProtocolError("the stream ended without the response")

    async def _post(self, body: Mapping[str, Any]) -> None:
        async with self._http.post(self._url, json=body, headers=self._headers) as answer:
            if answer.status != 202:
                raise ProtocolError(f"HTTP {answer.status} to a posted message")


@asynccontextmanager
async def sse_client(
    http: aiohttp.ClientSession, url: str, token: str
) -> AsyncGenerator[SseClient, None]:
    """Open the stream at *url* and yield a client that is initialized."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    async with http.get(url, headers=headers) as answer:
        if answer.content_type != "text/event-stream":
            raise ProtocolError(f"HTTP {answer.status} {answer.content_type}")
        stream = events(answer)
        name, data = await anext(stream)
        if name != "endpoint":
            raise ProtocolError(f"the first event is {name}, not endpoint")
        client = SseClient(http, urljoin(url, data), token, stream)
        await client.hello()
        yield client
