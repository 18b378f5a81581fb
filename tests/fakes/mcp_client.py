"""MCP on the wire, by hand: what a test wants to send, and everything that came back."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

BOTH = "application/json, text/event-stream"
MODERN = "2026-07-28"
PREFIX = "io.modelcontextprotocol"


@dataclass(frozen=True)
class Event:
    """One SSE event, or a comment."""

    id: str | None = None
    name: str | None = None
    data: str | None = None
    retry: str | None = None
    comment: str | None = None

    @property
    def message(self) -> Any:
        return json.loads(self.data or "null")


COME_BACK = Event(retry="1000")
"""The end of a stream whose server stops: another one may be opened, and when."""


async def read_event(response: aiohttp.ClientResponse) -> Event | None:
    """Return the next event; None at the end of the stream."""
    fields: dict[str, str] = {}
    while True:
        raw = await response.content.readline()
        if not raw:
            return None
        line = raw.decode().rstrip("\r\n")
        if not line:
            if fields:
                return Event(**fields)
            continue
        name, _, value = line.partition(":")
        key = {"": "comment", "event": "name"}.get(name, name)
        fields[key] = fields[key] + "\n" + value.strip() if key in fields else value.strip()


async def all_events(response: aiohttp.ClientResponse) -> list[Event]:
    """Read the stream to its end."""
    found: list[Event] = []
    while (event := await read_event(response)) is not None:
        found.append(event)
    return found


@dataclass
class Answer:
    """A whole answer: its messages in order, whether it was JSON or a stream."""

    status: int
    headers: Mapping[str, str]
    body: Any = None
    events: list[Event] = field(default_factory=list)

    @property
    def messages(self) -> list[Any]:
        if self.events:
            return [event.message for event in self.events if event.data]
        return [] if self.body is None else [self.body]

    @property
    def last(self) -> Any:
        return self.messages[-1]

    @property
    def result(self) -> Any:
        return self.last["result"]

    @property
    def error(self) -> Any:
        return self.last["error"]

    @property
    def text(self) -> str:
        """The text of a tool's result."""
        (content,) = self.result["content"]
        return str(content["text"])


async def read_answer(response: aiohttp.ClientResponse) -> Answer:
    if response.content_type == "text/event-stream":
        return Answer(response.status, response.headers, events=await all_events(response))
    raw = await response.read()
    body = json.loads(raw) if response.content_type == "application/json" and raw else None
    return Answer(response.status, response.headers, body=body)


def call(name: str, id_: Any = 1, /, **arguments: Any) -> dict[str, Any]:
    """Return a ``tools/call`` request."""
    return request("tools/call", {"name": name, "arguments": arguments}, id_)


def request(method: str, params: Any = None, id_: Any = 1) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "id": id_, "method": method}
    return message if params is None else {**message, "params": params}


def initialize(version: str = "2025-11-25", id_: Any = 0, **capabilities: Any) -> dict[str, Any]:
    return request(
        "initialize",
        {
            "protocolVersion": version,
            "capabilities": capabilities,
            "clientInfo": {"name": "by hand", "version": "1"},
        },
        id_,
    )


INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


@dataclass
class Client:
    """One token at one endpoint."""

    http: aiohttp.ClientSession
    url: str
    token: str | None
    session: str | None = None
    version: str | None = None
    host: str | None = None
    """What to call the server, where it is reached under another name than its own."""

    def headers(self, **more: str | None) -> dict[str, str]:
        """Return the headers; underscores in names are hyphens, None leaves one out."""
        given: dict[str, str | None] = {
            "Authorization": f"Bearer {self.token}" if self.token else None,
            "Accept": BOTH,
            "Mcp-Session-Id": self.session,
            "MCP-Protocol-Version": self.version,
            "Host": self.host,
        }
        given |= {name.replace("_", "-"): value for name, value in more.items()}
        return {name: value for name, value in given.items() if value is not None}

    @asynccontextmanager
    async def sent(
        self, message: Any, url: str | None = None, **headers: str | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """POST *message*; the answer is still open."""
        async with self.http.post(
            url or self.url, json=message, headers=self.headers(**headers)
        ) as response:
            yield response

    async def post(self, message: Any, url: str | None = None, **headers: str | None) -> Answer:
        """POST *message* and read the answer to its end."""
        async with self.sent(message, url, **headers) as response:
            return await read_answer(response)

    @asynccontextmanager
    async def listening(self, **headers: str | None) -> AsyncIterator[aiohttp.ClientResponse]:
        """GET; the answer is still open."""
        async with self.http.get(self.url, headers=self.headers(**headers)) as response:
            yield response

    async def start(self, version: str = "2025-11-25", **capabilities: Any) -> Answer:
        """Initialize a session."""
        self.session = self.version = None
        answer = await self.post(initialize(version, **capabilities))
        self.session, self.version = answer.headers["Mcp-Session-Id"], version
        await self.post(INITIALIZED)
        return answer

    async def modern(
        self,
        message: dict[str, Any],
        *,
        capabilities: Mapping[str, Any] | None = None,
        meta: Mapping[str, Any] | None = None,
        **headers: str | None,
    ) -> Answer:
        """POST *message* as 2026-07-28 wants it."""
        async with self.sent_modern(message, capabilities, meta, **headers) as response:
            return await read_answer(response)

    @asynccontextmanager
    async def sent_modern(
        self,
        message: dict[str, Any],
        capabilities: Mapping[str, Any] | None = None,
        meta: Mapping[str, Any] | None = None,
        /,
        **headers: str | None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        params = dict(message.get("params") or {})
        params["_meta"] = {
            f"{PREFIX}/protocolVersion": MODERN,
            f"{PREFIX}/clientCapabilities": dict(capabilities or {}),
            **(meta or {}),
        }
        named = params.get("name") or params.get("uri")
        fixed: dict[str, str | None] = {
            "MCP_Protocol_Version": MODERN,
            "Mcp_Method": message["method"],
            "Mcp_Name": named if isinstance(named, str) else None,
            **headers,
        }
        async with self.sent({**message, "params": params}, **fixed) as response:
            yield response
