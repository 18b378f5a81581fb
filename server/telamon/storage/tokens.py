"""Codes and tokens at rest: looked up by hash, redeemed and rotated by one transaction each."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage.bonds import Bonds, Bound
from telamon.storage.engine import Database
from telamon.storage.families import FAMILY_COLUMNS, Families, family_of, family_values
from telamon.storage.hot import HotSelect
from telamon.storage.lookup import Lookup
from telamon.storage.notifications import Notifications
from telamon.storage.records import Code, Family, NewToken, Token
from telamon.storage.schema import codes, families, tokens
from telamon.storage.sealing import Sealer

OVERLAP: Final = 60.0
"""Seconds that the access tokens of a family live on after a rotation."""

_TABLE: Final = tokens.name
_successor: Final = tokens.alias("successor")
_LIVE: Final = exists().where(families.c.revoked_at.is_(None))

_CODE: Final = (
    select(codes, *FAMILY_COLUMNS)
    .join(families, codes.c.family_id == families.c.id)
    .where(codes.c.hash == bindparam("hash"))
)
_ACCESS: Final = (
    select(tokens, *FAMILY_COLUMNS)
    .join(families, tokens.c.family_id == families.c.id)
    .where(tokens.c.hash == bindparam("hash"), tokens.c.kind == "access")
)
_REFRESH: Final = (
    select(tokens, *FAMILY_COLUMNS, _successor.c.consumed_at.label("successor_consumed_at"))
    .join(families, tokens.c.family_id == families.c.id)
    .outerjoin(_successor, tokens.c.successor_hash == _successor.c.hash)
    .where(tokens.c.hash == bindparam("hash"), tokens.c.kind == "refresh")
)


class Tokens(Families):
    """Codes, access and refresh tokens, and (inherited) their families.

    Plaintexts come in and are hashed, under another pepper for each kind; none is ever returned.
    One whose bond is broken (see :class:`Bonds`) is as if it were not there.
    """

    def __init__(
        self, database: Database, lookup: Lookup, sealer: Sealer, notifications: Notifications
    ) -> None:
        super().__init__(database, notifications)
        self._lookup = lookup
        self._sealer = sealer
        self._bonds = Bonds(lookup)
        self._access = HotSelect(database, _ACCESS)

    async def close(self) -> None:
        """Close the connection that look-ups keep."""
        await self._access.close()

    async def add_code(self, code: str, record: Code) -> None:
        """Store a code together with its family, which has no tokens yet."""
        key = self._lookup.hash("code", code)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert(families).values(family_values(record.family)))
            await connection.execute(
                insert(codes).values(
                    hash=key,
                    family_id=record.family.id,
                    redirect_uri=record.redirect_uri,
                    redirect_uri_given=int(record.redirect_uri_given),
                    code_challenge=record.code_challenge,
                    scopes=record.scopes,
                    expires_at=record.expires_at,
                    consumed_at=record.consumed_at,
                    attempts=record.attempts,
                    bond=self._bonds.of("code", key, record.scopes, record.family),
                )
            )

        await self._database.write(work)

    async def code(self, code: str) -> Code | None:
        """The code's record, also when expired or consumed, until it is purged."""
        row = await self._database.row(_CODE, {"hash": self._lookup.hash("code", code)})
        if row is None or not self._bonds.hold("code", row, family := family_of(row)):
            return None
        return Code(
            family=family,
            redirect_uri=row.redirect_uri,
            redirect_uri_given=bool(row.redirect_uri_given),
            code_challenge=row.code_challenge,
            scopes=tuple(row.scopes),
            expires_at=row.expires_at,
            consumed_at=row.consumed_at,
            attempts=row.attempts,
        )

    async def count_attempt(self, code: str) -> int:
        """Count a wrong verifier; how many there were, this one included (0: no such code)."""
        statement = (
            update(codes)
            .where(codes.c.hash == self._lookup.hash("code", code))
            .values(attempts=codes.c.attempts + 1)
            .returning(codes.c.attempts)
        )

        async def work(connection: AsyncConnection) -> int:
            row = (await connection.execute(statement)).first()
            return 0 if row is None else row.attempts

        return await self._database.write(work)

    async def redeem(self, code: str, *, access: NewToken, refresh: NewToken, now: float) -> bool:
        """Consume the code and store its first pair, as one transaction.

        False, and nothing stored, when it was consumed meanwhile, its family is revoked, or there
        is no such code. Expiry is the caller's to judge.
        """
        consume = (
            update(codes)
            .where(codes.c.hash == self._lookup.hash("code", code), codes.c.consumed_at.is_(None))
            .where(_LIVE.where(families.c.id == codes.c.family_id))
            .values(consumed_at=now)
            .returning(codes)
        )

        async def work(connection: AsyncConnection) -> bool:
            row = (await connection.execute(consume)).first()
            family = await self._used(connection, "code", row, now)
            if family is None:
                return False
            await self._store_pair(connection, family, (access, refresh), now)
            return True

        return await self._database.write(work)

    async def access(self, token: str) -> Token | None:
        """The access token's record, also when expired or revoked: the caller judges.

        On the way of every request: one look-up by primary key, joined to the family.
        """
        row = await self._access.row({"hash": self._lookup.hash("access", token)})
        if row is None or not self._bonds.hold("access", row, family := family_of(row)):
            return None
        return Token(
            kind="access",
            family=family,
            scopes=tuple(row.scopes),
            created_at=row.created_at,
            expires_at=row.expires_at,
            consumed_at=row.consumed_at,
        )

    async def refresh(self, token: str) -> Token | None:
        """The refresh token's record, also when expired, consumed or revoked: the caller judges.

        Raises:
            Unsealable: its replay does not open; the token is not to be honoured.
        """
        row = await self._database.row(_REFRESH, {"hash": self._lookup.hash("refresh", token)})
        if row is None or not self._bonds.hold("refresh", row, family := family_of(row)):
            return None
        replay = None
        if row.replay is not None:
            replay = self._sealer.open(
                row.replay,
                table=_TABLE,
                row=row.hash.hex(),
                account=row.account_id,
                column="replay",
            ).decode()
        return Token(
            kind="refresh",
            family=family,
            scopes=tuple(row.scopes),
            created_at=row.created_at,
            expires_at=row.expires_at,
            consumed_at=row.consumed_at,
            grace_until=row.grace_until,
            replay=replay,
            successor_used=row.successor_consumed_at is not None,
        )

    async def rotate(
        self,
        refresh: str,
        *,
        access: NewToken,
        successor: NewToken,
        replay: str,
        grace_until: float,
        now: float,
    ) -> bool:
        """Consume *refresh*, store its successors and the sealed *replay*, as one transaction.

        The family's earlier access tokens end ``OVERLAP`` seconds from now at the latest. False,
        and nothing changed, when it was consumed meanwhile, its family is revoked, or there is no
        such refresh token. Expiry is the caller's to judge.
        """
        key = self._lookup.hash("refresh", refresh)
        consume = (
            update(tokens)
            .where(tokens.c.hash == key, tokens.c.consumed_at.is_(None))
            .where(_LIVE.where(families.c.id == tokens.c.family_id))
            .values(
                consumed_at=now,
                grace_until=grace_until,
                successor_hash=self._lookup.hash("refresh", successor.token),
            )
            .returning(tokens)
        )

        async def work(connection: AsyncConnection) -> bool:
            row = (await connection.execute(consume)).first()
            family = await self._used(connection, "refresh", row, now)
            if row is None or family is None:
                return False
            sealed = self._sealer.seal(
                replay, table=_TABLE, row=key.hex(), account=row.account_id, column="replay"
            )
            await connection.execute(
                update(tokens).where(tokens.c.hash == key).values(replay=sealed)
            )
            await connection.execute(
                update(tokens)
                .where(tokens.c.family_id == row.family_id, tokens.c.kind == "access")
                .where(tokens.c.expires_at > now + OVERLAP)
                .values(expires_at=now + OVERLAP)
            )
            await self._store_pair(connection, family, (access, successor), now)
            return True

        return await self._database.write(work)

    async def revoke_access(self, token: str) -> bool:
        """Remove this access token and nothing else; False when there was none."""
        key = self._lookup.hash("access", token)
        revoke = (
            delete(tokens)
            .where(tokens.c.hash == key, tokens.c.kind == "access")
            .returning(tokens.c.family_id)
        )

        async def work(connection: AsyncConnection) -> Sequence[Row[Any]]:
            return (await connection.execute(revoke)).all()

        return bool(await self._revoke(work))

    async def _used(
        self, connection: AsyncConnection, kind: Bound, row: Row[Any] | None, now: float
    ) -> Family | None:
        """Note the use of what was consumed; its family, if there is one and the bond holds."""
        if row is None:
            return None
        used = update(families).where(families.c.id == row.family_id).values(last_used_at=now)
        family = family_of((await connection.execute(used.returning(*FAMILY_COLUMNS))).one())
        return family if self._bonds.hold(kind, row, family) else None

    async def _store_pair(
        self,
        connection: AsyncConnection,
        family: Family,
        pair: tuple[NewToken, NewToken],
        now: float,
    ) -> None:
        kinds: tuple[Bound, Bound] = ("access", "refresh")
        rows: list[dict[str, Any]] = []
        for kind, new in zip(kinds, pair, strict=True):
            key = self._lookup.hash(kind, new.token)
            rows.append(
                {
                    "hash": key,
                    "kind": kind,
                    "family_id": family.id,
                    "account_id": family.account_id,
                    "scopes": new.scopes,
                    "created_at": now,
                    "expires_at": new.expires_at,
                    "bond": self._bonds.of(kind, key, new.scopes, family),
                }
            )
        await connection.execute(insert(tokens), rows)
