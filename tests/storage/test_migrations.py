import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from fakes.records import a_family
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.engine import make_url

from telamon.storage import KeyRing, Storage, StorageRefused, new_key, open_storage, schema
from telamon.storage.engine import connect
from telamon.storage.families import family_values
from telamon.storage.migrating import HEAD
from telamon.storage.upgrading import alembic_config

OLD_SESSION = (
    "INSERT INTO mcp_sessions "
    "(hash, owner, protocol_version, initialize, replica, created_at, last_seen_at) "
    "VALUES ('{name}', 'ada', '2025-11-25', '{{}}', 'old', 1, 1)"
)


async def test_the_migrations_make_exactly_the_tables_of_the_schema(storage: Storage) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection)
        return list(compare_metadata(context, schema.metadata))

    async with storage._database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.row("SEC-P04")
async def test_there_is_no_downgrade(storage: Storage) -> None:
    async with storage._database.engine.connect() as connection:
        with pytest.raises(StorageRefused, match="restore the backup"):
            await connection.run_sync(lambda held: command.downgrade(alembic_config(held), "base"))
    await storage.check()


async def test_the_revision_that_needs_no_upgrade_is_the_newest_one(storage: Storage) -> None:
    async with storage._database.engine.connect() as connection:
        scripts = await connection.run_sync(
            lambda held: ScriptDirectory.from_config(alembic_config(held))
        )
    assert scripts.get_current_head() == HEAD


def test_a_start_on_a_current_schema_does_not_load_alembic(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from telamon.storage import KeyRing, open_storage\n"
        "async def go():\n"
        "    ring = KeyRing.parse([sys.argv[2]])\n"
        "    await (await open_storage(sys.argv[1], keys=ring)).close()\n"
        "asyncio.run(go()); print('alembic' in sys.modules)\n"
    )
    given = [sys.executable, "-c", code, f"sqlite:///{tmp_path / 't.db'}", new_key()]
    runs = [subprocess.run(given, capture_output=True, text=True, check=True) for _ in range(2)]
    assert [run.stdout.split()[-1] for run in runs] == ["True", "False"]


@pytest.mark.row("SEC-P04", "SEC-P14")
async def test_a_session_of_schema_0001_is_of_use_behind_the_upgrade(
    url: str, ring: KeyRing
) -> None:
    """A release that knows only that schema may go on writing to the new one."""
    database = connect(make_url(url), busy_timeout=5)
    if database.is_sqlite:
        Path(str(make_url(url).database)).parent.mkdir()

    def begin(held: Connection) -> None:
        command.upgrade(alembic_config(held), "0001")
        held.execute(text(OLD_SESSION.format(name="before")))

    await database.write(lambda connection: connection.run_sync(begin))
    await database.close()
    storage = await open_storage(url, keys=ring)
    await storage._database.change(text(OLD_SESSION.format(name="behind")))
    rows = await storage._database.rows(select(schema.mcp_sessions))
    assert [(row.one_stream, row.log_level) for row in rows] == [(0, None)] * 2
    await storage.close()


@pytest.mark.row("SEC-K04")
async def test_a_family_of_schema_0002_whose_tokens_have_no_bond_ends_with_the_upgrade(
    url: str, ring: KeyRing
) -> None:
    database = connect(make_url(url), busy_timeout=5)
    if database.is_sqlite:
        Path(str(make_url(url).database)).parent.mkdir()

    def begin(held: Connection) -> None:
        command.upgrade(alembic_config(held), "0002")
        held.execute(insert(schema.families).values(family_values(a_family())))

    await database.write(lambda connection: connection.run_sync(begin))
    await database.close()
    storage = await open_storage(url, keys=ring)
    family = await storage.tokens.family(a_family().id)
    assert family is not None
    assert family.revoked_reason == "upgraded"
    assert await storage.tokens.families(now=a_family().created_at) == ()
    await storage.close()
