import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from telamon.storage import Storage, schema
from telamon.storage.migrating import alembic_config


async def test_the_migrations_make_exactly_the_tables_of_the_schema(storage: Storage) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection)
        return list(compare_metadata(context, schema.metadata))

    async with storage._database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.row("SEC-P04")
async def test_there_is_no_downgrade(storage: Storage) -> None:
    async with storage._database.engine.connect() as connection:
        with pytest.raises(NotImplementedError, match="restore the backup"):
            await connection.run_sync(lambda held: command.downgrade(alembic_config(held), "base"))
    await storage.check()
