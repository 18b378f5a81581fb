"""What a stream that stands open keeps, and gives back."""

import asyncio
import gc
import inspect
from typing import Any, NoReturn

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from conftest import FakeClock
from fakes.endpoint_server import McpServer, mcp_server
from fakes.endpoint_workshop import Workshop, make_workshop
from fakes.mcp_client import Client, all_events, read_event, request
from fakes.replica_pair import eventually

from telamon.endpoint.delivery import _Standing, stand
from telamon.endpoint.kernel import JSONRPCRequest, ServerRequestContext
from telamon.endpoint.streams import Stream

LISTEN = request("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
HANDLERS = {"guarded", "logged", "answered", "serve_one", "ServerRunner._on_request"}


def kept() -> dict[str, int]:
    """How many of the things that answer a request are alive."""
    gc.collect()
    alive = gc.get_objects()
    running = [
        each.__qualname__.split("<locals>.")[-1] for each in alive if inspect.iscoroutine(each)
    ]
    return {
        "handlers": sum(name in HANDLERS for name in running),
        "requests": sum(isinstance(each, JSONRPCRequest) for each in alive),
        "contexts": sum(isinstance(each, ServerRequestContext) for each in alive),
        "headers": sum(len(each.headers) for each in alive if isinstance(each, _Standing)),
    }


@pytest.mark.parametrize("kind", ["get", "listen", "sse"])
async def test_an_idle_stream_keeps_nothing_of_what_opened_it(
    server: McpServer, client: Client, kind: str
) -> None:
    if kind == "get":
        await client.start()
    if kind == "sse":
        client.url = server.sse
    before = kept()
    async with client.sent_modern(LISTEN) if kind == "listen" else client.listening() as stream:
        assert stream.status == 200
        if kind != "get":
            assert await read_event(stream) is not None
        assert kept() == before
        assert server.endpoint.streams == 1


@pytest.mark.parametrize("kind", ["get", "listen", "sse"])
async def test_a_stream_that_is_over_makes_room_for_the_next_one(
    workshop: Workshop, client: Client, clock: FakeClock, kind: str
) -> None:
    async with mcp_server([make_workshop(workshop)], clock=clock, limits={"streams": 1}) as small:
        for _ in range(3):
            ada = Client(client.http, small.mcp, await small.token())
            if kind == "get":
                await ada.start()
            if kind == "sse":
                ada.url = small.sse
            opening = ada.sent_modern(LISTEN) if kind == "listen" else ada.listening()
            async with opening as stream:
                assert stream.status == 200
                refused = Client(client.http, small.sse, await small.token(account="ben"))
                async with refused.listening() as second:
                    assert second.status == 429
                stream.close()
            await eventually(lambda: not small.endpoint.streams)


async def test_the_principals_of_open_streams_share_their_scopes(
    server: McpServer, client: Client
) -> None:
    ben = Client(client.http, server.mcp, await server.token(account="ben"))
    async with client.sent_modern(LISTEN), ben.sent_modern(LISTEN):
        ours, theirs = (each.admission.principal for each in server.endpoint._lines._open)
        assert ours.account_id != theirs.account_id
        assert ours.scopes is theirs.scopes


async def test_a_listener_that_comes_while_the_server_closes_is_told_so_at_once(
    server: McpServer, client: Client
) -> None:
    server.endpoint._subscriptions.close()
    async with client.sent_modern(LISTEN) as stream:
        said = [event.message for event in await all_events(stream)]
    assert said[0]["method"] == "notifications/subscriptions/acknowledged"
    assert said[1]["result"]["resultType"] == "complete"
    assert len(said) == 2


@pytest.mark.parametrize("error", [ConnectionResetError, asyncio.CancelledError])
async def test_a_stream_whose_client_goes_before_it_has_begun_is_over(
    error: type[BaseException],
) -> None:
    over: list[bool] = []

    async def never(_: web.StreamResponse) -> NoReturn:
        raise AssertionError

    async def gone(_: Any) -> None:
        raise error

    writer = make_mocked_request("GET", "/").writer
    writer.write_headers = lambda *_: gone(None)  # type: ignore[method-assign]
    opening = stand(
        make_mocked_request("GET", "/", writer=writer), {}, never, lambda: over.append(True)
    )
    if error is ConnectionResetError:
        assert not (await opening).prepared
    else:
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert over == [True]


async def test_what_nobody_can_come_back_for_is_not_kept() -> None:
    stream = Stream(0)
    reader = stream.attach(make_mocked_request("GET", "/"))
    written: list[bytes] = []

    class Answer(web.StreamResponse):
        async def write(self, data: Any) -> None:
            written.append(bytes(data))

    pumping = asyncio.ensure_future(stream.pump(Answer(), reader, ids=False))
    for number in range(3):
        stream.push(b"%d" % number)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert stream.log == ()
        assert stream.size == 0
    stream.end()
    await pumping
    assert [data.split(b"data: ")[1].strip() for data in written] == [b"0", b"1", b"2"]
