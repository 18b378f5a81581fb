"""How a client of each revision asks and listens; whatever is not an answer is a ``Failure``."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any

import aiohttp
from fakes.mcp_client import INITIALIZED, Answer, Client, initialize, read_event, request
from soak.ledger import Failure

Ask = Callable[[str, Mapping[str, Any]], Awaitable[str]]
"""Sends a method with its parameters, and returns the whole text of the answer."""
Hear = Callable[[str], None]
"""Is given the text of every event that comes on a stream."""
ANSWER_SECONDS = 90.0
LOST = (aiohttp.ClientError, OSError, TimeoutError)
"""What a broken connection raises."""


def text_of(answer: Answer) -> str:
    """Return the answer's text.

    Raises:
        Failure: It is an error of HTTP, of JSON-RPC, or of a tool.
    """
    if answer.status != 200:
        raise Failure(f"HTTP {answer.status}", json.dumps(answer.body))
    if not answer.messages:
        raise Failure("ended", "the stream ended without an answer")
    return told(answer.last)


def told(message: Any) -> str:
    """Return the text of a JSON-RPC response, as :func:`text_of` does."""
    if "error" in message:
        raise Failure(f"JSON-RPC {message['error']['code']}", str(message["error"]["message"]))
    text = json.dumps(message["result"], ensure_ascii=False)
    if message["result"].get("isError"):
        raise Failure("tool", text)
    return text


@asynccontextmanager
async def stateless(
    http: aiohttp.ClientSession, home: str, token: str, hear: Hear
) -> AsyncGenerator[Ask, None]:
    """Revision 2026-07-28, with a subscription open."""
    client, ids = Client(http, f"{home}/v1/mcp", token), count(2)

    async def ask(method: str, params: Mapping[str, Any]) -> str:
        return text_of(await client.modern(request(method, dict(params), next(ids))))

    async def listen() -> None:
        wanted = {"notifications": {"toolsListChanged": True}}
        async with client.sent_modern(request("subscriptions/listen", wanted)) as response:
            await _hear(response, hear)

    async with _background(listen):
        yield ask


@asynccontextmanager
async def session(
    http: aiohttp.ClientSession, home: str, token: str, hear: Hear, *, leave: bool
) -> AsyncGenerator[Ask, None]:
    """Revision 2025-11-25 with its GET stream; to *leave* is to go without ending the session."""
    client, ids = Client(http, f"{home}/v1/mcp", token), count(1)
    began = await client.post(initialize("2025-11-25"))
    text_of(began)
    client.session, client.version = began.headers["Mcp-Session-Id"], "2025-11-25"
    await client.post(INITIALIZED)

    async def ask(method: str, params: Mapping[str, Any]) -> str:
        return text_of(await client.post(request(method, dict(params), next(ids))))

    async def listen() -> None:
        async with client.listening(Accept="text/event-stream") as response:
            await _hear(response, hear)

    async with _background(listen):
        yield ask
    if not leave:
        async with http.delete(client.url, headers=client.headers()) as answer:
            if answer.status not in {200, 204}:
                raise Failure(f"HTTP {answer.status}", "the session could not be ended")


@asynccontextmanager
async def http_sse(
    http: aiohttp.ClientSession, home: str, token: str, hear: Hear
) -> AsyncGenerator[Ask, None]:
    """Revision 2024-11-05: one stream for all answers."""
    client, ids = Client(http, f"{home}/v1/sse", token), count(1)
    waiting: dict[int, asyncio.Future[str | None]] = {}

    async def read(response: aiohttp.ClientResponse) -> None:
        try:
            while (event := await read_event(response)) is not None:
                if event.data is not None:
                    hear(event.data)
                    message = event.message
                    if "id" in message and (future := waiting.get(message["id"])):
                        future.set_result(event.data)
        except LOST:
            pass
        for future in waiting.values():
            if not future.done():
                future.set_result(None)

    async with client.listening(Accept="text/event-stream") as response:
        if response.status != 200:
            raise Failure(f"HTTP {response.status}", await response.text())
        first = await read_event(response)
        if first is None or first.data is None:
            raise Failure("ended", "the stream ended before it named its address")
        address = f"{home}{first.data}"

        async def post(message: Any) -> None:
            answer = await client.post(message, address)
            if answer.status != 202:
                raise Failure(f"HTTP {answer.status}", json.dumps(answer.body))

        async def ask(method: str, params: Mapping[str, Any]) -> str:
            number = next(ids)
            future = waiting[number] = asyncio.get_running_loop().create_future()
            try:
                if reader.done():
                    raise Failure("ended", "the stream has ended")
                await post(request(method, dict(params), number))
                async with asyncio.timeout(ANSWER_SECONDS):
                    said = await future
            finally:
                del waiting[number]
            if said is None:
                raise Failure("ended", "the stream ended without an answer")
            return told(json.loads(said))

        async with _background(partial(read, response)) as reader:
            await ask("initialize", initialize("2024-11-05")["params"])
            await post(INITIALIZED)
            yield ask


async def _hear(response: aiohttp.ClientResponse, hear: Hear) -> None:
    """Listen until the stream ends, in whatever way: a client opens another one later."""
    with contextlib.suppress(*LOST):
        while (event := await read_event(response)) is not None:
            if event.data:
                hear(event.data)


@asynccontextmanager
async def _background(
    work: Callable[[], Awaitable[None]],
) -> AsyncGenerator[asyncio.Task[None], None]:
    async def quietly() -> None:
        with contextlib.suppress(*LOST):
            await work()

    task = asyncio.ensure_future(quietly())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
