"""The data root: made once, kept sealed in the database, and the canary for the right key."""

from secrets import token_bytes
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.engine import Database
from telamon.storage.errors import KeyMissing, StorageRefused, Unsealable
from telamon.storage.keys import KEY_BYTES
from telamon.storage.schema import vault
from telamon.storage.sealing import Sealer

_ROW: Final = "root"
_PLACE: Final[dict[str, Any]] = {
    "table": vault.name,
    "row": _ROW,
    "account": "",
    "column": vault.c.sealed.name,
}


async def data_root(connection: AsyncConnection, database: Database, sealer: Sealer) -> bytes:
    """The data root's 32 bytes, made now if the database is new. Within a transaction.

    Raises:
        StorageRefused: the ring does not open it. Nothing is changed.
    """
    fresh = sealer.seal(token_bytes(KEY_BYTES), **_PLACE)
    insert = database.insert(vault).values(name=_ROW, sealed=fresh).on_conflict_do_nothing()
    await connection.execute(insert)
    stored = select(vault.c.sealed).where(vault.c.name == _ROW)
    sealed: bytes = (await connection.execute(stored)).scalar_one()
    try:
        return sealer.open(sealed, **_PLACE)
    except (Unsealable, KeyMissing) as error:
        raise StorageRefused(
            "cannot decrypt the canary: the encryption keys are not the ones this database was "
            "written with; put the right key back, nothing has been deleted"
        ) from error


async def rewrap(database: Database, sealer: Sealer) -> int:
    """Seal the data root under the ring's first key; 0 when it already is."""
    row = await database.row(select(vault.c.sealed).where(vault.c.name == _ROW))
    if row is None or row.sealed.startswith(sealer.prefix):
        return 0
    statement = (
        update(vault)
        .where(vault.c.name == _ROW, vault.c.sealed == row.sealed)
        .values(sealed=sealer.seal(sealer.open(row.sealed, **_PLACE), **_PLACE))
    )
    return await database.change(statement, idempotent=True)
