"""Opening a storage: file, schema, canary, then everything built on them."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.settings import StorageSettings
from telamon.storage.engine import connect
from telamon.storage.errors import StorageRefused, StorageUnavailable
from telamon.storage.files import opening
from telamon.storage.keys import KeyRing
from telamon.storage.lookup import Lookup
from telamon.storage.migrating import bring_up_to_date
from telamon.storage.purge import Retention
from telamon.storage.root import data_root
from telamon.storage.sealing import Sealer
from telamon.storage.storage import Storage

_PATIENCE: Final = 60.0
# SQLSTATE: authorization, no such database, no schema to create in, no privilege.
_NOT_LET_IN: Final = ("28", "3D", "3F", "42501")


async def open_storage(
    url: str,
    *,
    keys: KeyRing,
    clock: Callable[[], float] = time.time,
    migrate: bool = True,
    busy_timeout: float = 5.0,
    retention: Retention | None = None,
) -> Storage:
    """Open (and by default migrate) the database at *url* and start its notifications.

    *url* is ``sqlite:///relative/path``, ``sqlite:////absolute/path``, ``sqlite://`` for a private
    temporary one that is deleted on close, or ``postgresql://user:password@host/name`` (reached
    directly: LISTEN does not pass a transaction pooler).
    *busy_timeout* is how long, in seconds, a lock that another process holds on a SQLite file is
    waited for.

    Raises:
        StorageRefused: the database must not be used as it is; the text says what to do.
        StorageUnavailable: it cannot be reached just now.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise StorageRefused("the database URL cannot be read") from error
    sealer = Sealer(keys)

    async def enter(address: URL, on_close: Callable[[], Awaitable[None]]) -> Storage:
        root = await _first_look(address, sealer, migrate=migrate, busy_timeout=busy_timeout)
        storage = Storage(
            connect(address, busy_timeout=busy_timeout),
            sealer=sealer,
            lookup=Lookup(root),
            clock=clock,
            retention=retention or Retention(),
            on_close=on_close,
        )
        try:
            await storage.notifications.start()
        except BaseException:
            await storage.close()
            raise
        return storage

    kind = address.get_backend_name()
    if kind in {"postgresql", "postgres"}:
        return await enter(address, _nothing)
    if kind != "sqlite":
        raise StorageRefused(
            f"the database URL must begin with sqlite: or postgresql:, not {kind}:"
        )
    if address.host:
        raise StorageRefused(
            f"sqlite://{address.host}/… is no file: write sqlite:///relative or sqlite:////absolute"
        )
    path, on_close = _file(address)
    try:
        async with opening(path, patience=_PATIENCE):
            return await enter(address.set(database=str(path)), on_close)
    except BaseException:
        await on_close()
        raise


async def open_configured(
    settings: StorageSettings,
    *,
    clock: Callable[[], float] = time.time,
    migrate: bool | None = None,
) -> Storage:
    """Open the storage that an operator configured; *migrate* overrules the setting.

    Raises:
        StorageRefused, StorageUnavailable: As :func:`open_storage`.
    """
    return await open_storage(
        settings.url.get_secret_value(),
        keys=KeyRing.parse(key.get_secret_value() for key in settings.encryption_keys),
        clock=clock,
        migrate=settings.migrate if migrate is None else migrate,
    )


def _file(address: URL) -> tuple[Path, Callable[[], Awaitable[None]]]:
    if address.database not in {None, "", ":memory:"}:
        return Path(str(address.database)), _nothing
    directory = mkdtemp(prefix="telamon-")

    async def remove() -> None:
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    return Path(directory, "telamon.db"), remove


async def _first_look(address: URL, sealer: Sealer, *, migrate: bool, busy_timeout: float) -> bytes:
    """Check and migrate the database, as one transaction; the data root."""
    # With its own connection: waiting for another's migration takes longer than a request may.
    database = connect(address, busy_timeout=busy_timeout, command_seconds=_PATIENCE)

    async def work(connection: AsyncConnection) -> bytes:
        if database.is_sqlite:
            found = await connection.exec_driver_sql("PRAGMA quick_check(1)")
            if (verdict := found.scalar()) != "ok":
                raise StorageRefused(f"the database is corrupt ({verdict}); restore a backup")
        await connection.run_sync(bring_up_to_date, migrate=migrate)
        return await data_root(connection, database, sealer)

    try:
        return await database.write(work, idempotent=True)
    except (StorageUnavailable, ProgrammingError) as error:
        cause = error if isinstance(error, ProgrammingError) else error.__cause__
        if (reason := _lasting(cause)) is not None:
            raise StorageRefused(reason) from error
        raise
    finally:
        await database.close()


def _lasting(cause: BaseException | None) -> str | None:
    """Why an error at the opening will not go away by itself, if it will not."""
    if not isinstance(cause, DBAPIError):
        return None
    code = getattr(cause.orig, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return f"the database is corrupt ({cause.orig}); restore a backup"
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return f"the database cannot be written ({cause.orig}); see its directory's permissions"
    if str(getattr(cause.orig, "sqlstate", "")).startswith(_NOT_LET_IN):
        return f"PostgreSQL refuses: {str(cause.orig).splitlines()[0]}"
    return None


async def _nothing() -> None:
    pass
