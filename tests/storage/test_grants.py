import asyncio
from dataclasses import replace

import pytest
from fakes.records import NOW, SITE, a_grant

from telamon.plugin import Site
from telamon.storage import Grant, GrantState, Storage

LEASE = NOW + 45


async def stored(storage: Storage, grant_id: str = "grant-1") -> Grant:
    found = await storage.grants.get(grant_id)
    assert found is not None
    return found


async def committed(storage: Storage, *, version: int, owner: str, number: int = 1) -> bool:
    return await storage.grants.commit(
        "grant-1",
        version=version,
        owner=owner,
        access_token=f"atlassian-access-{number}",
        refresh_token=f"atlassian-refresh-{number}",
        access_expires_at=NOW + 7200,
        scopes=("read:jira-work",),
        now=NOW + 10,
    )


async def test_a_grant_comes_back_as_it_was_stored(storage: Storage) -> None:
    grant = a_grant(
        email=None,
        state="needs_reauth",
        reason="made up",
        version=7,
        lease_owner="replica-1",
        lease_until=LEASE,
        attempt_started_at=NOW,
    )
    await storage.grants.add(grant)
    assert await storage.grants.get("grant-1") == grant
    assert await storage.grants.get("grant-2") is None


def test_a_printed_grant_shows_no_secret_and_no_person() -> None:
    text = repr(a_grant())
    for secret in ("atlassian-access-0", "atlassian-refresh-0", "Ada", "ada@example.com"):
        assert secret not in text


@pytest.mark.row("SEC-P18", "SEC-U01")
async def test_of_many_replicas_exactly_one_gets_the_lease(
    storage: Storage, replica: Storage
) -> None:
    await storage.grants.add(a_grant())
    results = await asyncio.gather(
        *(
            s.grants.lease("grant-1", version=0, owner=f"o{number}", until=LEASE, now=NOW)
            for number, s in enumerate((storage, replica) * 10)
        )
    )
    assert results.count(True) == 1
    found = await stored(replica)
    assert found.lease_owner == f"o{results.index(True)}"
    assert (found.lease_until, found.attempt_started_at) == (LEASE, NOW)


async def test_a_lease_can_be_taken_over_only_after_its_end(storage: Storage) -> None:
    await storage.grants.add(a_grant())
    lease = storage.grants.lease
    assert await lease("grant-1", version=0, owner="first", until=LEASE, now=NOW)
    assert not await lease("grant-1", version=0, owner="second", until=LEASE + 9, now=LEASE)
    assert not await lease("grant-1", version=1, owner="second", until=LEASE + 9, now=LEASE + 1)
    assert await lease("grant-1", version=0, owner="second", until=LEASE + 9, now=LEASE + 1)


async def test_the_holder_of_a_lease_may_move_its_end(storage: Storage) -> None:
    await storage.grants.add(a_grant())
    lease = storage.grants.lease
    assert await lease("grant-1", version=0, owner="me", until=LEASE, now=NOW)
    assert await lease("grant-1", version=0, owner="me", until=NOW + 5, now=NOW + 1)
    assert await lease("grant-1", version=0, owner="next", until=LEASE, now=NOW + 6)
    assert not await lease("grant-1", version=0, owner="me", until=LEASE, now=NOW + 6)


async def test_a_commit_stores_the_new_tokens_and_ends_the_lease(storage: Storage) -> None:
    await storage.grants.add(a_grant(state="needs_reauth", reason="was down"))
    await storage.grants.lease("grant-1", version=0, owner="me", until=LEASE, now=NOW)
    assert await committed(storage, version=0, owner="me")
    assert await storage.grants.get("grant-1") == a_grant(
        access_token="atlassian-access-1",
        refresh_token="atlassian-refresh-1",
        access_expires_at=NOW + 7200,
        scopes=("read:jira-work",),
        version=1,
        refreshed_at=NOW + 10,
    )


