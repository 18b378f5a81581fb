"""Framing that is refused for good, and memory that stays as it was."""

import asyncio
import gc
import re
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from telamon.addresses import Addresses
from telamon.web.body import read_body
from telamon.web.metrics import Metrics
from telamon.web.middleware import setup_web
from telamon.web.pages import Pages

ADDRESSES = Addresses("http://localhost:8080")
METHODS = ("GET", "PUT", "DELETE", "PATCH", "PROPFIND", "MKCOL", "LOCK", "REPORT", "PURGE")
HEAD = b"POST /read HTTP/1.1\r\nHost: localhost:8080\r\n"


def an_app(metrics: Metrics | None = None) -> web.Application:
    """The whole middleware around one handler, and what reached it."""

    async def read(request: web.Request) -> web.Response:
        return web.Response(body=b"read:" + await read_body(request, limit=1000, seconds=5))

    app = web.Application()
    observe = metrics.observe if metrics is not None else None
    setup_web(app, ADDRESSES, Pages(ADDRESSES), observe=observe)
    app.add_routes([web.post("/read", read)])
    return app


async def everything(server: TestServer, sent: bytes) -> bytes:
    """Send, and read until the other side has closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


@pytest.mark.row("SEC-R01")
@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        HEAD + b"Content-Length: +1\r\n\r\nx",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1 1\r\n\r\nx",
        HEAD + b"X: a\r\n folded\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Content-Length: \xd9\xa1\r\n\r\nx",
        HEAD + b"X : a\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n0\r\n\r\n",
        HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 0\n\n",
        b"POST /read HTTP/9.9\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
    ids=[
        "CL then TE",
        "TE then CL",
        "two CL",
        "signed CL",
        "negative CL",
        "CL with a blank",
        "folded",
        "a digit of another script",
        "a blank behind the name",
        "a chunk without a size",
        "bare LF",
        "another version",
        "nonsense",
    ],
)
async def test_framing_that_can_be_read_in_two_ways_ends_the_connection(
    aiohttp_server: Any, sent: bytes
) -> None:
    server = await aiohttp_server(an_app())
    hidden = HEAD + b"Content-Length: 7\r\n\r\nhidden!"
    answer = await everything(server, sent + hidden)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert len(re.findall(rb"HTTP/1\.\d \d\d\d ", answer)) == 1
    assert b"read:" not in answer
    assert b"Traceback" not in answer


@pytest.mark.row("SEC-R07", "SEC-L08")
async def test_endless_distinct_paths_and_methods_leave_nothing_in_memory(
    aiohttp_server: Any,
) -> None:
    metrics = Metrics()
    server = await aiohttp_server(an_app(metrics))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

    async def ask(numbers: range) -> None:
        for number in numbers:
            method = METHODS[number % len(METHODS)].encode()
            for target in (b"GET /nowhere/%d?x=%d" % (number, number), method + b" /read"):
                writer.write(target + b" HTTP/1.1\r\nHost: localhost:8080\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                assert int(head.split()[1]) in {404, 405}
                length = head.lower().partition(b"content-length: ")[2].split()[0]
                await reader.readexactly(int(length))

    await ask(range(300))
    gc.collect()
    before = len(gc.get_objects())
    await ask(range(300, 1300))
    gc.collect()
    assert len(gc.get_objects()) - before < 300
    writer.close()
    series = [sample for family in metrics.registry.collect() for sample in family.samples]
    assert not [each for each in series if "600" in each.labels.values()]


@pytest.mark.row("SEC-R04")
@pytest.mark.parametrize(
    "head", [b"Content-Length: 900\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"]
)
async def test_a_body_that_never_stops_dripping_is_given_up_all_the_same(
    aiohttp_server: Any, head: bytes
) -> None:
    async def read(request: web.Request) -> web.Response:
        return web.Response(body=await read_body(request, limit=1000, seconds=0.3))

    app = web.Application()
    setup_web(app, ADDRESSES, Pages(ADDRESSES))
    app.add_routes([web.post("/read", read)])
    server = await aiohttp_server(app)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(HEAD + head)
    ended = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
    while not ended.done():
        writer.write(b"1\r\nx\r\n" if b"chunked" in head else b"x")
        await asyncio.wait({ended}, timeout=0.02)
    answer = await ended
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer.lower()
