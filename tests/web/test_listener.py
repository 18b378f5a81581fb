"""The listening socket's bound; against a real process in ``tests/faults``."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web
from conftest import FakeClock
from structlog.testing import capture_logs

from telamon.web.listener import RESERVE, BoundedSite, affordable

Limits = Callable[[int, int], list[tuple[int, int]]]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Limits:
    """Make the process's limits look so; what is set then is kept in the list."""

    def pretend(soft: int, hard: int) -> list[tuple[int, int]]:
        chosen: list[tuple[int, int]] = []
        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
        monkeypatch.setattr(resource, "setrlimit", lambda _, pair: chosen.append(pair))
        return chosen

    return pretend


@pytest.mark.row("SEC-R06")
@pytest.mark.parametrize(
    ("has", "wanted", "given", "raised"),
    [
        ((65_536, 65_536), 20_000, 20_000, None),
        ((1024, 524_288), 20_000, 20_000, 20_000 + RESERVE),
        ((1024, 4096), 20_000, 4096 - RESERVE, 4096),
        ((1024, 1024), 20_000, 512, None),
        ((200, 200), 20_000, 100, None),
        ((1024, 1024), 50, 50, None),
    ],
)
def test_as_many_connections_are_taken_as_there_are_descriptors(
    limits: Limits, has: tuple[int, int], wanted: int, given: int, raised: int | None
) -> None:
    chosen = limits(*has)
    with capture_logs() as logs:
        assert affordable(wanted) == given
    assert chosen == ([] if raised is None else [(raised, has[1])])
    assert bool(logs) is (given < wanted)


@pytest.fixture
async def site(clock: FakeClock) -> AsyncIterator[BoundedSite]:
    async def here(_: web.Request) -> web.Response:
        return web.Response(text="here")

    app = web.Application()
    app.router.add_get("/", here)
    runner = web.AppRunner(app)
    await runner.setup()
    site = BoundedSite(runner, "127.0.0.1", 0, most=2, ticks=clock)
    await site.start()
    yield site
    await runner.cleanup()
    assert site.open == 0


async def connect(site: BoundedSite) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port: int = site._runner.addresses[0][1]
    return await asyncio.open_connection("127.0.0.1", port)


async def ask(pair: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bytes:
    pair[1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    return await pair[0].readuntil(b"here")


@pytest.mark.row("SEC-R06")
async def test_who_comes_when_all_places_are_taken_is_refused_until_one_is_free(
    site: BoundedSite, clock: FakeClock
) -> None:
    assert site.name == "http://127.0.0.1:0"
    pairs = [await connect(site) for _ in range(2)]
    for pair in pairs:
        assert b" 200 OK" in await ask(pair)
    assert site.open == 2
    with capture_logs() as logs:
        for _ in range(3):
            reader, writer = await connect(site)
            assert (await reader.read()).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            writer.close()
        clock.advance(11)
        reader, writer = await connect(site)
        assert b"Retry-After: 5" in await reader.read()
        writer.close()
    assert [line["refused"] for line in logs] == [1, 4]  # said once, and again after a while
    assert site.refused == 4
    assert b" 200 OK" in await ask(pairs[0])
    pairs[1][1].close()
    while site.open == 2:  # noqa: ASYNC110 - the loop's next turns close it
        await asyncio.sleep(0)
    again = await connect(site)
    assert b" 200 OK" in await ask(again)
    for _, writer in (pairs[0], again):
        writer.close()


async def test_who_has_connected_before_it_stops_is_served_and_later_ones_are_refused(
    site: BoundedSite,
) -> None:
    port: int = site._runner.addresses[0][1]
    # The loop has no turn to take it.
    with socket.create_connection(("127.0.0.1", port)) as waiting:
        await site.stop()
        waiting.setblocking(False)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection(sock=waiting)
        assert b" 200 OK" in await ask((reader, writer))
        site.hang_up()
        assert await reader.read() == b""
        writer.close()
