"""What is deleted when: every table is bounded by these rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    case,
    delete,
    exists,
    or_,
    select,
    tuple_,
    update,
)

from telamon.storage.engine import Database
from telamon.storage.schema import (
    audit,
    browser_sessions,
    clients,
    codes,
    families,
    grants,
    letters,
    mcp_events,
    mcp_sessions,
    mcp_streams,
    probes,
    replicas,
    tokens,
    transactions,
)

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
_OF_A_STREAM: Final = exists().where(
    mcp_streams.c.session == mcp_events.c.session, mcp_streams.c.name == mcp_events.c.stream
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """How long rows are kept beyond their use, in seconds."""

    unused_client: float = DAY
    idle_client: float = 90 * DAY
    dead_family: float = DAY
    idle_grant: float = HOUR
    """For one that no family hangs on; sign-ins under way, of a quarter of an hour, need theirs."""
    idle_mcp_session: float = DAY
    ended_stream: float = 300.0
    letter: float = 60.0
    audit: float = 90 * DAY
    batch: int = 500
    """Rows of one table that one transaction deletes."""


async def purge(database: Database, retention: Retention, now: float) -> dict[str, int]:
    """Delete what has had its time, in batches; how many rows by table, with ``replays`` wiped.

    Replicas may run it at once: each passes over rows that another is deleting.
    """
    counts: dict[str, int] = {}
    for table, dead in _rules(retention, now):
        keys = select(*table.primary_key).where(dead)
        total = 0
        while True:
            batch = _batch(keys, retention.batch)
            gone = await database.change(
                delete(table).where(tuple_(*table.primary_key).in_(batch)), idempotent=True
            )
            total += gone
            if gone < retention.batch:
                break
        counts[table.name] = total
    counts["replays"] = await _wipe_replays(database, retention, now)
    return counts


def _rules(retention: Retention, now: float) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    yield probes, probes.c.at < now - HOUR
    yield transactions, transactions.c.expires_at <= now
    yield browser_sessions, browser_sessions.c.expires_at <= now
    yield mcp_sessions, mcp_sessions.c.last_seen_at < now - retention.idle_mcp_session
    since = case((mcp_streams.c.ended == 1, now - retention.ended_stream), else_=now - HOUR)
    yield mcp_streams, mcp_streams.c.last_used_at < since
    yield mcp_events, and_(mcp_events.c.at < now - retention.ended_stream, ~_OF_A_STREAM)
    yield letters, letters.c.at < now - retention.letter
    yield replicas, replicas.c.seen_at < now - HOUR
    # A family takes its codes and tokens with it. Until then consumed refresh tokens stay, so
    # that the reuse of any of them is still recognised.
    yield families, _family_is_dead(now - retention.dead_family)
    yield codes, codes.c.expires_at < now - retention.dead_family
    yield tokens, and_(tokens.c.kind == "access", tokens.c.expires_at < now - HOUR)
    yield (
        grants,
        and_(
            grants.c.refreshed_at < now - retention.idle_grant,
            ~exists().where(families.c.grant_id == grants.c.id),
        ),
    )
    yield (
        clients,
        and_(
            clients.c.kind != "configured",
            or_(
                and_(
                    clients.c.authorised_at.is_(None),
                    clients.c.created_at < now - retention.unused_client,
                ),
                clients.c.last_used_at < now - retention.idle_client,
            ),
        ),
    )
    yield audit, audit.c.at < now - retention.audit


def _family_is_dead(since: float) -> ColumnElement[bool]:
    return or_(
        families.c.expires_at < since,
        families.c.revoked_at < since,
        and_(
            families.c.created_at < since,
            ~exists().where(
                tokens.c.family_id == families.c.id,
                tokens.c.consumed_at.is_(None),
                tokens.c.expires_at >= since,
            ),
            ~exists().where(codes.c.family_id == families.c.id, codes.c.expires_at >= since),
        ),
    )


async def _wipe_replays(database: Database, retention: Retention, now: float) -> int:
    over = and_(tokens.c.grace_until < now, tokens.c.replay.is_not(None))
    keys = select(tokens.c.hash).where(over)
    total = 0
    while True:
        batch = _batch(keys, retention.batch)
        wiped = await database.change(
            update(tokens).where(tokens.c.hash.in_(batch)).values(replay=None), idempotent=True
        )
        total += wiped
        if wiped < retention.batch:
            return total


def _batch(keys: Select[Any], size: int) -> Select[Any]:
    """At most *size* of the *keys*, without those that another replica is at.

    As a common table expression, which PostgreSQL evaluates once because it locks rows; a plain
    subquery it may evaluate again for every row, and each time pass over what it locked before.
    """
    # SQLite has no row locks and leaves that clause out.
    return select(keys.limit(size).with_for_update(skip_locked=True).cte("batch", nesting=True))
