"""The one SELECT that stands on the way of every request, run as directly as the engine allows."""

import asyncio
import json
import sqlite3
from collections import namedtuple
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.engine import Database, translated
from telamon.storage.errors import StorageUnavailable
from telamon.storage.schema import JsonText

_log = structlog.get_logger(__name__)


class HotSelect:
    """A prepared SELECT of one row.

    On PostgreSQL it is an ordinary read. On SQLite every step of an ordinary read (cursor, execute,
    fetch, close, reset) is a trip to the connection's thread and back; here it is one trip, on a
    connection of its own, with SQL that was compiled once.
    """

    def __init__(self, database: Database, statement: Select[Any]) -> None:
        self._database = database
        self._statement = statement
        columns = statement.selected_columns
        self._row = namedtuple("_row", [column.name for column in columns])  # type: ignore[misc]  # noqa: PYI024 - the columns are known here only
        self._json = [n for n, column in enumerate(columns) if isinstance(column.type, JsonText)]
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
        self._sql, self._fixed = str(compiled), dict(compiled.params)
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._connecting = asyncio.Lock()

    async def row(self, values: Mapping[str, Any]) -> Any | None:
        """The row for these parameters, with a column an attribute.

        Raises:
            StorageUnavailable: the database cannot be read.
        """
        if not self._database.is_sqlite:
            return await self._database.row(self._statement, values)
        driver = self._driver or await self._connect()
        try:
            found = await driver.execute_fetchall(self._sql, self._fixed | dict(values))
        except sqlite3.Error as error:
            _log.warning("storage.unavailable", error=str(error))
            raise StorageUnavailable(f"the database cannot answer: {error}") from error
        if not found:
            return None
        cells = list(found[0])
        for position in self._json:
            cells[position] = json.loads(cells[position])
        return self._row(*cells)

    async def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            await connection.close()

    async def _connect(self) -> Any:
        async with self._connecting, translated():
            if self._connection is None:
                self._connection = await self._database.engine.connect()
                pooled = await self._connection.get_raw_connection()
                self._driver = pooled.driver_connection
                pooled.detach()  # it is ours now; the pool makes another
            return self._driver
