from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from telamon.storage import Storage, schema


async def test_the_migrations_make_exactly_the_tables_of_the_schema(storage: Storage) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection)
        return list(compare_metadata(context, schema.metadata))

    async with storage._database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
