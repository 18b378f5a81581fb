import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
from fakes.postgres import Postgres
from fakes.records import a_client
from sqlalchemy import event
from sqlalchemy.engine import make_url

from telamon.storage import KeyRing, Storage, StorageUnavailable, open_storage
from telamon.storage.engine import connect
from telamon.storage.notifications import Notifications


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """A server that a test may stop, if it starts it again."""
    with Postgres() as server:
        yield server


@pytest.fixture
async def on_own_postgres(own_postgres: Postgres, ring: KeyRing) -> AsyncIterator[Storage]:
    storage = await open_storage(own_postgres.new_database(), keys=ring)
    yield storage
    await storage.close()


async def test_subscribers_of_the_same_process_hear_at_once(storage: Storage) -> None:
    heard: list[str] = []
    unsubscribe = storage.notifications.subscribe("revoked", heard.append)
    await storage.notifications.publish("revoked", "family-1")
    await storage.notifications.publish("other", "family-2")
    assert heard == ["family-1"]
    unsubscribe()
    unsubscribe()
    await storage.notifications.publish("revoked", "family-3")
    assert heard == ["family-1"]
    assert storage.notifications.connected


async def test_a_failing_subscriber_does_not_silence_the_next(storage: Storage) -> None:
    heard: list[str] = []

    def fail(_payload: str) -> None:
        raise RuntimeError

    storage.notifications.subscribe("revoked", fail)
    storage.notifications.subscribe("revoked", heard.append)
    await storage.notifications.publish("revoked", "family-1")
    assert heard == ["family-1"]


@pytest.mark.postgres
@pytest.mark.row("SEC-P17")
async def test_another_replica_hears_and_the_publisher_hears_once(
    postgres_url: str, ring: KeyRing
) -> None:
    publisher = await open_storage(postgres_url, keys=ring)
    listener = await open_storage(postgres_url, keys=ring)
    here: asyncio.Queue[str] = asyncio.Queue()
    there: asyncio.Queue[str] = asyncio.Queue()
    publisher.notifications.subscribe("revoked", here.put_nowait)
    listener.notifications.subscribe("revoked", there.put_nowait)
    await publisher.notifications.publish("revoked", "family-1")
    await publisher.notifications.publish("revoked", 'with "quotes" and ü')
    async with asyncio.timeout(10):
        assert await there.get() == "family-1"
        assert await there.get() == 'with "quotes" and ü'
    await listener.notifications.publish("revoked", "back")
    async with asyncio.timeout(10):
        told = [await here.get() for _ in range(3)]
    assert told == ["family-1", 'with "quotes" and ü', "back"]
    await publisher.close()
    await listener.close()


@pytest.mark.postgres
async def test_a_foreign_message_on_the_channel_is_ignored(
    postgres: Postgres, postgres_url: str, ring: KeyRing
) -> None:
    storage = await open_storage(postgres_url, keys=ring)
    heard: asyncio.Queue[str] = asyncio.Queue()
    storage.notifications.subscribe("revoked", heard.put_nowait)
    database = postgres_url.rpartition("/")[2]
    for message in ("not json", "[1]", '["other", "revoked", "family-1"]'):
        postgres.sql(f"NOTIFY telamon, '{message}'", database=database)
    async with asyncio.timeout(10):
        assert await heard.get() == "family-1"
    await storage.close()


@pytest.mark.postgres
@pytest.mark.row("SEC-P06")
async def test_after_an_outage_it_listens_again_and_says_that_something_may_be_missed(
    own_postgres: Postgres, on_own_postgres: Storage
) -> None:
    notifications = on_own_postgres.notifications
    missed = asyncio.Event()

    def fail() -> None:
        raise RuntimeError

    notifications.subscribe("revoked", lambda _: None, missed=fail)
    notifications.subscribe("revoked", lambda _: None, missed=missed.set)
    notifications.subscribe("revoked", lambda _: None)
    own_postgres.stop()
    async with asyncio.timeout(30):
        while notifications.connected:  # noqa: ASYNC110 - it is what is waited for
            await asyncio.sleep(0)
    with pytest.raises(StorageUnavailable):
        await notifications.publish("revoked", "family-1")
    own_postgres.start()
    async with asyncio.timeout(30):
        await missed.wait()
    assert notifications.connected


@pytest.mark.postgres
@pytest.mark.row("SEC-P09", "SEC-P06")
async def test_dropped_connections_are_replaced_without_an_error(
    own_postgres: Postgres, on_own_postgres: Storage
) -> None:
    storage = on_own_postgres
    await storage.clients.add(a_client())
    for _ in range(3):
        own_postgres.drop_connections(str(storage._database.engine.url.database))
        assert await storage.clients.get("client-1") is not None
        assert await storage.clients.count() == 1
        await storage.check()


@pytest.mark.postgres
@pytest.mark.row("SEC-P06")
async def test_a_connection_that_breaks_before_it_listens_is_unavailable(
    postgres: Postgres, postgres_url: str
) -> None:
    database = connect(make_url(postgres_url), busy_timeout=5)

    @event.listens_for(database.engine.sync_engine, "checkout")
    def cut(_driver: object, _record: object, _proxy: object) -> None:
        postgres.drop_connections(str(database.engine.url.database))

    notifications = Notifications(database)
    with pytest.raises(StorageUnavailable):
        await notifications.start()
    assert not notifications.connected
    await notifications.stop()
    await database.close()


@pytest.mark.postgres
@pytest.mark.row("SEC-P06")
async def test_while_postgresql_is_down_everything_says_unavailable(
    own_postgres: Postgres, on_own_postgres: Storage, ring: KeyRing
) -> None:
    storage = on_own_postgres
    await storage.check()
    own_postgres.stop()
    for call in (storage.check, storage.clients.count):
        with pytest.raises(StorageUnavailable):
            await call()
    with pytest.raises(StorageUnavailable):
        await open_storage(f"postgresql://x@127.0.0.1:{own_postgres.port}/x", keys=ring)
    own_postgres.start()
    await storage.check()


@pytest.mark.postgres
@pytest.mark.row("SEC-P06")
async def test_a_connection_that_has_fallen_silent_is_replaced(
    postgres: Postgres, postgres_url: str, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.storage.notifications._PROBE_SECONDS", 0.05)
    monkeypatch.setattr("telamon.storage.notifications._ANSWER_SECONDS", 1.0)
    storage = await open_storage(postgres_url, keys=ring)
    missed = asyncio.Event()
    storage.notifications.subscribe("revoked", lambda _: None, missed=missed.set)
    listening = int(
        postgres.sql(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "  # noqa: S608 - a test's own
            f"AND datname = '{postgres_url.rpartition('/')[2]}' "
            "ORDER BY backend_start DESC LIMIT 1"
        )
    )
    os.kill(listening, signal.SIGSTOP)
    try:
        async with asyncio.timeout(30):
            await missed.wait()
        assert storage.notifications.connected
    finally:
        os.kill(listening, signal.SIGCONT)
        await storage.close()
