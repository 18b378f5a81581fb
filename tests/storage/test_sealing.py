from typing import Any

import pytest
from fakes.records import (
    NOW,
    a_browser_session,
    a_code,
    a_grant,
    a_refresh,
    a_transaction,
    an_access,
)
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, ColumnElement, Update, select, true, update

from telamon.storage import KeyMissing, KeyRing, Sealer, Storage, Unsealable, new_key
from telamon.storage.schema import browser_sessions, grants, tokens, transactions

RING = KeyRing.parse([new_key(), new_key()])
PLACE = {"table": "grants", "row": "g1", "account": "ada", "column": "access_token"}


@given(st.binary(max_size=300))
def test_what_is_sealed_opens_again(plaintext: bytes) -> None:
    assert Sealer(RING).open(Sealer(RING).seal(plaintext, **PLACE), **PLACE) == plaintext


def test_the_same_value_is_never_sealed_the_same_way_twice() -> None:
    sealer = Sealer(RING)
    assert sealer.seal("secret", **PLACE) != sealer.seal("secret", **PLACE)


def test_a_sealed_value_names_its_version_and_key() -> None:
    sealed = Sealer(RING).seal("sécret", **PLACE)
    assert sealed.startswith(f"v1|{RING.first}|".encode())
    assert len(sealed) == len(f"v1|{RING.first}|") + 12 + len("sécret".encode()) + 16


@pytest.mark.row("SEC-K04")
@pytest.mark.parametrize(
    "elsewhere",
    [
        {"table": "tokens"},
        {"row": "g2"},
        {"account": "ben"},
        {"account": ""},
        {"column": "refresh_token"},
        {"row": "g1ada", "account": ""},
    ],
)
def test_a_sealed_value_does_not_open_elsewhere(elsewhere: dict[str, str]) -> None:
    sealed = Sealer(RING).seal("secret", **PLACE)
    with pytest.raises(Unsealable) as caught:
        Sealer(RING).open(sealed, **PLACE | elsewhere)
    assert "secret" not in str(caught.value)


@pytest.mark.row("SEC-K04")
def test_a_value_altered_anywhere_does_not_open() -> None:
    sealed = Sealer(RING).seal("secret", **PLACE)
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises((Unsealable, KeyMissing)):
            Sealer(RING).open(bytes(altered), **PLACE)


@pytest.mark.row("SEC-K04")
def test_a_value_cut_anywhere_does_not_open() -> None:
    sealed = Sealer(RING).seal("secret", **PLACE)
    for length in range(len(sealed)):
        with pytest.raises(Unsealable):
            Sealer(RING).open(sealed[:length], **PLACE)


@pytest.mark.row("SEC-K05")
def test_every_key_of_the_ring_decrypts_and_others_do_not() -> None:
    old, new = new_key(), new_key()
    sealed = Sealer(KeyRing.parse([old])).seal("secret", **PLACE)
    assert Sealer(KeyRing.parse([new, old])).open(sealed, **PLACE) == b"secret"
    with pytest.raises(KeyMissing, match=old.partition(":")[0]):
        Sealer(KeyRing.parse([new])).open(sealed, **PLACE)


@pytest.mark.row("SEC-K04")
@pytest.mark.parametrize("column", ["access_token", "refresh_token", "profile"])
async def test_values_swapped_between_two_people_s_grants_open_for_neither(
    storage: Storage, column: str
) -> None:
    await storage.grants.add(a_grant())
    await storage.grants.add(a_grant(id="grant-2", account_id="ben", name="Ben Example"))
    await storage.grants.add(a_grant(id="grant-3", account_id="ben", name="Ben Example"))
    await swap(storage, grants.c.id.in_(["grant-1", "grant-2"]), grants.c[column])
    for grant_id in ("grant-1", "grant-2"):
        with pytest.raises(Unsealable) as caught:
            await storage.grants.get(grant_id)
        assert (caught.value.row, caught.value.column) == (grant_id, column)
    # Lists leave them out, and they can be marked without being read.
    assert await storage.grants.of_account("ada") == ()
    assert [g.id for g in await storage.grants.of_account("ben")] == ["grant-3"]
    assert [g.id for g in await storage.grants.list(9)] == ["grant-3"]
    marked = await storage.grants.needs_reauth(
        "grant-1", version=None, reason="unsealable", now=NOW
    )
    assert marked


@pytest.mark.row("SEC-K04")
async def test_a_grant_moved_to_another_account_does_not_open(storage: Storage) -> None:
    await storage.grants.add(a_grant())
    await run(storage, update(grants).values(account_id="ben"))
    with pytest.raises(Unsealable):
        await storage.grants.get("grant-1")


@pytest.mark.row("SEC-K04")
async def test_swapped_sessions_transactions_and_replays_do_not_open(storage: Storage) -> None:
    for name in ("a", "b"):
        await storage.browser_sessions.add(a_browser_session(id=name))
        await storage.transactions.add(a_transaction(id=name))
    await storage.tokens.add_code("code-1", a_code())
    await storage.tokens.redeem("code-1", access=an_access(), refresh=a_refresh("rt"), now=NOW)
    await storage.tokens.rotate(
        "rt",
        access=an_access(),
        successor=a_refresh(),
        replay="answer",
        grace_until=NOW + 45,
        now=NOW,
    )
    await run(storage, update(browser_sessions).values(account_id="ben"))
    await run(storage, update(tokens).values(account_id="ben"))
    await swap(storage, true(), transactions.c.data)
    with pytest.raises(Unsealable):
        await storage.browser_sessions.get("a", NOW)
    with pytest.raises(Unsealable):
        await storage.transactions.get("a", NOW)
    with pytest.raises(Unsealable):
        await storage.tokens.refresh("rt")


async def run(storage: Storage, statement: Update) -> None:
    async with storage._database.engine.begin() as connection:
        await connection.execute(statement)


async def swap(storage: Storage, rows: ColumnElement[bool], column: Column[Any]) -> None:
    """What someone with write access to the database could do: exchange two rows' values."""
    key = next(iter(column.table.primary_key))
    async with storage._database.engine.begin() as connection:
        found = (await connection.execute(select(key, column).where(rows))).all()
        (first, one), (second, other) = found
        for row, value in ((first, other), (second, one)):
            changed = update(column.table).where(key == row).values({column.name: value})
            await connection.execute(changed)
