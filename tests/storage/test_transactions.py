import asyncio

import pytest
from fakes.records import NOW, a_transaction

from telamon.storage import Storage


async def test_a_transaction_comes_back_as_it_was_stored(storage: Storage) -> None:
    await storage.transactions.add(a_transaction())
    assert await storage.transactions.get("transaction-1", NOW) == a_transaction()
    assert await storage.transactions.get("transaction-2", NOW) is None


@pytest.mark.row("SEC-S12")
async def test_an_expired_transaction_is_not_found(storage: Storage) -> None:
    await storage.transactions.add(a_transaction())
    await storage.transactions.save(a_transaction(), state="state-1")
    late = a_transaction().expires_at
    assert await storage.transactions.get("transaction-1", late) is None
    assert await storage.transactions.by_state("state-1", late) is None


async def test_a_save_of_an_old_version_changes_nothing(storage: Storage) -> None:
    await storage.transactions.add(a_transaction())
    assert await storage.transactions.save(a_transaction(data={"step": "site"}))
    assert not await storage.transactions.save(a_transaction(data={"step": "lost"}))
    found = await storage.transactions.get("transaction-1", NOW)
    assert found == a_transaction(version=1, data={"step": "site"})


@pytest.mark.row("SEC-S26")
async def test_the_upstream_state_finds_it_until_it_is_removed(storage: Storage) -> None:
    await storage.transactions.add(a_transaction())
    assert await storage.transactions.by_state("state-1", NOW) is None
    assert await storage.transactions.save(a_transaction(), state="state-1")
    found = await storage.transactions.by_state("state-1", NOW)
    assert found == a_transaction(version=1)
    assert await storage.transactions.save(a_transaction(version=1))
    assert await storage.transactions.by_state("state-1", NOW) == a_transaction(version=2)
    assert await storage.transactions.save(a_transaction(version=2), state="")
    assert await storage.transactions.by_state("state-1", NOW) is None


@pytest.mark.row("SEC-S10", "SEC-P15")
async def test_of_many_takers_on_two_replicas_exactly_one_wins(
    storage: Storage, replica: Storage
) -> None:
    await storage.transactions.add(a_transaction())
    both = (storage, replica) * 10
    taken = await asyncio.gather(*(s.transactions.take("transaction-1", 0) for s in both))
    assert taken.count(True) == 1
    assert await replica.transactions.get("transaction-1", NOW) is None


async def test_a_transaction_is_not_taken_at_another_version(storage: Storage) -> None:
    await storage.transactions.add(a_transaction())
    assert not await storage.transactions.take("transaction-1", 1)
    assert await storage.transactions.take("transaction-1", 0)
