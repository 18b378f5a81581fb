import pytest
from fakes.records import (
    NOW,
    a_browser_session,
    a_client,
    a_code,
    a_grant,
    a_refresh,
    a_transaction,
    an_access,
)
from sqlalchemy import text

from telamon.storage import KeyRing, Storage, StorageRefused, new_key, open_storage

OLD, NEW = new_key(), new_key()


async def filled(url: str) -> None:
    """A database under the old key with ten sealed values."""
    storage = await open_storage(url, keys=KeyRing.parse([OLD]))
    await storage.clients.add(a_client(), secret="tlm_cs_1")
    await storage.grants.add(a_grant())
    await storage.grants.add(a_grant(id="grant-2", account_id="ben"))
    await storage.tokens.add_code("code-1", a_code())
    await storage.tokens.redeem(
        "code-1", access=an_access("at-0"), refresh=a_refresh("rt-0"), now=NOW
    )
    await storage.tokens.rotate(
        "rt-0",
        access=an_access("at-1"),
        successor=a_refresh("rt-1"),
        replay="answer",
        grace_until=NOW + 45,
        now=NOW,
    )
    await storage.transactions.add(a_transaction())
    await storage.browser_sessions.add(a_browser_session())
    await storage.browser_sessions.add(a_browser_session(id="anonymous", account_id=None))
    await storage.close()


async def everything_works(storage: Storage) -> None:
    """What was issued under the old key is still good: nobody has to sign in again."""
    assert await storage.clients.secret_matches("client-1", "tlm_cs_1")
    assert await storage.grants.get("grant-1") == a_grant()
    assert await storage.grants.get("grant-2") == a_grant(id="grant-2", account_id="ben")
    assert await storage.tokens.access("at-1") is not None
    refresh = await storage.tokens.refresh("rt-0")
    assert refresh is not None
    assert refresh.replay == "answer"
    assert await storage.transactions.get("transaction-1", NOW) == a_transaction()
    assert await storage.browser_sessions.get("browser-session-1", NOW) == a_browser_session()
    assert await storage.browser_sessions.get("anonymous", NOW) is not None


@pytest.mark.row("SEC-K05")
@pytest.mark.parametrize("batch", [1, 3, 500])
async def test_rotation_keeps_everything_and_lets_the_old_key_go(url: str, batch: int) -> None:
    await filled(url)
    storage = await open_storage(url, keys=KeyRing.parse([NEW, OLD]))
    purpose = storage.derive("csrf")
    await everything_works(storage)
    done = []
    while count := await storage.rekey(batch):
        done.append(count)
    assert sum(done) == 11  # ten values and the data root
    assert max(done) <= max(batch, 10)
    await everything_works(storage)
    await storage.close()
    without_old = await open_storage(url, keys=KeyRing.parse([NEW]))
    await everything_works(without_old)
    assert without_old.derive("csrf") == purpose
    assert await without_old.rekey() == 0
    await without_old.close()


@pytest.mark.row("SEC-K05")
async def test_an_interrupted_rotation_restarts_and_the_old_key_cannot_go_before_its_end(
    url: str,
) -> None:
    await filled(url)
    storage = await open_storage(url, keys=KeyRing.parse([NEW, OLD]))
    assert await storage.rekey(4) == 4
    await storage.close()
    with pytest.raises(StorageRefused, match="cannot decrypt the canary"):
        await open_storage(url, keys=KeyRing.parse([NEW]))
    storage = await open_storage(url, keys=KeyRing.parse([NEW, OLD]))
    assert await storage.rekey() == 6
    assert await storage.rekey() == 1
    assert await storage.rekey() == 0
    await everything_works(storage)
    await storage.close()


@pytest.mark.row("SEC-K05", "SEC-K04")
async def test_a_value_that_does_not_open_is_left_alone_by_a_rotation(url: str) -> None:
    await filled(url)
    storage = await open_storage(url, keys=KeyRing.parse([NEW, OLD]))
    async with storage._database.engine.begin() as connection:
        await connection.execute(text("UPDATE grants SET account_id = 'eve' WHERE id = 'grant-1'"))
    total = 0
    while count := await storage.rekey(2):
        total += count
    assert total == 8
    assert await storage.grants.get("grant-2") is not None
    await storage.close()


@pytest.mark.row("SEC-K06", "SEC-P20")
async def test_a_wrong_key_is_refused_and_nothing_is_deleted(url: str) -> None:
    await filled(url)
    with pytest.raises(StorageRefused, match="cannot decrypt the canary"):
        await open_storage(url, keys=KeyRing.parse([NEW]))
    storage = await open_storage(url, keys=KeyRing.parse([OLD]))
    await everything_works(storage)
    await storage.close()


@pytest.mark.row("SEC-K06", "SEC-P20")
async def test_another_key_under_the_same_id_is_refused(url: str) -> None:
    await filled(url)
    renamed = f"{OLD.partition(':')[0]}:{NEW.partition(':')[2]}"
    with pytest.raises(StorageRefused, match="cannot decrypt the canary"):
        await open_storage(url, keys=KeyRing.parse([renamed]))


async def test_sub_keys_are_the_same_on_every_replica_and_differ_by_purpose(
    storage: Storage, replica: Storage
) -> None:
    assert storage.derive("csrf") == replica.derive("csrf")
    assert storage.derive("csrf") != storage.derive("state")
