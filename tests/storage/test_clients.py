from dataclasses import replace

import pytest
from fakes.records import NOW, a_client

from telamon.storage import Storage


async def test_a_client_comes_back_as_it_was_stored(storage: Storage) -> None:
    client = a_client(authorised_at=NOW + 1, expires_at=NOW + 2)
    await storage.clients.add(client)
    assert await storage.clients.get("client-1") == client
    assert await storage.clients.list() == (client,)
    assert await storage.clients.count() == 1


@pytest.mark.parametrize("client_id", ["client-2", "", "client-1\0", "\ud800", "ünknown", "a\nb"])
async def test_no_text_that_was_never_an_id_finds_a_client(
    storage: Storage, client_id: str
) -> None:
    await storage.clients.add(a_client())
    assert await storage.clients.get(client_id) is None
    assert not await storage.clients.secret_matches(client_id, "")


@pytest.mark.row("SEC-D06")
async def test_only_the_client_s_own_secret_matches(storage: Storage) -> None:
    await storage.clients.add(a_client(), secret="tlm_cs_made-up")
    await storage.clients.add(a_client(client_id="public"))
    assert await storage.clients.secret_matches("client-1", "tlm_cs_made-up")
    assert not await storage.clients.secret_matches("client-1", "tlm_cs_made-uq")
    assert not await storage.clients.secret_matches("client-1", "")
    assert not await storage.clients.secret_matches("public", "tlm_cs_made-up")
    assert not await storage.clients.secret_matches("public", "")
    assert not await storage.clients.secret_matches("nobody", "tlm_cs_made-up")


async def test_the_first_approval_is_remembered_and_every_use_counts(storage: Storage) -> None:
    await storage.clients.add(a_client())
    await storage.clients.mark_used("client-1", NOW + 1)
    await storage.clients.mark_used("client-1", NOW + 2, authorised=True)
    await storage.clients.mark_used("client-1", NOW + 3, authorised=True)
    found = await storage.clients.get("client-1")
    assert found == a_client(last_used_at=NOW + 3, authorised_at=NOW + 2)


async def test_a_document_client_is_replaced_but_keeps_its_past(storage: Storage) -> None:
    first = a_client(client_id="https://client.example.com/id", kind="document", expires_at=NOW)
    await storage.clients.add(first)
    await storage.clients.mark_used(first.client_id, NOW + 5, authorised=True)
    newer = replace(first, name="Renamed", created_at=NOW + 10, last_used_at=NOW + 10)
    await storage.clients.add(newer)
    found = await storage.clients.get(first.client_id)
    assert found == replace(newer, created_at=NOW, authorised_at=NOW + 5)


@pytest.mark.row("SEC-D14")
async def test_a_registered_client_is_never_overwritten(storage: Storage) -> None:
    await storage.clients.add(a_client(), secret="first")
    with pytest.raises(ValueError, match="already"):
        await storage.clients.add(a_client(name="An impostor"), secret="second")
    assert await storage.clients.get("client-1") == a_client()
    assert await storage.clients.secret_matches("client-1", "first")


async def test_a_deleted_client_is_gone(storage: Storage) -> None:
    await storage.clients.add(a_client())
    assert await storage.clients.delete("client-1")
    assert not await storage.clients.delete("client-1")
    assert await storage.clients.get("client-1") is None


async def test_clients_are_listed_by_last_use(storage: Storage) -> None:
    for number in range(3):
        await storage.clients.add(a_client(client_id=f"c{number}", last_used_at=NOW + number))
    assert [c.client_id for c in await storage.clients.list(limit=2)] == ["c2", "c1"]


@pytest.mark.row("SEC-D10")
async def test_room_is_made_by_the_oldest_client_that_nobody_approved(storage: Storage) -> None:
    for name, age, authorised in (("old", 3, NOW), ("older", 4, None), ("young", 1, None)):
        client = a_client(client_id=name, created_at=NOW - age, authorised_at=authorised)
        await storage.clients.add(client)
    described = a_client(client_id="https://c.example.com/x", kind="document", created_at=NOW - 2)
    await storage.clients.add(described)
    assert await storage.clients.make_room(5)
    assert await storage.clients.count() == 4
    assert [await storage.clients.make_room(3) for _ in range(2)] == [True, True]
    assert [c.client_id for c in await storage.clients.list()] == ["old", "young"]
    assert [await storage.clients.make_room(1) for _ in range(2)] == [True, False]
