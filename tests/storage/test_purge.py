import asyncio

import pytest
from fakes.records import (
    DAY,
    NOW,
    a_browser_session,
    a_client,
    a_code,
    a_family,
    a_grant,
    a_refresh,
    a_transaction,
    an_access,
    an_audit_record,
    an_mcp_session,
)
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from telamon.storage import KeyRing, Retention, Storage, open_storage
from telamon.storage.purge import _batch
from telamon.storage.schema import audit

HOUR = 3600.0


async def purged(storage: Storage, now: float) -> dict[str, int]:
    counts = await storage.purge(now)
    return {table: count for table, count in counts.items() if count}


async def test_nothing_of_use_is_purged(storage: Storage) -> None:
    await storage.clients.add(a_client())
    await storage.transactions.add(a_transaction())
    await storage.grants.add(a_grant())
    await storage.tokens.add_code("code-1", a_code())
    await storage.browser_sessions.add(a_browser_session())
    await storage.mcp_sessions.add(an_mcp_session())
    await storage.audit.add([an_audit_record()])
    assert await purged(storage, NOW) == {}


@pytest.mark.row("SEC-P22", "SEC-S32")
async def test_every_table_is_emptied_in_time(storage: Storage) -> None:
    await test_nothing_of_use_is_purged(storage)
    await storage.tokens.redeem("code-1", access=an_access(), refresh=a_refresh(), now=NOW)
    assert await purged(storage, NOW + 600) == {"transactions": 1}
    assert await purged(storage, NOW + 9 * HOUR) == {"browser_sessions": 1, "tokens": 1}
    assert await purged(storage, NOW + 2 * DAY) == {"clients": 1, "codes": 1, "mcp_sessions": 1}
    assert await purged(storage, NOW + 32 * DAY) == {"families": 1, "grants": 1}
    assert await purged(storage, NOW + 91 * DAY) == {"audit": 1}
    assert await purged(storage, NOW + 999 * DAY) == {}


@pytest.mark.row("SEC-D10")
async def test_unused_clients_die_after_a_day_and_idle_ones_after_ninety(
    storage: Storage,
) -> None:
    await storage.clients.add(a_client(client_id="unused"))
    await storage.clients.add(a_client(client_id="used", authorised_at=NOW))
    await storage.clients.add(a_client(client_id="document", kind="document", authorised_at=NOW))
    await storage.clients.add(a_client(client_id="configured", kind="configured"))
    assert await purged(storage, NOW + DAY) == {}
    assert await purged(storage, NOW + DAY + 1) == {"clients": 1}
    assert await storage.clients.get("unused") is None
    await storage.clients.mark_used("used", NOW + DAY)
    assert await purged(storage, NOW + 90 * DAY + 1) == {"clients": 1}
    assert await storage.clients.get("document") is None
    assert await purged(storage, NOW + 999 * DAY) == {"clients": 1}
    assert [c.client_id for c in await storage.clients.list()] == ["configured"]


async def test_consumed_refresh_tokens_stay_as_long_as_their_family(storage: Storage) -> None:
    refresh, successor = a_refresh(), a_refresh(expires_at=NOW + 60 * DAY)
    await storage.tokens.add_code("code-1", a_code())
    await storage.tokens.redeem("code-1", access=an_access(), refresh=refresh, now=NOW)
    await storage.tokens.rotate(
        refresh.token,
        access=an_access(),
        successor=successor,
        replay="the answer",
        grace_until=NOW + 45,
        now=NOW,
    )
    assert await purged(storage, NOW + 44) == {}
    assert await purged(storage, NOW + 46) == {"replays": 1}
    await storage.purge(NOW + 50 * DAY)
    consumed = await storage.tokens.refresh(refresh.token)
    assert consumed is not None
    assert consumed.replay is None
    await storage.purge(NOW + 62 * DAY)
    assert await storage.tokens.refresh(refresh.token) is None
    assert await storage.tokens.family("family-1") is None


async def test_a_revoked_family_and_an_unredeemed_one_go_after_a_day(storage: Storage) -> None:
    await storage.tokens.add_code("code-1", a_code(a_family(id="unredeemed")))
    await storage.tokens.add_code("code-2", a_code(a_family(id="revoked")))
    await storage.tokens.redeem("code-2", access=an_access(), refresh=a_refresh(), now=NOW)
    await storage.tokens.revoke_family("revoked", "made up", NOW)
    assert "families" not in await purged(storage, NOW + DAY)
    assert (await purged(storage, NOW + DAY + 61))["families"] == 2


async def test_a_grant_that_nothing_came_of_goes_after_an_hour(storage: Storage) -> None:
    await storage.grants.add(a_grant())
    assert await purged(storage, NOW + HOUR) == {}
    assert await purged(storage, NOW + HOUR + 1) == {"grants": 1}


async def test_a_grant_with_a_family_is_never_purged(storage: Storage) -> None:
    await storage.grants.add(a_grant())
    await storage.tokens.add_code("code-1", a_code(a_family(expires_at=NOW + 400 * DAY)))
    forever = a_refresh(expires_at=NOW + 400 * DAY)
    await storage.tokens.redeem("code-1", access=an_access(), refresh=forever, now=NOW)
    assert "grants" not in await purged(storage, NOW + 300 * DAY)


@pytest.mark.row("SEC-P22")
async def test_two_replicas_purge_many_batches_at_once(url: str, ring: KeyRing) -> None:
    small = Retention(batch=7)
    first = await open_storage(url, keys=ring, retention=small)
    second = await open_storage(url, keys=ring, retention=small)
    await first.audit.add([an_audit_record(id=f"e{n}") for n in range(60)])
    late = NOW + 91 * DAY
    counts = await asyncio.gather(first.purge(late), second.purge(late))
    again = await first.purge(late)
    assert sum(c["audit"] for c in counts) + again["audit"] == 60
    assert await first.audit.list() == ()
    await first.close()
    await second.close()


@pytest.mark.postgres
@pytest.mark.row("SEC-P22")
@pytest.mark.parametrize("join", ["hashjoin", "mergejoin", "nestloop"])
async def test_a_batch_is_not_exceeded_whatever_plan_is_made(
    postgres_url: str, ring: KeyRing, join: str
) -> None:
    storage = await open_storage(postgres_url, keys=ring)
    await storage.audit.add([an_audit_record(id=f"e{n}") for n in range(200)])
    batch = _batch(select(audit.c.id), 7)

    async def work(connection: AsyncConnection) -> int:
        for other in {"hashjoin", "mergejoin", "nestloop"} - {join}:
            await connection.exec_driver_sql(f"SET LOCAL enable_{other} = off")
        for way in ("hashagg", "sort", "indexscan", "bitmapscan", "material", "memoize"):
            await connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        found = await connection.execute(delete(audit).where(audit.c.id.in_(batch)))
        return found.rowcount

    assert await storage._database.write(work) == 7
    await storage.close()
