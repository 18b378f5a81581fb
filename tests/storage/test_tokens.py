import asyncio
from dataclasses import replace

import pytest
from fakes.records import DAY, NOW, a_code, a_family, a_refresh, an_access

from telamon.storage import NewToken, Storage, Token

GRACE = NOW + 145
LATER = NOW + 100


async def redeemed(storage: Storage, family: str = "family-1") -> tuple[NewToken, NewToken]:
    access, refresh = an_access(), a_refresh()
    await storage.tokens.add_code(f"code-{family}", a_code(a_family(id=family)))
    assert await storage.tokens.redeem(f"code-{family}", access=access, refresh=refresh, now=NOW)
    return access, refresh


async def rotated(storage: Storage, refresh: NewToken) -> tuple[NewToken, NewToken]:
    access, successor = an_access(), a_refresh()
    assert await storage.tokens.rotate(
        refresh.token,
        access=access,
        successor=successor,
        replay='{"the": "answer"}',
        grace_until=GRACE,
        now=LATER,
    )
    return access, successor


async def the_refresh(storage: Storage, token: NewToken) -> Token:
    found = await storage.tokens.refresh(token.token)
    assert found is not None
    return found


async def test_a_code_comes_back_as_it_was_stored(storage: Storage) -> None:
    await storage.tokens.add_code("code-1", a_code())
    assert await storage.tokens.code("code-1") == a_code()
    assert await storage.tokens.code("code-2") is None
    assert await storage.tokens.family("family-1") == a_family()
    assert await storage.tokens.family("family-2") is None


@pytest.mark.row("SEC-T11")
async def test_an_expired_code_is_still_shown_for_the_caller_to_judge(storage: Storage) -> None:
    await storage.tokens.add_code("code-1", a_code(expires_at=NOW - 1, redirect_uri_given=False))
    found = await storage.tokens.code("code-1")
    assert found == a_code(expires_at=NOW - 1, redirect_uri_given=False)


@pytest.mark.row("SEC-T14")
async def test_wrong_verifiers_are_counted(storage: Storage, replica: Storage) -> None:
    await storage.tokens.add_code("code-1", a_code())
    both = (storage, replica) * 3
    counts = await asyncio.gather(*(s.tokens.count_attempt("code-1") for s in both))
    assert sorted(counts) == [1, 2, 3, 4, 5, 6]
    assert await storage.tokens.code("code-1") == a_code(attempts=6)
    assert await storage.tokens.count_attempt("unknown") == 0


async def test_redeeming_stores_the_pair(storage: Storage) -> None:
    access, refresh = await redeemed(storage)
    family = a_family(last_used_at=NOW)
    assert await storage.tokens.access(access.token) == Token(
        kind="access",
        family=family,
        scopes=access.scopes,
        created_at=NOW,
        expires_at=access.expires_at,
    )
    assert await storage.tokens.refresh(refresh.token) == Token(
        kind="refresh",
        family=family,
        scopes=refresh.scopes,
        created_at=NOW,
        expires_at=refresh.expires_at,
    )
    code = await storage.tokens.code("code-family-1")
    assert code is not None
    assert code.consumed_at == NOW


@pytest.mark.row("SEC-T12", "SEC-T13")
async def test_of_twenty_redemptions_on_two_replicas_exactly_one_wins(
    storage: Storage, replica: Storage
) -> None:
    await storage.tokens.add_code("code-1", a_code())
    pairs = [(an_access(), a_refresh()) for _ in range(20)]
    results = await asyncio.gather(
        *(
            s.tokens.redeem("code-1", access=access, refresh=refresh, now=NOW)
            for s, (access, refresh) in zip((storage, replica) * 10, pairs, strict=True)
        )
    )
    assert results.count(True) == 1
    for won, (access, refresh) in zip(results, pairs, strict=True):
        assert (await storage.tokens.access(access.token) is not None) is won
        assert (await storage.tokens.refresh(refresh.token) is not None) is won


async def test_a_code_of_a_revoked_family_is_not_redeemed(storage: Storage) -> None:
    await storage.tokens.add_code("code-1", a_code())
    assert await storage.tokens.revoke_family("family-1", "made up", NOW)
    assert not await storage.tokens.redeem(
        "code-1", access=an_access(), refresh=a_refresh(), now=NOW
    )
    assert not await storage.tokens.redeem(
        "unknown", access=an_access(), refresh=a_refresh(), now=NOW
    )


@pytest.mark.row("SEC-T38")
async def test_a_token_is_found_only_as_what_it_is(storage: Storage) -> None:
    access, refresh = await redeemed(storage)
    assert await storage.tokens.access(refresh.token) is None
    assert await storage.tokens.refresh(access.token) is None
    assert await storage.tokens.code(access.token) is None
    assert await storage.tokens.access("code-family-1") is None