@pytest.mark.row("SEC-P19")
async def test_a_holder_who_slept_through_its_lease_cannot_overwrite(
    storage: Storage, replica: Storage
) -> None:
    await storage.grants.add(a_grant())
    await storage.grants.lease("grant-1", version=0, owner="sleeper", until=LEASE, now=NOW)
    await replica.grants.lease("grant-1", version=0, owner="next", until=LEASE + 90, now=LEASE + 1)
    assert not await committed(storage, version=0, owner="sleeper", number=1)
    assert await committed(replica, version=0, owner="next", number=2)
    assert not await committed(storage, version=0, owner="sleeper", number=1)
    assert not await committed(storage, version=1, owner="sleeper", number=1)
    assert (await stored(storage)).access_token == "atlassian-access-2"


async def test_a_released_lease_is_free_and_remembers_the_attempt(storage: Storage) -> None:
    await storage.grants.add(a_grant())
    await storage.grants.lease("grant-1", version=0, owner="me", until=LEASE, now=NOW)
    assert not await storage.grants.release("grant-1", version=0, owner="other")
    assert await storage.grants.release("grant-1", version=0, owner="me")
    assert await stored(storage) == a_grant(attempt_started_at=NOW)
    assert not await storage.grants.release("grant-1", version=0, owner="me")


async def test_needing_a_new_sign_in_is_marked_for_that_version_only(storage: Storage) -> None:
    await storage.grants.add(a_grant())
    await storage.grants.lease("grant-1", version=0, owner="me", until=LEASE, now=NOW)
    mark = storage.grants.needs_reauth
    assert not await mark("grant-1", version=1, reason="stale", now=NOW)
    assert await mark("grant-1", version=0, reason="invalid_grant", now=NOW + 5)
    marked = a_grant(
        state="needs_reauth",
        reason="invalid_grant",
        version=1,
        refreshed_at=NOW + 5,
        attempt_started_at=NOW,
    )
    assert await stored(storage) == marked
    assert await mark("grant-1", version=None, reason="unsealable", now=NOW + 6)
    assert (await stored(storage)).reason == "unsealable"
    assert not await mark("unknown", version=None, reason="unsealable", now=NOW)


async def test_an_account_s_grants_come_active_first_then_newest_first(storage: Storage) -> None:
    states: tuple[GrantState, ...] = ("active", "needs_reauth", "active", "needs_reauth")
    for number, state in enumerate(states):
        grant = a_grant(id=f"g{number}", created_at=NOW + number)
        await storage.grants.add(replace(grant, state=state))
    await storage.grants.add(a_grant(id="ben", account_id="ben"))
    assert [g.id for g in await storage.grants.of_account("ada")] == ["g2", "g0", "g3", "g1"]
    assert [g.id for g in await storage.grants.list(2)] == ["g3", "g2"]
    assert await storage.grants.of_account("nobody") == ()


@pytest.mark.row("SEC-P10")
async def test_abandoned_refreshes_are_listed_for_the_sweeper(storage: Storage) -> None:
    for number in range(3):
        await storage.grants.add(a_grant(id=f"g{number}"))
    for number in range(2):
        await storage.grants.lease(
            f"g{number}", version=0, owner="gone", until=LEASE - number, now=NOW
        )
    assert await storage.grants.abandoned(LEASE - 1) == ()
    assert [g.id for g in await storage.grants.abandoned(LEASE + 1)] == ["g1", "g0"]
    assert [g.id for g in await storage.grants.abandoned(LEASE + 1, limit=1)] == ["g1"]


async def test_sites_are_replaced(storage: Storage) -> None:
    await storage.grants.add(a_grant())
    sites = (SITE, Site(cloud_id="cloud-2", url="https://two.example.com", name="Two"))
    await storage.grants.set_sites("grant-1", sites, NOW)
    assert await stored(storage) == a_grant(sites=sites)


@pytest.mark.row("SEC-V06")
async def test_a_deleted_grant_is_gone(storage: Storage) -> None:
    await storage.grants.add(a_grant())
    assert await storage.grants.delete("grant-1")
    assert not await storage.grants.delete("grant-1")
    assert await storage.grants.get("grant-1") is None
