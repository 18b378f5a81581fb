"""Old and new release on one database: what a migration must leave to the release before it.

No old release runs here. SQL stands for it, with the tables and columns that its schema has and no
other, while processes of this release start, migrate and serve. So this shows that an old process
can go on reading and writing; not what an old release makes of rows whose meaning has changed.
"""

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from fakes.replicas import deployed
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.engine import connect
from telamon.storage.migrating import HEAD
from telamon.storage.upgrading import alembic_config

OLD_SESSION = text(
    "INSERT INTO mcp_sessions "
    "(hash, owner, protocol_version, initialize, replica, created_at, last_seen_at) "
    "VALUES (:hash, 'ada', '2025-11-25', '{}', 'old', 1, 1)"
)
OLD_USE = text("UPDATE mcp_sessions SET last_seen_at = 2 WHERE hash = :hash")
OLD_READ = text("SELECT last_seen_at FROM mcp_sessions WHERE hash = :hash AND owner = 'ada'")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'telamon.db'}")
    yield engine
    engine.dispose()


def revisions(connection: Connection) -> list[str]:
    script = ScriptDirectory.from_config(alembic_config(connection))
    return [each.revision for each in script.walk_revisions()][::-1]


def tables(connection: Connection) -> dict[str, dict[str, Any]]:
    """Each table's columns by name."""
    found = inspect(connection)
    names = [name for name in found.get_table_names() if name != "alembic_version"]
    return {name: {c["name"]: c for c in found.get_columns(name)} for name in names}


def unique(connection: Connection, table: str) -> set[tuple[str | None, ...]]:
    indexes = inspect(connection).get_indexes(table)
    return {tuple(index["column_names"]) for index in indexes if index["unique"]}


@pytest.mark.row("SEC-P14")
def test_every_migration_only_adds_so_that_the_release_before_it_goes_on(engine: Engine) -> None:
    with engine.begin() as connection:
        first, *later = revisions(connection)
        command.upgrade(alembic_config(connection), first)
        for revision in later:
            before = tables(connection)
            held = {table: unique(connection, table) for table in before}
            command.upgrade(alembic_config(connection), revision)
            after = tables(connection)
            for table, columns in before.items():
                assert unique(connection, table) <= held[table], f"{revision} restricts {table}"
                for name, column in columns.items():
                    now = after[table].get(name)
                    assert now is not None, f"{revision} takes {table}.{name} away"
                    assert (str(now["type"]), now["nullable"]) == (
                        str(column["type"]),
                        column["nullable"],
                    ), f"{revision} changes {table}.{name}"
                for name in after[table].keys() - columns.keys():
                    new = after[table][name]
                    assert new["nullable"] or new["default"] is not None, (
                        f"{revision}: the release before it cannot write {table} without {name}"
                    )
    assert later


@pytest.mark.postgres
@pytest.mark.row("SEC-P14", "SEC-P04")
async def test_new_replicas_migrate_once_beside_an_old_release_that_goes_on(
    tmp_path: Path, postgres_url: str
) -> None:
    database = connect(make_url(postgres_url), busy_timeout=5)

    async def old_release(name: str) -> None:
        async def work(held: AsyncConnection) -> None:
            await held.execute(OLD_SESSION, {"hash": name.encode()})
            await held.execute(OLD_USE, {"hash": name.encode()})
            assert (await held.execute(OLD_READ, {"hash": name.encode()})).scalar() == 2

        await database.write(work)

    async def goes_on() -> None:
        while not migrated.is_set():
            await old_release(f"during-{next(numbers)}")
            await asyncio.sleep(0.01)

    numbers, migrated = count(), asyncio.Event()
    await database.write(
        lambda held: held.run_sync(lambda c: command.upgrade(alembic_config(c), "0001"))
    )
    await old_release("before")
    going_on = asyncio.ensure_future(goes_on())
    async with deployed(tmp_path, postgres_url) as deployment:
        walk = await deployment.site.signed_in()
        said, failed = await walk.call()
        assert not failed, said
        migrated.set()
        await going_on
        await old_release("behind")
        told = [line for each in deployment.replicas for line in each.events("storage.migrated")]
        assert [(line["before"], line["after"]) for line in told] == [("0001", HEAD)]
    assert next(numbers) > 1
    await database.close()
