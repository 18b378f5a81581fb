"""What went over the wire between a client and the server, and the secrets that were in it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp import TraceConfig

SECRET_FIELDS = frozenset(
    {
        "access_token",
        "refresh_token",
        "client_secret",
        "code",
        "code_verifier",
        "csrf",
        "txn",
        "state",
    }
)
FORM_FIELD = re.compile(r'name="(\w+)"[^>]*value="([^"]{16,})"')
SHORTEST = 16


@dataclass(kw_only=True, slots=True)
class Exchange:
    """One request and its answer."""

    method: str = ""
    url: str = ""
    authorization: str = ""
    sent: bytearray = field(default_factory=bytearray)
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    body: bytearray = field(default_factory=bytearray)

    def secrets(self) -> Iterator[str]:
        """Every value that must be known to nobody else."""
        yield self.authorization.partition(" ")[2]
        yield from _named(parse_qsl(self.sent.decode(errors="replace")))
        yield from self.given()

    def given(self) -> Iterator[str]:
        """What the answer hands out in the places that are there for it."""
        for name, value in self.headers:
            if name.lower() == "set-cookie":
                yield from (morsel.value for morsel in SimpleCookie(value).values())
            elif name.lower() == "location":
                yield from _named(parse_qsl(urlsplit(value).query))
            elif name.lower() == "mcp-session-id":
                yield value
        text = self.body.decode(errors="replace")
        yield from _named(FORM_FIELD.findall(text))
        if text.startswith("{"):
            said: Any = json.loads(text)
            yield from _named([(k, v) for k, v in said.items() if isinstance(v, str)])


def _named(pairs: list[tuple[str, str]]) -> Iterator[str]:
    yield from (value for name, value in pairs if name in SECRET_FIELDS)


class Traffic:
    """Records all that a client session sends and gets; give its trace to the session."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.trace = TraceConfig()
        self.trace.on_request_start.append(self._start)
        self.trace.on_request_headers_sent.append(self._headers)
        self.trace.on_request_chunk_sent.append(self._sent)
        self.trace.on_response_chunk_received.append(self._came)
        self.trace.on_request_end.append(self._end)

    def secrets(self) -> set[str]:
        """Every secret seen, whoever minted it."""
        found = {secret for each in self.exchanges for secret in each.secrets()}
        return {secret for secret in found if len(secret) >= SHORTEST}

    async def _start(
        self, _: aiohttp.ClientSession, now: SimpleNamespace, said: aiohttp.TraceRequestStartParams
    ) -> None:
        now.exchange = Exchange(method=said.method, url=str(said.url))
        self.exchanges.append(now.exchange)

    async def _headers(
        self,
        _: aiohttp.ClientSession,
        now: SimpleNamespace,
        said: aiohttp.TraceRequestHeadersSentParams,
    ) -> None:
        now.exchange.authorization = said.headers.get("Authorization", "")

    async def _sent(
        self,
        _: aiohttp.ClientSession,
        now: SimpleNamespace,
        said: aiohttp.TraceRequestChunkSentParams,
    ) -> None:
        now.exchange.sent += said.chunk

    async def _came(
        self,
        _: aiohttp.ClientSession,
        now: SimpleNamespace,
        said: aiohttp.TraceResponseChunkReceivedParams,
    ) -> None:
        now.exchange.body += said.chunk

    async def _end(
        self, _: aiohttp.ClientSession, now: SimpleNamespace, said: aiohttp.TraceRequestEndParams
    ) -> None:
        now.exchange.status = said.response.status
        now.exchange.headers = list(said.response.headers.items())