@pytest.mark.row("SEC-T36")
@pytest.mark.parametrize("token", ["", "\0", "\ud83d", "🗿", "x" * 1_000_000, "a b"])
async def test_any_text_may_be_asked_for(storage: Storage, token: str) -> None:
    assert await storage.tokens.access(token) is None
    assert await storage.tokens.refresh(token) is None
    assert await storage.tokens.code(token) is None
    assert not await storage.tokens.revoke_access(token)


@pytest.mark.row("SEC-T21", "SEC-T22", "SEC-T34")
async def test_rotation_consumes_the_old_and_keeps_its_answer(storage: Storage) -> None:
    access, refresh = await redeemed(storage)
    new_access, successor = await rotated(storage, refresh)
    old = await the_refresh(storage, refresh)
    assert (old.consumed_at, old.grace_until) == (LATER, GRACE)
    assert old.replay == '{"the": "answer"}'
    assert not old.successor_used
    current = await the_refresh(storage, successor)
    assert (current.consumed_at, current.replay, current.created_at) == (None, None, LATER)
    assert current.family.last_used_at == LATER
    earlier = await storage.tokens.access(access.token)
    assert earlier is not None
    assert earlier.expires_at == LATER + 60
    latest = await storage.tokens.access(new_access.token)
    assert latest is not None
    assert latest.expires_at == new_access.expires_at


async def test_rotation_does_not_lengthen_an_access_token(storage: Storage) -> None:
    access, refresh = an_access(expires_at=LATER + 1), a_refresh()
    await storage.tokens.add_code("code-1", a_code())
    await storage.tokens.redeem("code-1", access=access, refresh=refresh, now=NOW)
    await rotated(storage, refresh)
    earlier = await storage.tokens.access(access.token)
    assert earlier is not None
    assert earlier.expires_at == LATER + 1


@pytest.mark.row("SEC-T24", "SEC-T25")
async def test_a_used_successor_is_seen_from_its_predecessor(storage: Storage) -> None:
    _, refresh = await redeemed(storage)
    _, successor = await rotated(storage, refresh)
    await rotated(storage, successor)
    assert (await the_refresh(storage, refresh)).successor_used
    assert not (await the_refresh(storage, successor)).successor_used


@pytest.mark.row("SEC-T26")
async def test_of_fifty_rotations_on_two_replicas_exactly_one_wins(
    storage: Storage, replica: Storage
) -> None:
    _, refresh = await redeemed(storage)
    successors = [a_refresh() for _ in range(50)]
    results = await asyncio.gather(
        *(
            s.tokens.rotate(
                refresh.token,
                access=an_access(),
                successor=successor,
                replay=successor.token,
                grace_until=GRACE,
                now=LATER,
            )
            for s, successor in zip((storage, replica) * 25, successors, strict=True)
        )
    )
    assert results.count(True) == 1
    winner = successors[results.index(True)]
    assert (await the_refresh(replica, refresh)).replay == winner.token
    stored = [await storage.tokens.refresh(s.token) is not None for s in successors]
    assert stored == results


async def test_a_refresh_token_of_a_revoked_family_is_not_rotated(storage: Storage) -> None:
    _, refresh = await redeemed(storage)
    await storage.tokens.revoke_family("family-1", "made up", NOW)
    for token in (refresh.token, "unknown"):
        assert not await storage.tokens.rotate(
            token,
            access=an_access(),
            successor=a_refresh(),
            replay="",
            grace_until=GRACE,
            now=LATER,
        )
    found = await the_refresh(storage, refresh)
    assert found.consumed_at is None


@pytest.mark.row("SEC-V01", "SEC-P17")
async def test_revoking_a_family_shows_on_all_its_tokens_and_replicas(
    storage: Storage, replica: Storage
) -> None:
    access, refresh = await redeemed(storage)
    assert await storage.tokens.revoke_family("family-1", "signed out", LATER)
    assert not await replica.tokens.revoke_family("family-1", "again", LATER + 1)
    for found in (
        await replica.tokens.access(access.token),
        await replica.tokens.refresh(refresh.token),
    ):
        assert found is not None
        assert found.family.revoked_at == LATER
        assert found.family.revoked_reason == "signed out"


@pytest.mark.row("SEC-V02")
async def test_revoking_an_access_token_leaves_the_rest(storage: Storage) -> None:
    access, refresh = await redeemed(storage)
    assert not await storage.tokens.revoke_access(refresh.token)
    assert await storage.tokens.revoke_access(access.token)
    assert not await storage.tokens.revoke_access(access.token)
    assert await storage.tokens.access(access.token) is None
    assert (await the_refresh(storage, refresh)).family.revoked_at is None


