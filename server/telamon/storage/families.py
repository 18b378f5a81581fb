"""Token families at rest: listing, revoking and moving them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.engine import Database
from telamon.storage.notifications import Notifications
from telamon.storage.records import Family
from telamon.storage.schema import codes, families, tokens

_NAMES: Final = tuple(column.name for column in families.c)
FAMILY_COLUMNS: Final = tuple(families.c[name].label(f"family__{name}") for name in _NAMES)
"""The family's columns under names of their own, for a join."""

REVOKED: Final = "revoked"
"""The topic that names a family some of whose tokens are not good any more: look again."""

_NEWEST_FIRST: Final = (families.c.created_at.desc(), families.c.id)


class Families:
    """The part of the tokens' storage that deals with whole families.

    Every replica is told of a revocation, by whichever process and for whatever reason.
    """

    def __init__(self, database: Database, notifications: Notifications) -> None:
        self._database = database
        self._notifications = notifications

    async def family(self, family_id: str) -> Family | None:
        """The family of this id, also when expired or revoked."""
        columns = select(*FAMILY_COLUMNS).where(families.c.id == family_id)
        row = await self._database.row(columns)
        return None if row is None else family_of(row)

    async def families(
        self,
        *,
        account_id: str | None = None,
        client_id: str | None = None,
        grant_id: str | None = None,
        now: float,
    ) -> Sequence[Family]:
        """The live families that match all that is given, newest first.

        Live: not revoked, not expired, and with a code or token that still works.
        """
        statement = select(*FAMILY_COLUMNS).where(_live(now)).order_by(*_NEWEST_FIRST)
        wanted = {
            families.c.account_id: account_id,
            families.c.client_id: client_id,
            families.c.grant_id: grant_id,
        }
        for column, value in wanted.items():
            if value is not None:
                statement = statement.where(column == value)
        return tuple(family_of(row) for row in await self._database.rows(statement))

    async def revoke_family(self, family_id: str, reason: str, now: float) -> bool:
        """Revoke the family with all its codes and tokens; True if it was not revoked before."""
        revoke = (
            update(families)
            .where(families.c.id == family_id, families.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_reason=reason)
            .returning(families.c.id)
        )

        async def work(connection: AsyncConnection) -> Sequence[Row[Any]]:
            found: Sequence[Row[Any]] = (await connection.execute(revoke)).all()
            return found

        return bool(await self._revoke(work))

    async def keep_newest(
        self, account_id: str, client_id: str, keep: int, now: float
    ) -> Sequence[Family]:
        """Revoke this user's and client's oldest live families beyond *keep*; those revoked."""
        surplus = (
            select(families.c.id)
            .where(families.c.account_id == account_id, families.c.client_id == client_id)
            .where(_live(now))
            .order_by(*_NEWEST_FIRST)
        )

        async def work(connection: AsyncConnection) -> Sequence[Row[Any]]:
            # The cut is made here: SQLite has no OFFSET without a LIMIT.
            ids = (await connection.execute(surplus)).scalars().all()[keep:]
            revoke = (
                update(families)
                .where(families.c.id.in_(ids), families.c.revoked_at.is_(None))
                .values(revoked_at=now, revoked_reason="superseded")
                .returning(*FAMILY_COLUMNS)
            )
            return (await connection.execute(revoke)).all()

        return tuple(family_of(row) for row in await self._revoke(work))

    async def _revoke(
        self, work: Callable[[AsyncConnection], Awaitable[Sequence[Row[Any]]]]
    ) -> Sequence[Row[Any]]:
        """Run what revokes and tell every replica; each of its rows begins with a family's id."""

        async def telling(connection: AsyncConnection) -> Sequence[Row[Any]]:
            rows = await work(connection)
            for row in rows:
                await self._notifications.enlist(connection, REVOKED, row[0])
            return rows

        rows = await self._database.write(telling)
        for row in rows:
            self._notifications.deliver(REVOKED, row[0])
        return rows

    async def move_families(
        self, account_id: str, cloud_ids: Collection[str], grant_id: str, now: float
    ) -> int:
        """Hang this user's live families of these sites on another grant; how many moved."""
        statement = (
            update(families)
            .where(families.c.account_id == account_id, families.c.cloud_id.in_(cloud_ids))
            .where(_live(now), families.c.grant_id != grant_id)
            .values(grant_id=grant_id)
        )
        return await self._database.change(statement, idempotent=True)


def family_values(family: Family) -> dict[str, Any]:
    """The row of *family*."""
    return {name: getattr(family, name) for name in _NAMES}


def family_of(row: Row[Any]) -> Family:
    """The family in a row that holds ``FAMILY_COLUMNS``."""
    values: dict[str, Any] = {name: getattr(row, f"family__{name}") for name in _NAMES}
    values["scopes"] = tuple(values["scopes"])
    return Family(**values)


def _live(now: float) -> ColumnElement[bool]:
    working_token = exists().where(
        tokens.c.family_id == families.c.id,
        tokens.c.consumed_at.is_(None),
        tokens.c.expires_at > now,
    )
    open_code = exists().where(
        codes.c.family_id == families.c.id, codes.c.consumed_at.is_(None), codes.c.expires_at > now
    )
    return (
        families.c.revoked_at.is_(None)
        & (families.c.expires_at > now)
        & or_(working_token, open_code)
    )
