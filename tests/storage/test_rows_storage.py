"""What the database is asked, and what a clock that jumps revives."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fakes.records import NOW, a_client, a_code, a_refresh, a_transaction, an_access
from sqlalchemy import event

from telamon.storage import Storage
from telamon.storage.credentials import new_secret


@contextmanager
def asked(storage: Storage) -> Iterator[list[Any]]:
    """Collect the values of every statement that is sent."""
    values: list[Any] = []
    engine = storage._database.engine.sync_engine

    def note(*given: Any) -> None:
        said = given[3]
        values.extend(said.values() if isinstance(said, dict) else said or ())

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield values
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.row("SEC-T37")
async def test_the_database_is_asked_for_digests_that_share_no_beginning(
    storage: Storage,
) -> None:
    await storage.clients.add(a_client(), secret=new_secret("client"))
    secret = new_secret("access")
    beginnings = [secret[:-1], secret, secret + "x", secret[:20]]
    with asked(storage) as values:
        for text in beginnings:
            assert await storage.tokens.access(text) is None
            assert await storage.tokens.refresh(text) is None
            assert await storage.tokens.code(text) is None
            assert not await storage.clients.secret_matches("client-1", text)
    digests = [bytes(value) for value in values if isinstance(value, bytes | memoryview)]
    assert len(digests) >= 2 * len(beginnings)
    assert len({digest[:4] for digest in digests}) == len(set(digests)) == len(digests)
    told = repr(values)
    assert not [text for text in beginnings if text in told]
    assert not [digest for digest in digests if secret[:8].encode() in digest]


@pytest.mark.row("SEC-T37", "SEC-D06")
async def test_a_digest_is_keyed_and_kept_apart_by_its_use(storage: Storage) -> None:
    secret = new_secret("access")
    lookup = storage.tokens._lookup
    purposes = ("access", "refresh", "code", "client", "browser_session", "mcp_session", "state")
    digests = {lookup.hash(purpose, secret) for purpose in purposes}
    assert len(digests) == len(purposes)
    assert {len(digest) for digest in digests} == {32}


@pytest.mark.row("SEC-P21", "SEC-T12", "SEC-T23")
@pytest.mark.parametrize("jump", [-300.0, 3600.0])
async def test_a_clock_that_jumps_revives_nothing_that_was_used_or_revoked(
    storage: Storage, replica: Storage, jump: float
) -> None:
    await storage.tokens.add_code("code-1", a_code())
    access, refresh = an_access(), a_refresh()
    assert await storage.tokens.redeem("code-1", access=access, refresh=refresh, now=NOW)
    then = NOW + jump
    again = await replica.tokens.redeem("code-1", access=an_access(), refresh=a_refresh(), now=then)
    assert not again
    await storage.tokens.revoke_family("family-1", "by a test", NOW)
    for each in (storage, replica):
        found = await each.tokens.access(access.token)
        assert found is None or found.family.revoked_at == NOW
        old = await each.tokens.refresh(refresh.token)
        assert old is not None
        assert old.family.revoked_at == NOW
        rotated = await each.tokens.rotate(
            refresh.token,
            access=an_access(),
            successor=a_refresh(),
            replay="answer",
            grace_until=then + 45,
            now=then,
        )
        assert not rotated


@pytest.mark.row("SEC-P21", "SEC-S26")
@pytest.mark.parametrize("skew", [-30.0, 30.0])
async def test_replicas_whose_clocks_differ_by_half_a_minute_serve_each_others_sign_ins(
    storage: Storage, replica: Storage, skew: float
) -> None:
    transaction = a_transaction()
    await storage.transactions.add(transaction)
    assert await replica.transactions.get(transaction.id, NOW + skew) == transaction
    assert await replica.transactions.save(transaction, state="a-state")
    found = await storage.transactions.by_state("a-state", NOW)
    assert found is not None
    assert found.id == transaction.id
