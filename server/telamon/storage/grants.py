"""Atlassian grants at rest: sealed tokens, and the lease that lets one refresh happen at a time."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Row, case, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.plugin.api import Site
from telamon.storage.engine import Database
from telamon.storage.errors import KeyMissing, Unsealable
from telamon.storage.records import Grant
from telamon.storage.schema import grants
from telamon.storage.sealing import Sealer

_log = structlog.get_logger(__name__)
_TABLE: Final = grants.name
_NO_LEASE: Final[dict[str, Any]] = {"lease_owner": None, "lease_until": None}


class Grants:
    """Grants by id. Whoever refreshes one takes its lease, asks Atlassian, and commits.

    ``version`` is the fence: it rises with every commit, so a holder who slept through its lease
    cannot overwrite newer tokens. A lease that outlived its ``lease_until`` marks a refresh whose
    outcome nobody stored; :meth:`abandoned` lists those for the sweeper.

    :meth:`get` raises :class:`Unsealable` for a grant whose sealed values do not open; treat it
    like ``needs_reauth`` and mark it so with ``version=None``. The methods that list leave such
    grants out and log them, so that one cannot hide the others.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def add(self, grant: Grant) -> None:
        """Store a new grant."""
        profile = json.dumps([grant.name, grant.email], separators=(",", ":"))
        await self._database.change(
            insert(grants).values(
                id=grant.id,
                account_id=grant.account_id,
                profile=self._seal(profile, grant.id, grant.account_id, "profile"),
                **self._token_values(
                    grant.id, grant.account_id, grant.access_token, grant.refresh_token
                ),
                access_expires_at=grant.access_expires_at,
                scopes=grant.scopes,
                sites=_site_values(grant.sites),
                state=grant.state,
                reason=grant.reason,
                version=grant.version,
                lease_owner=grant.lease_owner,
                lease_until=grant.lease_until,
                attempt_started_at=grant.attempt_started_at,
                created_at=grant.created_at,
                refreshed_at=grant.refreshed_at,
            )
        )

    async def get(self, grant_id: str) -> Grant | None:
        """The grant of this id.

        Raises:
            Unsealable: its sealed values are not its own, or were altered.
        """
        row = await self._database.row(select(grants).where(grants.c.id == grant_id))
        return None if row is None else self._grant(row)

    async def of_account(self, account_id: str) -> Sequence[Grant]:
        """The account's grants: active ones first, then the newest consent first."""
        active = case((grants.c.state == "active", 0), else_=1)
        statement = (
            select(grants)
            .where(grants.c.account_id == account_id)
            .order_by(active, grants.c.created_at.desc(), grants.c.id)
        )
        return self._openable(await self._database.rows(statement))

    async def lease(
        self, grant_id: str, *, version: int, owner: str, until: float, now: float
    ) -> bool:
        """Take the lease if the version is still this one and nobody else holds an unexpired lease.

        The holder may take it again, to move its end.
        """
        free = or_(
            grants.c.lease_owner.is_(None),
            grants.c.lease_owner == owner,
            grants.c.lease_until < now,
        )
        statement = (
            update(grants)
            .where(grants.c.id == grant_id, grants.c.version == version, free)
            .values(lease_owner=owner, lease_until=until, attempt_started_at=now)
        )
        return await self._database.change(statement) > 0

    async def commit(
        self,
        grant_id: str,
        *,
        version: int,
        owner: str,
        access_token: str,
        refresh_token: str,
        access_expires_at: float,
        scopes: Collection[str],
        now: float,
    ) -> bool:
        """Store the refreshed tokens, if version and lease are still the holder's.

        The version rises by one, the lease ends, the state is active again.
        """
        mine = _held(grant_id, version, owner)

        async def work(connection: AsyncConnection) -> bool:
            account = select(grants.c.account_id).where(mine)
            account_id = (await connection.execute(account)).scalar()
            if account_id is None:
                return False
            changes = {
                **self._token_values(grant_id, account_id, access_token, refresh_token),
                **_NO_LEASE,
                "access_expires_at": access_expires_at,
                "scopes": tuple(scopes),
                "state": "active",
                "reason": None,
                "version": version + 1,
                "attempt_started_at": None,
                "refreshed_at": now,
            }
            result = await connection.execute(update(grants).where(mine).values(changes))
            return result.rowcount > 0

        return await self._database.write(work)

    async def release(self, grant_id: str, *, version: int, owner: str) -> bool:
        """Give the lease back without a result; ``attempt_started_at`` stays."""
        statement = update(grants).where(_held(grant_id, version, owner)).values(_NO_LEASE)
        return await self._database.change(statement) > 0

    async def needs_reauth(
        self,
        grant_id: str,
        *,
        version: int | None,
        reason: str,
        now: float,
    ) -> bool:
        """Mark that only a new sign-in helps, and end any lease; the version rises by one.

        ``version=None`` marks it whatever its version: for a grant that does not open.
        """
        here = grants.c.id == grant_id
        if version is not None:
            here &= grants.c.version == version
        changes = {
            **_NO_LEASE,
            "state": "needs_reauth",
            "reason": reason,
            "version": grants.c.version + 1,
            "refreshed_at": now,
        }
        return await self._database.change(update(grants).where(here).values(changes)) > 0

    async def set_sites(self, grant_id: str, sites: Collection[Site], now: float) -> None:  # noqa: ARG002 - all changes take the time
        """Replace the sites that this grant reaches."""
        statement = update(grants).where(grants.c.id == grant_id).values(sites=_site_values(sites))
        await self._database.change(statement, idempotent=True)

    async def abandoned(self, now: float, limit: int = 100) -> Sequence[Grant]:
        """Grants whose lease ran out with nothing stored, the longest ago first."""
        statement = (
            select(grants)
            .where(grants.c.lease_owner.is_not(None), grants.c.lease_until < now)
            .order_by(grants.c.lease_until)
            .limit(limit)
        )
        return self._openable(await self._database.rows(statement))

    async def delete(self, grant_id: str) -> bool:
        """Remove the grant with its sealed tokens; False when there was none."""
        return await self._database.change(delete(grants).where(grants.c.id == grant_id)) > 0

    async def list(self, limit: int) -> Sequence[Grant]:
        """Grants, the newest consent first."""
        order = (grants.c.created_at.desc(), grants.c.id)
        rows = await self._database.rows(select(grants).order_by(*order).limit(limit))
        return self._openable(rows)

    def _openable(self, rows: Sequence[Row[Any]]) -> Sequence[Grant]:
        found: list[Grant] = []
        for row in rows:
            try:
                found.append(self._grant(row))
            except (Unsealable, KeyMissing) as error:
                _log.error("grant.unsealable", grant_id=row.id, reason=str(error))
        return tuple(found)

    def _grant(self, row: Row[Any]) -> Grant:
        name, email = json.loads(self._open(row, "profile"))
        return Grant(
            id=row.id,
            account_id=row.account_id,
            name=name,
            email=email,
            access_token=self._open(row, "access_token"),
            refresh_token=self._open(row, "refresh_token"),
            access_expires_at=row.access_expires_at,
            scopes=tuple(row.scopes),
            sites=tuple(Site(**site) for site in row.sites),
            state=row.state,
            reason=row.reason,
            version=row.version,
            lease_owner=row.lease_owner,
            lease_until=row.lease_until,
            attempt_started_at=row.attempt_started_at,
            created_at=row.created_at,
            refreshed_at=row.refreshed_at,
        )

    def _token_values(
        self, id_: str, account_id: str, access_token: str, refresh_token: str
    ) -> dict[str, bytes]:
        return {
            "access_token": self._seal(access_token, id_, account_id, "access_token"),
            "refresh_token": self._seal(refresh_token, id_, account_id, "refresh_token"),
        }

    def _seal(self, plaintext: str, id_: str, account_id: str, column: str) -> bytes:
        return self._sealer.seal(
            plaintext, table=_TABLE, row=id_, account=account_id, column=column
        )

    def _open(self, row: Row[Any], column: str) -> str:
        return self._sealer.open(
            getattr(row, column), table=_TABLE, row=row.id, account=row.account_id, column=column
        ).decode()


def _held(id_: str, version: int, owner: str) -> ColumnElement[bool]:
    return (grants.c.id == id_) & (grants.c.version == version) & (grants.c.lease_owner == owner)


def _site_values(sites: Collection[Site]) -> list[dict[str, str]]:
    return [asdict(site) for site in sites]
