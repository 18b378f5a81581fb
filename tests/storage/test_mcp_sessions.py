import pytest
from fakes.records import NOW, an_mcp_session

from telamon.storage import Storage


@pytest.mark.row("SEC-P16")
async def test_a_session_is_known_to_every_replica(storage: Storage, replica: Storage) -> None:
    await storage.mcp_sessions.add(an_mcp_session())
    assert await replica.mcp_sessions.get("mcp-session-1") == an_mcp_session()
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
