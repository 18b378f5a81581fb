"""Sealing everything anew under the first key of the ring, in restartable batches."""

from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import Column, Row, Table, func, select, update

from telamon.storage.engine import Database
from telamon.storage.errors import KeyMissing, Unsealable
from telamon.storage.root import rewrap
from telamon.storage.schema import browser_sessions, grants, tokens, transactions
from telamon.storage.sealing import Sealer

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A sealed column; ``account`` is the column whose value is bound to it, if any."""

    table: Table
    column: str
    account: str | None = None

    @property
    def key(self) -> Column[Any]:
        return next(iter(self.table.primary_key))


_CELLS: Final = (
    _Cell(grants, "profile", "account_id"),
    _Cell(grants, "access_token", "account_id"),
    _Cell(grants, "refresh_token", "account_id"),
    _Cell(tokens, "replay", "account_id"),
    _Cell(transactions, "data"),
    _Cell(browser_sessions, "data", "account_id"),
)


async def rekey(database: Database, sealer: Sealer, batch: int) -> int:
    """Re-seal up to *batch* values; 0 when none is left. The data root comes last of all.

    While anything is still sealed under an old key so is the root, and a ring without that key
    does not open the storage: an old key cannot be removed too early.
    """
    done = 0
    for cell in _CELLS:
        last: Any = None
        while done < batch:
            rows = await _page(database, sealer, cell, last, batch - done)
            if not rows:
                break
            last = rows[-1].key
            for row in rows:
                done += await _reseal(database, sealer, cell, row)
    if done == 0:
        done = await rewrap(database, sealer)
    return done


async def _page(
    database: Database, sealer: Sealer, cell: _Cell, last: Any, size: int
) -> list[Row[Any]]:
    sealed = cell.table.c[cell.column]
    begins = func.substr(sealed, 1, len(sealer.prefix))
    account = cell.table.c[cell.account] if cell.account else None
    columns = [cell.key.label("key"), sealed.label("sealed")]
    statement = select(*columns, *([] if account is None else [account.label("account")]))
    statement = statement.where(sealed.is_not(None), begins != sealer.prefix)
    if last is not None:
        statement = statement.where(cell.key > last)
    return list(await database.rows(statement.order_by(cell.key).limit(size)))


async def _reseal(database: Database, sealer: Sealer, cell: _Cell, row: Row[Any]) -> int:
    key = row.key.hex() if isinstance(row.key, bytes) else row.key
    place = {
        "table": cell.table.name,
        "row": key,
        "account": (row.account or "") if cell.account else "",
        "column": cell.column,
    }
    try:
        plaintext = sealer.open(row.sealed, **place)
    except (Unsealable, KeyMissing):
        _log.error("storage.rekey.unsealable", **place)
        return 0
    # Only if it is still the value that was read: the server may be running.
    statement = (
        update(cell.table)
        .where(cell.key == row.key, cell.table.c[cell.column] == row.sealed)
        .values({cell.column: sealer.seal(plaintext, **place)})
    )
    return await database.change(statement, idempotent=True)
