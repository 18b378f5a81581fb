import asyncio
import json
from typing import Any

import pytest
from fakes.records import NOW, an_mcp_session

from telamon.storage import Storage, StreamEntry

KEY = b"session-key"


def begun(stream: str = "a-1", *waiting: tuple[str | int, bool]) -> StreamEntry:
    return StreamEntry(session=KEY, stream=stream, waiting=waiting or ((1, True),))


def an_event(seq: int, stream: str = "a-1", **changes: Any) -> StreamEntry:
    data = b'{"n":%d}' % seq
    values: dict[str, Any] = {
        "session": KEY,
        "stream": stream,
        "seq": seq,
        "data": data,
        "size": 9 * seq,
    }
    return StreamEntry(**(values | changes))


def lost(id_: str | int, changes: bool) -> bytes:
    return json.dumps([id_, changes]).encode()


async def test_a_stream_is_read_from_any_place(storage: Storage, replica: Storage) -> None:
    await storage.mcp_streams.record([begun(), an_event(1), an_event(2)], NOW)
    await storage.mcp_streams.record([an_event(3, answers="1", last=True)], NOW)
    whole = await replica.mcp_streams.read(KEY, "a-1", 0)
    assert whole is not None
    assert [seq for seq, _ in whole.events] == [1, 2, 3]
    assert whole.events[2] == (3, b'{"n":3}')
    assert whole.ended
    assert whole.waiting == ((1, True),)
    rest = await replica.mcp_streams.read(KEY, "a-1", 2)
    assert rest is not None
    assert rest.events == [(3, b'{"n":3}')]


@pytest.mark.row("SEC-N27")
async def test_a_stream_of_another_session_or_name_is_not_there(storage: Storage) -> None:
    await storage.mcp_streams.record([begun(), an_event(1)], NOW)
    assert await storage.mcp_streams.read(b"another", "a-1", 0) is None
    assert await storage.mcp_streams.read(KEY, "a-2", 0) is None


async def test_an_event_is_written_once_and_none_without_its_stream(storage: Storage) -> None:
    await storage.mcp_streams.record([an_event(1)], NOW)
    await storage.mcp_streams.record([begun()], NOW)
    await storage.mcp_streams.record([an_event(2), an_event(2)], NOW)
    await storage.mcp_streams.record([an_event(2, data=b"other")], NOW)
    found = await storage.mcp_streams.read(KEY, "a-1", 0)
    assert found is not None
    assert found.events == [(2, b'{"n":2}')]


async def test_what_has_left_the_log_is_forgotten(storage: Storage) -> None:
    await storage.mcp_streams.record([begun(), *(an_event(n) for n in range(1, 9))], NOW)
    await storage.mcp_streams.record([an_event(9, first=7)], NOW)
    found = await storage.mcp_streams.read(KEY, "a-1", 0)
    assert found is not None
    assert [seq for seq, _ in found.events] == [7, 8, 9]


async def test_a_session_keeps_its_newest_streams_only(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.storage.mcp_streams._MOST_STREAMS", 3)
    for number in range(5):
        name = f"a-{number}"
        await storage.mcp_streams.record([begun(name), an_event(1, name)], NOW + number)
    kept = [await storage.mcp_streams.read(KEY, f"a-{n}", 0) is not None for n in range(5)]
    assert kept == [False, False, True, True, True]
    monkeypatch.setattr("telamon.storage.mcp_streams._MOST_BYTES", 10)
    large = an_event(1, "a-5", size=11)
    await storage.mcp_streams.record([begun("a-5"), large], NOW + 5)
    await storage.mcp_streams.record([begun("a-6")], NOW + 6)
    kept = [await storage.mcp_streams.read(KEY, f"a-{n}", 0) is not None for n in range(2, 7)]
    assert kept == [False, False, False, False, True]


@pytest.mark.row("MCP-B16")
async def test_what_a_dead_owner_owes_is_answered_once(storage: Storage, replica: Storage) -> None:
    entries = [begun("a-1", (1, False), ("two", True), (3, False)), an_event(4, answers="1")]
    await storage.mcp_streams.record(entries, NOW)
    finished = await asyncio.gather(
        *(
            each.mcp_streams.finish(KEY, "a-1", lost, after=9, now=NOW)
            for each in (storage, replica)
        )
    )
    assert sorted(finished) == [False, True]
    found = await storage.mcp_streams.read(KEY, "a-1", 4)
    assert found is not None
    assert found.ended
    assert found.events == [(10, b'["two", true]'), (11, b"[3, false]")]


async def test_nothing_of_the_owner_comes_behind_the_end(storage: Storage) -> None:
    await storage.mcp_streams.record([begun(), an_event(1, answers="1")], NOW)
    assert await storage.mcp_streams.finish(KEY, "a-1", lost, after=0, now=NOW)
    await storage.mcp_streams.record([an_event(2)], NOW)
    found = await storage.mcp_streams.read(KEY, "a-1", 0)
    assert found is not None
    assert [seq for seq, _ in found.events] == [1]
    assert not await storage.mcp_streams.finish(KEY, "a-9", lost, after=0, now=NOW)


@pytest.mark.postgres
async def test_readers_elsewhere_hear_of_what_is_written(
    pair: tuple[Storage, Storage],
) -> None:
    storage, replica = pair
    heard: asyncio.Queue[str] = asyncio.Queue()
    replica.notifications.subscribe("mcp_stream.written", heard.put_nowait)
    keys = [b"key-%d" % number for number in range(100)]
    begin = [StreamEntry(session=key, stream="a-1", waiting=()) for key in keys]
    await storage.mcp_streams.record([*begin, *(an_event(1, session=key) for key in keys)], NOW)
    async with asyncio.timeout(10):
        told = [line for _ in range(2) for line in (await heard.get()).splitlines()]
    assert sorted(told) == sorted(f"{key.hex()}/a-1" for key in keys)


@pytest.mark.postgres
async def test_a_session_takes_its_streams_with_it(pair: tuple[Storage, Storage]) -> None:
    storage, _ = pair
    await storage.mcp_sessions.add(an_mcp_session())
    key = storage.mcp_sessions.key("mcp-session-1")
    entries = [begun(), an_event(1)]
    mine = [StreamEntry(session=key, stream="b-1", waiting=[]), an_event(1, "b-1", session=key)]
    await storage.mcp_streams.record([*entries, *mine], NOW)
    await storage.mcp_sessions.delete("mcp-session-1")
    assert await storage.mcp_streams.read(key, "b-1", 0) is None
    assert await storage.mcp_streams.read(KEY, "a-1", 0) is not None
    assert await storage.purge(NOW + 299) is not None
    counts = await storage.purge(NOW + 301)
    assert (counts["mcp_events"], counts["mcp_streams"]) == (0, 0)


async def test_ended_streams_are_purged_after_minutes_and_open_ones_after_an_hour(
    storage: Storage,
) -> None:
    await storage.mcp_streams.record([begun(), an_event(1)], NOW)
    await storage.mcp_streams.record([begun("a-2"), an_event(1, "a-2", last=True)], NOW)
    counts = await storage.purge(NOW + 301)
    assert (counts["mcp_events"], counts["mcp_streams"]) == (1, 1)
    counts = await storage.purge(NOW + 3601)
    assert (counts["mcp_events"], counts["mcp_streams"]) == (1, 1)
