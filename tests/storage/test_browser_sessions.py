import pytest
from fakes.records import NOW, a_browser_session

from telamon.storage import Storage


async def test_a_session_comes_back_as_it_was_stored(storage: Storage) -> None:
    await storage.browser_sessions.add(a_browser_session())
    session = a_browser_session()
    assert await storage.browser_sessions.get("browser-session-1", NOW) == session
    assert await storage.browser_sessions.get("browser-session-1", session.expires_at) is None
    assert await storage.browser_sessions.get("browser-session-2", NOW) is None


async def test_a_save_of_an_old_version_changes_nothing(storage: Storage) -> None:
    await storage.browser_sessions.add(a_browser_session(account_id=None))
    signed_in = a_browser_session(last_seen_at=NOW + 1, data={"csrf": "other"})
    assert await storage.browser_sessions.save(signed_in)
    assert not await storage.browser_sessions.save(signed_in)
    found = await storage.browser_sessions.get("browser-session-1", NOW)
    assert found == a_browser_session(last_seen_at=NOW + 1, data={"csrf": "other"}, version=1)


@pytest.mark.row("SEC-S20")
async def test_a_renewed_session_leaves_no_old_one(storage: Storage) -> None:
    await storage.browser_sessions.add(a_browser_session(account_id=None))
    new = a_browser_session(id="browser-session-2")
    await storage.browser_sessions.renew("browser-session-1", new)
    assert await storage.browser_sessions.get("browser-session-1", NOW) is None
    assert await storage.browser_sessions.get("browser-session-2", NOW) == new
    # A save that began before the renewal must not bring the old one back.
    assert not await storage.browser_sessions.save(a_browser_session(account_id=None))


@pytest.mark.row("SEC-S22")
async def test_a_deleted_session_is_gone_on_every_replica(
    storage: Storage, replica: Storage
) -> None:
    await storage.browser_sessions.add(a_browser_session())
    assert await storage.browser_sessions.delete("browser-session-1")
    assert not await replica.browser_sessions.delete("browser-session-1")
    assert await replica.browser_sessions.get("browser-session-1", NOW) is None


async def test_all_sessions_of_an_account_can_be_ended(storage: Storage) -> None:
    for number, account in enumerate(("ada", "ada", "ben", None)):
        await storage.browser_sessions.add(a_browser_session(id=f"s{number}", account_id=account))
    assert await storage.browser_sessions.delete_of_account("ada") == 2
    assert await storage.browser_sessions.get("s0", NOW) is None
    assert await storage.browser_sessions.get("s2", NOW) is not None
    assert await storage.browser_sessions.get("s3", NOW) is not None


async def test_an_account_keeps_its_newest_sessions(storage: Storage) -> None:
    for number in range(5):
        await storage.browser_sessions.add(
            a_browser_session(id=f"s{number}", created_at=NOW + number)
        )
    assert await storage.browser_sessions.keep_newest("ada", 3) == 2
    assert await storage.browser_sessions.keep_newest("ada", 3) == 0
    alive = [await storage.browser_sessions.get(f"s{n}", NOW) is not None for n in range(5)]
    assert alive == [False, False, True, True, True]
