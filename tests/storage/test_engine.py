import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.postgres import Postgres
from fakes.records import a_grant
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage import KeyRing, Storage, StorageUnavailable, open_storage
from telamon.storage.engine import Database, connect
from telamon.storage.files import opening


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = connect(make_url(postgres_url), busy_timeout=5)
    yield database
    await database.close()


class Failing:
    """A transaction that fails the first *times* with a PostgreSQL error code, and counts."""

    def __init__(self, statement: str, times: int) -> None:
        self.statement = statement
        self.times = times
        self.calls = 0

    async def __call__(self, connection: AsyncConnection) -> str:
        self.calls += 1
        if self.calls <= self.times:
            await connection.execute(text(self.statement))
        return str((await connection.execute(text("SELECT 'done'"))).scalar())


def raising(code: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{code}'; END $$"


DROP = "SELECT pg_terminate_backend(pg_backend_pid())"


@pytest.mark.postgres
@pytest.mark.row("SEC-P09")
@pytest.mark.parametrize("statement", [raising("40001"), raising("40P01"), DROP])
async def test_a_transaction_that_lost_its_footing_is_run_once_more(
    database: Database, statement: str
) -> None:
    once, twice = Failing(statement, times=1), Failing(statement, times=2)
    assert await database.write(once) == "done"
    with pytest.raises(StorageUnavailable):
        await database.write(twice)
    assert (once.calls, twice.calls) == (2, 2)


@pytest.mark.postgres
@pytest.mark.row("SEC-P02")
@pytest.mark.parametrize("code", ["53100", "25006", "57P03", "53300"])
async def test_a_full_or_read_only_or_starting_server_is_unavailable_at_once(
    database: Database, code: str
) -> None:
    work = Failing(raising(code), times=9)
    with pytest.raises(StorageUnavailable, match="made up"):
        await database.write(work)
    assert work.calls == 1


def cut_before_commit(database: Database, postgres: Postgres, *, times: int) -> None:
    """The connection breaks just when the commit is sent, so many times."""
    left = [None] * times

    def cut(_connection: object) -> None:
        if left:
            left.pop()
            postgres.drop_connections(str(database.engine.url.database))

    event.listen(database.engine.sync_engine, "commit", cut)


@pytest.mark.postgres
@pytest.mark.row("SEC-P09")
async def test_when_a_commit_s_answer_is_lost_only_the_idempotent_is_repeated(
    database: Database, postgres: Postgres
) -> None:
    safe, unsafe = Failing("", times=0), Failing("", times=0)
    cut_before_commit(database, postgres, times=1)
    assert await database.write(safe, idempotent=True) == "done"
    assert safe.calls == 2
    cut_before_commit(database, postgres, times=1)
    with pytest.raises(StorageUnavailable):
        await database.write(unsafe)
    assert unsafe.calls == 1


@pytest.mark.postgres
@pytest.mark.row("SEC-P09")
async def test_when_both_commits_are_lost_it_is_unavailable(
    database: Database, postgres: Postgres
) -> None:
    cut_before_commit(database, postgres, times=2)
    with pytest.raises(StorageUnavailable):
        await database.write(Failing("", times=0), idempotent=True)


@pytest.mark.postgres
async def test_a_read_that_lost_its_connection_is_run_once_more(database: Database) -> None:
    lost = 0

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute", retval=True)
    def drop(
        _c: object, _cursor: object, statement: str, values: object, _x: object, _m: object
    ) -> tuple[str, object]:
        nonlocal lost
        lost += 1
        return (DROP if lost in doomed else statement), values

    doomed = {1}
    row = await database.row(text("SELECT 'done'"))
    assert row is not None
    assert row[0] == "done"
    doomed |= {lost + 1, lost + 2}
    with pytest.raises(StorageUnavailable):
        await database.rows(text("SELECT 'done'"))


async def test_a_mistake_of_our_own_is_not_called_an_outage(storage: Storage) -> None:
    await storage.grants.add(a_grant())
    with pytest.raises(IntegrityError):
        await storage.grants.add(a_grant())
    await storage.check()


@pytest.mark.postgres
async def test_wrong_sql_is_not_called_an_outage(database: Database) -> None:
    with pytest.raises(ProgrammingError):
        await database.rows(text("SELEKT"))


@pytest.mark.row("SEC-P01")
async def test_a_writer_waits_for_its_turn_no_longer_than_the_busy_timeout(
    sqlite_url: str, ring: KeyRing
) -> None:
    storage = await open_storage(sqlite_url, keys=ring, busy_timeout=0.1)
    begun, release = asyncio.Event(), asyncio.Event()

    async def slow(_connection: AsyncConnection) -> None:
        begun.set()
        await release.wait()

    writing = asyncio.ensure_future(storage._database.write(slow))
    await begun.wait()
    with pytest.raises(StorageUnavailable):
        await storage.check()
    release.set()
    await writing
    await storage.check()
    await storage.close()


@pytest.mark.row("SEC-P04")
async def test_who_waits_too_long_for_another_s_opening_is_told(tmp_path: Path) -> None:
    path = tmp_path / "telamon.db"
    other = os.open(path.with_name("telamon.db.lock"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(StorageUnavailable, match="still opening"):
        async with opening(path, patience=0.1):
            raise AssertionError("it was let in")
    os.close(other)
    async with opening(path, patience=0.1):
        assert path.exists()


async def test_a_database_that_forgets_is_found_out(storage: Storage) -> None:
    forget = (
        "CREATE TRIGGER forget AFTER INSERT ON probes BEGIN DELETE FROM probes; END"
        if storage._database.is_sqlite
        else "CREATE RULE forget AS ON INSERT TO probes DO INSTEAD NOTHING"
    )
    async with storage._database.engine.begin() as connection:
        await connection.execute(text(forget))
    with pytest.raises(StorageUnavailable, match="does not give back"):
        await storage.check()


async def test_an_access_token_is_found_by_index_alone(sqlite_url: str, ring: KeyRing) -> None:
    storage = await open_storage(sqlite_url, keys=ring)
    hot = storage.tokens._access
    async with storage._database.engine.connect() as connection:
        explain = text(f"EXPLAIN QUERY PLAN {hot._sql}")
        values = hot._fixed | {"hash": b""}
        plan = [row.detail for row in await connection.execute(explain, values)]
    assert [step.split()[0] for step in plan] == ["SEARCH", "SEARCH"]
    await storage.close()


async def test_the_hot_look_up_says_unavailable_too(sqlite_url: str, ring: KeyRing) -> None:
    storage = await open_storage(sqlite_url, keys=ring)
    assert await storage.tokens.access("unknown") is None
    async with storage._database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE tokens RENAME TO elsewhere"))
    with pytest.raises(StorageUnavailable):
        await storage.tokens.access("unknown")
    async with storage._database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO tokens"))
    assert await storage.tokens.access("unknown") is None
    found = await asyncio.gather(*(storage.tokens.access(f"unknown-{n}") for n in range(50)))
    assert set(found) == {None}
    await storage.close()