async def test_live_families_are_found_by_what_they_belong_to(storage: Storage) -> None:
    for number in range(4):
        family = a_family(
            id=f"f{number}",
            account_id=("ada", "ben")[number % 2],
            client_id=("c0", "c1")[number // 2],
            grant_id=f"g{number}",
            created_at=NOW + number,
        )
        await storage.tokens.add_code(f"code-{number}", a_code(family))
    tokens = storage.tokens
    assert [f.id for f in await tokens.families(now=NOW)] == ["f3", "f2", "f1", "f0"]
    assert [f.id for f in await tokens.families(account_id="ada", now=NOW)] == ["f2", "f0"]
    assert [f.id for f in await tokens.families(client_id="c1", now=NOW)] == ["f3", "f2"]
    assert [f.id for f in await tokens.families(grant_id="g1", now=NOW)] == ["f1"]
    assert await tokens.families(account_id="ben", client_id="c2", now=NOW) == ()


async def test_a_family_lives_while_something_of_it_works(storage: Storage) -> None:
    async def live(now: float) -> bool:
        return bool(await storage.tokens.families(now=now))

    await storage.tokens.add_code("code-1", a_code())
    assert await live(NOW)
    assert not await live(NOW + 60)  # the code has expired unused
    access, refresh = an_access(), a_refresh(expires_at=NOW + 10 * DAY)
    await storage.tokens.redeem("code-1", access=access, refresh=refresh, now=NOW)
    assert await live(NOW + 9 * DAY)
    assert not await live(NOW + 10 * DAY)
    _, successor = await rotated(storage, refresh)
    assert await live(NOW + 11 * DAY)
    assert not await live(successor.expires_at)
    await storage.tokens.revoke_family("family-1", "made up", NOW)
    assert not await live(NOW)


@pytest.mark.row("SEC-T39")
async def test_the_oldest_families_of_a_user_and_client_make_room(storage: Storage) -> None:
    for number in range(5):
        await storage.tokens.add_code(
            f"code-{number}", a_code(a_family(id=f"f{number}", created_at=NOW + number))
        )
    await storage.tokens.add_code("code-b", a_code(a_family(id="b", account_id="ben")))
    await storage.tokens.add_code("code-c", a_code(a_family(id="c", client_id="client-2")))
    revoked = await storage.tokens.keep_newest("ada", "client-1", 3, NOW)
    assert {f.id for f in revoked} == {"f0", "f1"}
    assert {f.revoked_reason for f in revoked} == {"superseded"}
    assert await storage.tokens.keep_newest("ada", "client-1", 3, NOW) == ()
    left = await storage.tokens.families(now=NOW)
    assert {f.id for f in left} == {"f2", "f3", "f4", "b", "c"}


async def test_families_move_to_the_newest_grant_of_their_sites(storage: Storage) -> None:
    for number, cloud in enumerate(("cloud-1", "cloud-2", "cloud-3", "cloud-1")):
        family = a_family(id=f"f{number}", cloud_id=cloud)
        await storage.tokens.add_code(f"code-{number}", a_code(family))
    other = a_family(id="ben", account_id="ben")
    await storage.tokens.add_code("code-ben", a_code(other))
    await storage.tokens.revoke_family("f3", "made up", NOW)
    moved = await storage.tokens.move_families("ada", {"cloud-1", "cloud-2"}, "grant-2", NOW)
    assert moved == 2
    assert await storage.tokens.move_families("ada", [], "grant-3", NOW) == 0
    on_new = await storage.tokens.families(grant_id="grant-2", now=NOW)
    assert {f.id for f in on_new} == {"f0", "f1"}
    assert await storage.tokens.family("ben") == replace(other)


@pytest.mark.postgres
@pytest.mark.row("SEC-P17", "SEC-V01")
async def test_every_replica_hears_of_every_revocation(pair: tuple[Storage, Storage]) -> None:
    here, there = pair
    heard: asyncio.Queue[str] = asyncio.Queue()
    own: list[str] = []
    here.notifications.subscribe("revoked", own.append)
    there.notifications.subscribe("revoked", heard.put_nowait)
    access, _ = await redeemed(here, "one")
    await redeemed(here, "two")
    await redeemed(here, "three")
    assert await here.tokens.revoke_access(access.token)
    assert not await here.tokens.revoke_access(access.token)
    assert await here.tokens.revoke_family("two", "made up", NOW)
    assert not await here.tokens.revoke_family("two", "made up", NOW)
    assert len(await here.tokens.keep_newest("ada", "client-1", 1, NOW)) == 1
    async with asyncio.timeout(10):
        told = [await heard.get() for _ in range(3)]
    assert told == own
    assert told[:2] == ["one", "two"]
