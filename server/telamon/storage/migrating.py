"""Bringing the schema up to date: one process migrates, the others wait, nobody goes back."""

from typing import Final

from sqlalchemy import Connection, column, func, inspect, select, table

HEAD: Final = "0003"
"""The newest revision in ``migrations/versions``; a test holds the two together."""

_ADVISORY_LOCK: Final = 0x74656C616D6F6E  # "telamon"
_VERSIONS: Final = table("alembic_version", column("version_num"))


def bring_up_to_date(connection: Connection, *, migrate: bool) -> None:
    """Migrate the database of *connection*, inside the transaction it has begun.

    On SQLite that transaction is the only writer; on PostgreSQL an advisory lock is waited for.

    Raises:
        StorageRefused: the schema is newer than this release, or it is older and *migrate* is off.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    if inspect(connection).has_table(_VERSIONS.name):
        current = connection.execute(select(_VERSIONS.c.version_num)).scalar()
        if current == HEAD:
            return
    # Alembic takes ten megabytes and a quarter of a second; most starts do not need it.
    from telamon.storage.upgrading import upgrade

    upgrade(connection, migrate=migrate)
