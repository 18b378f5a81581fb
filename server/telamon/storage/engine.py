"""The database as the tables' modules see it: reads, atomic writes, errors translated once."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Executable, Row, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from telamon.storage.errors import StorageUnavailable

T = TypeVar("T")
Insert = sqlite.Insert | postgresql.Insert

_log = structlog.get_logger(__name__)

_CONNECT_SECONDS: Final = 5
_COMMAND_SECONDS: Final = 10
_SQLITE_CONNECTIONS: Final = 5
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
_TRANSIENT: Final = frozenset({"40001", "40P01"})  # serialization failure, deadlock
_OUR_MISTAKES: Final = (IntegrityError, ProgrammingError, DataError)


class Database:
    """One engine. Reads are single statements; a write is one transaction or nothing.

    On SQLite the writers of this process take turns and each begins with ``BEGIN IMMEDIATE``, so a
    transaction never has to be retried half-way; another process that holds the lock is waited for
    up to *busy_timeout* seconds. On PostgreSQL a transaction that lost its connection or its
    serialization before the commit was sent is run a second time.

    Every method raises :class:`StorageUnavailable` when the database cannot answer.
    """

    def __init__(self, engine: AsyncEngine, *, busy_timeout: float) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._busy_timeout = busy_timeout
        self._turn = asyncio.Lock()
        self._reader = (
            engine if self.is_sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")
        )

    async def rows(
        self, statement: Executable, values: Mapping[str, Any] | None = None
    ) -> Sequence[Row[Any]]:
        """All rows of one SELECT."""

        async def work(connection: AsyncConnection) -> Sequence[Row[Any]]:
            return (await connection.execute(statement, values)).all()

        return await self._read(work)

    async def row(
        self, statement: Executable, values: Mapping[str, Any] | None = None
    ) -> Row[Any] | None:
        """The first row of one SELECT, if there is one."""

        async def work(connection: AsyncConnection) -> Row[Any] | None:
            return (await connection.execute(statement, values)).first()

        return await self._read(work)

    async def change(self, statement: Executable, *, idempotent: bool = False) -> int:
        """Run one INSERT, UPDATE or DELETE as a transaction; the number of rows it changed."""

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(statement)).rowcount

        return await self.write(work, idempotent=idempotent)

    async def write(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, idempotent: bool = False
    ) -> T:
        """Run *work* as one transaction.

        It may run twice, the first time without effect. When the answer to the commit itself is
        lost nobody knows whether it happened: only an *idempotent* one is then repeated.
        """
        async with translated(), self._my_turn():
            try:
                return await self._transaction(work)
            except _CommitLost as lost:
                if not idempotent or not _transient(lost.cause):
                    raise lost.cause from None
                _log.warning("storage.transaction.retried", error=_first_line(lost.cause))
            except (DBAPIError, OSError) as error:
                if not _transient(error):
                    raise
                _log.warning("storage.transaction.retried", error=_first_line(error))
            try:
                return await self._transaction(work)
            except _CommitLost as lost:
                raise lost.cause from None

    def insert(self, table: Table) -> Insert:
        """An INSERT of this engine's dialect: both know ``on_conflict_do_update``."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    async def _read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with translated():
            try:
                async with self._reader.connect() as connection:
                    return await work(connection)
            except (DBAPIError, OSError) as error:
                if not _transient(error):
                    raise
                _log.warning("storage.read.retried", error=_first_line(error))
            async with self._reader.connect() as connection:
                return await work(connection)

    async def _transaction(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with self.engine.connect() as connection, connection.begin() as transaction:
            if self.is_sqlite:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            result = await work(connection)
            try:
                await transaction.commit()
            except (DBAPIError, OSError) as error:
                raise _CommitLost(error) from error
            return result

    @asynccontextmanager
    async def _my_turn(self) -> AsyncGenerator[None]:
        if not self.is_sqlite:
            yield
            return
        async with asyncio.timeout(self._busy_timeout):
            await self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()


class _CommitLost(Exception):
    """The commit was sent and failed: it may or may not have happened."""

    def __init__(self, cause: DBAPIError | OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


@asynccontextmanager
async def translated() -> AsyncGenerator[None]:
    """Turn every error of the drivers, but our own mistakes in SQL, into StorageUnavailable."""
    try:
        yield
    except _OUR_MISTAKES:
        raise
    except (DBAPIError, PoolTimeout, OSError, TimeoutError) as error:
        _log.warning("storage.unavailable", error=_first_line(error))
        raise StorageUnavailable(f"the database cannot answer: {_first_line(error)}") from error


def connect(
    url: URL, *, busy_timeout: float, command_seconds: float = _COMMAND_SECONDS
) -> Database:
    """An engine for *url* (``sqlite`` or ``postgresql``); nothing is opened yet."""
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(
            url.set(drivername="sqlite+aiosqlite"),
            # Transactions are begun in words, see Database; the driver must not begin its own.
            connect_args={"isolation_level": None, "timeout": busy_timeout},
            pool_size=_SQLITE_CONNECTIONS,
            max_overflow=0,
            pool_timeout=busy_timeout + command_seconds,
            hide_parameters=True,
        )
        event.listen(engine.sync_engine, "connect", _set_pragmas)
    else:
        engine = create_async_engine(
            _for_asyncpg(url),
            connect_args={"timeout": _CONNECT_SECONDS, "command_timeout": command_seconds},
            pool_size=10,
            max_overflow=10,
            pool_timeout=command_seconds,
            pool_pre_ping=True,
            skip_autocommit_rollback=True,
            hide_parameters=True,
        )
    return Database(engine, busy_timeout=busy_timeout)


def _for_asyncpg(url: URL) -> URL:
    # Operators write sslmode, as libpq has it; asyncpg's argument of the same values is ssl.
    mode = url.query.get("sslmode")
    if mode is not None:
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return url.set(drivername="postgresql+asyncpg")


def _set_pragmas(connection: Any, _record: object) -> None:
    try:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
    except BaseException:
        connection.close()  # the pool forgets a connection that fails here
        raise


def _transient(error: BaseException) -> bool:
    """Whether the same transaction may well succeed at once on another connection."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or getattr(error.orig, "sqlstate", "") in _TRANSIENT
    return isinstance(error, ConnectionError)


def _first_line(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return (str(cause).strip() or type(cause).__name__).splitlines()[0]
