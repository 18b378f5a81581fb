import asyncio

import pytest
from fakes.postgres import Postgres
from fakes.records import NOW
from sqlalchemy import select

from telamon.storage import KeyRing, Storage, new_key, open_storage
from telamon.storage.schema import letters

PG = pytest.mark.postgres


@PG
async def test_a_replica_lives_while_it_says_so(
    postgres: Postgres, postgres_url: str, ring: KeyRing
) -> None:
    storage = await open_storage(postgres_url, keys=ring, clock=lambda: NOW)
    assert not await storage.replicas.lives("one")
    await storage.replicas.beat("one")
    await storage.replicas.beat("one")
    assert await storage.replicas.lives("one")
    database = postgres_url.rpartition("/")[2]
    postgres.sql("UPDATE replicas SET seen_at = seen_at - 7", database=database)
    assert await storage.replicas.lives("one")
    postgres.sql("UPDATE replicas SET seen_at = seen_at - 2", database=database)
    assert not await storage.replicas.lives("one")
    await storage.replicas.beat("one")
    assert await storage.replicas.lives("one")
    await storage.replicas.leave("one")
    assert not await storage.replicas.lives("one")
    await storage.close()


async def test_a_letter_is_taken_once_and_in_order(storage: Storage, replica: Storage) -> None:
    first = await storage.replicas.send("two", {"n": 1, "text": "ü\0" * 9_000}, NOW)
    await storage.replicas.send("two", {"n": 2}, NOW + 1)
    await storage.replicas.send("three", {"n": 3}, NOW)
    both = await asyncio.gather(replica.replicas.take("two"), storage.replicas.take("two"))
    taken = [letter for some in both for letter in some]
    assert [letter.body["n"] for letter in taken] == [1, 2]
    assert taken[0].id == first
    assert not await storage.replicas.withdraw(first)


async def test_a_letter_that_nobody_took_can_be_withdrawn(storage: Storage) -> None:
    letter = await storage.replicas.send("two", {}, NOW)
    assert await storage.replicas.withdraw(letter)
    assert await storage.replicas.take("two") == []
    await storage.replicas.send("two", {}, NOW)
    assert (await storage.purge(NOW + 59))["letters"] == 0
    assert (await storage.purge(NOW + 61))["letters"] == 1


async def test_letters_and_events_need_no_rotation_and_cannot_be_read(
    url: str,
) -> None:
    old = new_key()
    storage = await open_storage(url, keys=KeyRing.parse([old]))
    await storage.replicas.send("two", {"secret": "made-up-secret"}, NOW)
    rows = await storage._database.rows(select(letters.c.body))
    assert b"made-up-secret" not in rows[0].body
    await storage.close()
    new = new_key()
    storage = await open_storage(url, keys=KeyRing.parse([new, old]))
    while await storage.rekey():
        pass
    await storage.close()
    storage = await open_storage(url, keys=KeyRing.parse([new]))
    (letter,) = await storage.replicas.take("two")
    assert letter.body == {"secret": "made-up-secret"}
    await storage.close()


async def test_subscribers_hear_of_a_changed_list(storage: Storage) -> None:
    heard: list[str] = []
    storage.notifications.subscribe("list_changes", heard.append)
    await storage.replicas.change_lists(["tools", "prompts"])
    assert heard == ["tools prompts"]


@PG
async def test_changes_of_lists_are_counted(postgres_url: str, ring: KeyRing) -> None:
    storage = await open_storage(postgres_url, keys=ring)
    assert await storage.replicas.list_versions() == {}
    await storage.replicas.change_lists(["tools", "prompts"])
    await storage.replicas.change_lists(["tools"])
    assert await storage.replicas.list_versions() == {"tools": 2, "prompts": 1}
    await storage.close()
