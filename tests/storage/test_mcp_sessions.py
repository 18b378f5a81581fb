import asyncio

import pytest
from fakes.records import NOW, an_mcp_session

from telamon.storage import Storage


@pytest.mark.row("SEC-P16")
async def test_a_session_is_known_to_every_replica(storage: Storage, replica: Storage) -> None:
    session = an_mcp_session(one_stream=True, log_level="error")
    await storage.mcp_sessions.add(session)
    assert await replica.mcp_sessions.get("mcp-session-1") == session
    assert await replica.mcp_sessions.get("mcp-session-2") is None


async def test_sessions_in_use_are_touched_together(storage: Storage) -> None:
    for number in range(3):
        await storage.mcp_sessions.add(an_mcp_session(id=f"s{number}"))
    await storage.mcp_sessions.touch({"s0", "s1", "unknown"}, NOW + 9)
    await storage.mcp_sessions.touch([], NOW + 99)
    seen = [await storage.mcp_sessions.get(f"s{number}") for number in range(3)]
    assert [s and s.last_seen_at for s in seen] == [NOW + 9, NOW + 9, NOW]


async def test_a_session_is_deleted_once(storage: Storage) -> None:
    for number in range(2):
        await storage.mcp_sessions.add(an_mcp_session(id=f"s{number}"))
    assert await storage.mcp_sessions.delete("s0")
    assert not await storage.mcp_sessions.delete("s0")
    assert await storage.mcp_sessions.get("s0") is None
    assert await storage.mcp_sessions.get("s1") is not None


async def test_an_owner_keeps_the_newest_sessions(storage: Storage) -> None:
    ended: list[str] = []
    storage.notifications.subscribe("mcp_session.ended", ended.append)
    sessions = storage.mcp_sessions
    await sessions.add(an_mcp_session(id="other", owner="ben", last_seen_at=NOW - 9))
    for number in range(4):
        await sessions.add(an_mcp_session(id=f"s{number}", last_seen_at=NOW + number), keep=2)
    assert await sessions.get("s1") is None
    assert ended == [sessions.key("s0").hex(), sessions.key("s1").hex()]
    levels = await sessions.log_levels([f"s{number}" for number in range(4)] + ["other"])
    assert levels == {"s2": None, "s3": None, "other": None}


async def test_a_session_that_was_touched_is_not_deleted_as_unused(storage: Storage) -> None:
    await storage.mcp_sessions.add(an_mcp_session())
    assert not await storage.mcp_sessions.delete("mcp-session-1", unused_since=NOW)
    assert await storage.mcp_sessions.delete("mcp-session-1", unused_since=NOW + 1)


@pytest.mark.postgres
async def test_other_replicas_hear_of_an_end_and_of_a_log_level(
    pair: tuple[Storage, Storage],
) -> None:
    storage, replica = pair
    heard: asyncio.Queue[str] = asyncio.Queue()
    for topic in ("ended", "log_level"):
        replica.notifications.subscribe(f"mcp_session.{topic}", heard.put_nowait)
    await storage.mcp_sessions.add(an_mcp_session())
    key = storage.mcp_sessions.key("mcp-session-1").hex()
    await storage.mcp_sessions.choose_log_level("mcp-session-1", "error")
    assert await replica.mcp_sessions.log_levels(["mcp-session-1"]) == {"mcp-session-1": "error"}
    await storage.mcp_sessions.delete("mcp-session-1")
    async with asyncio.timeout(10):
        assert [await heard.get(), await heard.get()] == [f"{key} error", key]
