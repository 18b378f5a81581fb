"""Signals that a process gets from an operator, a kernel or a debugger."""

import asyncio
import signal

import aiohttp
import pytest
from fakes.serve_process import Served, Walk, until

from telamon.demo.clients import SessionClient, events


async def listen(walk: Walk, url: str, **headers: str) -> aiohttp.ClientResponse:
    """Open an event stream."""
    answer = await walk.http.get(
        url, headers={**walk.bearer, "Accept": "text/event-stream", **headers}
    )
    assert answer.status == 200
    return answer


async def all_of(stream: aiohttp.ClientResponse) -> list[tuple[str, str]]:
    """Every event until the stream ends; cut short, it raises."""
    return [event async for event in events(stream)]


@pytest.mark.row("SEC-P11")
async def test_sigterm_lets_calls_finish_and_ends_streams_in_time(server: Served) -> None:
    await server.start()
    ada = await server.signed_in()
    session = SessionClient(ada.http, ada.state["resource"], ada.access_token)
    await session.open()
    streams = [await listen(ada, f"{server.home}/v1/sse") for _ in range(5)]
    ends = [asyncio.ensure_future(all_of(stream)) for stream in streams]
    server.atlassian.board.set({"latency_ms": 1500})
    calls = [asyncio.ensure_future(ada.call()) for _ in range(5)]
    await until(lambda: server.asked == 5)
    assert await server.end() == 0
    for text, failed in await asyncio.gather(*calls):
        assert not failed, text
    for end in ends:
        assert (await end)[0][0] == "endpoint"
    said = [line["event"] for line in server.lines if line["event"].startswith("server.")]
    assert said[-2:] == ["server.stopping", "server.stopped"]
    assert not server.events("server.cut")


@pytest.mark.row("SEC-P11", "SEC-P12")
async def test_sigterm_in_the_middle_of_a_refresh_keeps_what_atlassian_answered(
    server: Served,
) -> None:
    await server.start()
    ada = await server.signed_in()
    assert not (await ada.call())[1]
    server.atlassian.grants.expire_access_tokens()
    server.atlassian.board.set({"latency_ms": 800})
    call = asyncio.ensure_future(ada.call())
    await until(lambda: server.atlassian.grants.counts.refreshes)
    assert await server.end() == 0
    assert not (await call)[1]
    server.atlassian.board.set({"latency_ms": 0, "leeway_seconds": 0})
    await server.start()
    text, failed = await ada.call()
    assert not failed, text
    assert server.atlassian.grants.counts.breaches == 0


@pytest.mark.row("SEC-T35", "SEC-P10")
@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_a_killed_server_has_lost_nothing_that_it_answered(
    server: Served, engine: str, request: pytest.FixtureRequest
) -> None:
    if engine == "postgres":
        url = request.getfixturevalue("postgres").new_database()
        server.environment["TELAMON_STORAGE__URL"] = url
    await server.start()
    walks = [await server.signed_in(person) for person in ("Ada", "Ben")]
    for _ in range(2):
        work = [asyncio.ensure_future(busy(walk)) for walk in walks]
        await asyncio.sleep(0.3)
        assert await server.end(signal.SIGKILL) == -signal.SIGKILL
        await asyncio.gather(*work)
        await server.start()
        for walk in walks:
            await recovered(walk)
    for walk in walks:
        text, failed = await walk.call()
        assert not failed, text
    assert server.atlassian.grants.counts.breaches == 0


async def busy(walk: Walk) -> None:
    """Refresh and call until the server is gone."""
    try:
        while True:
            status, said = await walk.refreshed()
            assert status == 200, said
            text, failed = await walk.call()
            assert not failed, text
    except (aiohttp.ClientError, ConnectionError):
        return


async def recovered(walk: Walk) -> None:
    """The token that the client has last seen still works: itself, or its stored successor."""
    status, said = await walk.refreshed()
    assert status == 200, said


async def test_a_frozen_server_answers_what_it_was_asked_meanwhile(server: Served) -> None:
    await server.start()
    ada = await server.signed_in()
    await ada.call()
    server.signal(signal.SIGSTOP)
    before = server.asked
    calls = [asyncio.ensure_future(ada.call()) for _ in range(10)]
    refresh = asyncio.ensure_future(ada.refreshed())
    await asyncio.sleep(1.5)
    assert not any(call.done() for call in calls)
    server.signal(signal.SIGCONT)
    for text, failed in await asyncio.gather(*calls):
        assert not failed, text
    assert (await refresh)[0] == 200
    assert server.asked - before == 10
    assert (await server.ready())[0] == 200
