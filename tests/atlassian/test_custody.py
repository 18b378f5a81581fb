import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fakes.cloud import ADA, BEN, DEMO, SCOPES, SECOND, Keeper, Ticking
from fakes.records import a_code, a_family
from sqlalchemy import select, update

from telamon.atlassian.custody import Custody
from telamon.atlassian.identity import Account, AtlassianUnavailable, TokenAnswer
from telamon.plugin import SignInAgain, Site, TokensRevoked, Unavailable
from telamon.storage import (
    Family,
    Grant,
    KeyMissing,
    KeyRing,
    Storage,
    StorageUnavailable,
    open_storage,
)
from telamon.storage.schema import grants


async def live_family(keeper: Keeper, grant: Grant, site: Site = DEMO, **changes: Any) -> Family:
    """Hang a live token family on *grant*."""
    now = keeper.clock()
    family = a_family(
        id=changes.pop("id", f"family-{grant.id}-{site.name}"),
        account_id=grant.account_id,
        grant_id=grant.id,
        cloud_id=site.cloud_id,
        created_at=now,
        last_used_at=now,
        expires_at=now + 1e6,
        **changes,
    )
    code = a_code(family, expires_at=now + 1e6)
    await keeper.storage.tokens.add_code(f"code-{family.id}", code)
    return family


async def live(keeper: Keeper, **by: str) -> list[Family]:
    return list(await keeper.storage.tokens.families(now=keeper.clock(), **by))


async def stored(keeper: Keeper, grant_id: str) -> Grant:
    found = await keeper.storage.grants.get(grant_id)
    assert found is not None
    return found


async def test_a_grant_is_taken_in_with_everything_known(keeper: Keeper) -> None:
    grant = await keeper.signed_in()
    assert await stored(keeper, grant.id) == grant
    assert (grant.account_id, grant.name, grant.email) == (ADA.account_id, ADA.name, ADA.email)
    assert grant.sites == (DEMO, SECOND)
    assert set(grant.scopes) == set(SCOPES)
    assert keeper.heard() == ["created"]


@pytest.mark.row("SEC-K04")
async def test_a_grant_is_for_its_own_account_alone_remembered_or_not(keeper: Keeper) -> None:
    """Whatever a row says that points to it: what is sealed tells whose it is."""
    grant = await keeper.signed_in()
    for _ in range(2):
        with pytest.raises(SignInAgain, match="not this account's"):
            await keeper.custody.access_token(grant.id, BEN.account_id)
        assert await keeper.custody.access_token(grant.id, ADA.account_id) == grant.access_token


@pytest.mark.row("SEC-K05")
async def test_a_grant_under_a_key_that_only_others_have_yet_is_left_alone(keeper: Keeper) -> None:
    """Keys rotated in the wrong order: this replica cannot read what another one wrote."""
    grant = await keeper.signed_in()
    await live_family(keeper, grant)
    async with keeper.storage._database.engine.begin() as connection:
        await connection.execute(update(grants).values(access_token=b"v1|next|" + b"x" * 40))
    with pytest.raises(KeyMissing, match="'next' is not among the keys of this process"):
        await keeper.custody.access_token(grant.id)
    assert await keeper.storage.grants.of_account(ADA.account_id) == ()
    assert len(await live(keeper, grant_id=grant.id)) == 1
    (state,) = await keeper.storage._database.rows(select(grants.c.state))
    assert state == ("active",)


async def test_a_fresh_access_token_is_handed_out_without_asking_atlassian(
    keeper: Keeper, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    for _ in range(100):
        assert await keeper.custody.access_token(grant.id) == grant.access_token
        clock.advance(10)
    assert keeper.cloud.refreshes == 0


async def test_a_token_about_to_expire_serves_on_while_it_is_renewed(
    keeper: Keeper, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    clock.advance(3600 - 30)
    assert await keeper.custody.access_token(grant.id) == grant.access_token
    await keeper.tasks.drain(10)
    renewed = await stored(keeper, grant.id)
    assert renewed.version == grant.version + 1
    assert await keeper.custody.access_token(grant.id) == renewed.access_token
    assert keeper.cloud.refreshes == 1
    assert keeper.heard() == ["created", "refreshed"]


@pytest.mark.row("SEC-U22")
async def test_the_moment_of_renewal_is_spread_over_a_tenth_of_the_life(
    keeper: Keeper, storage: Storage, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    margins = {keeper.custody._margin(replace(grant, id=f"grant-{n}")) for n in range(1000)}
    assert 60 <= min(margins) < 80
    assert 400 < max(margins) <= 420
    assert len(margins) == 1000
    short = replace(grant, access_expires_at=grant.refreshed_at + 60)
    assert keeper.custody._margin(short) <= 21


@pytest.mark.row("SEC-P18")
async def test_a_hundred_calls_at_expiry_make_one_refresh(keeper: Keeper, clock: Ticking) -> None:
    grant = await keeper.signed_in()
    clock.advance(4000)
    tokens = await asyncio.gather(*(keeper.custody.access_token(grant.id) for _ in range(100)))
    assert len(set(tokens)) == 1
    assert tokens[0] != grant.access_token
    assert keeper.cloud.refreshes == 1


@pytest.mark.row("SEC-P12", "SEC-P13", "SEC-N23")
async def test_a_caller_that_goes_away_does_not_stop_the_refresh(
    keeper: Keeper, failing: Callable[..., Keeper], clock: Ticking
) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> TokenAnswer:
        begun.set()
        await goes_on.wait()
        return TokenAnswer(access_token="at", refresh_token="rt", expires_in=3600, scopes=())

    grant = await keeper.signed_in()
    clock.advance(4000)
    ours = failing(slowly)
    call = asyncio.create_task(ours.custody.access_token(grant.id))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    goes_on.set()
    assert await ours.tasks.drain(10) == 0
    assert (await stored(keeper, grant.id)).version == grant.version + 1


@pytest.mark.row("SEC-P13")
async def test_a_browser_that_goes_away_does_not_lose_the_new_grant(keeper: Keeper) -> None:
    answer = await keeper.cloud.oauth.exchange(keeper.cloud.code())
    account = Account(account_id=ADA.account_id, name="Ada", email=None)
    adopting = asyncio.create_task(keeper.custody.adopt(answer, account, []))
    await asyncio.sleep(0)
    adopting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adopting
    await keeper.tasks.drain(10)
    assert len(await keeper.storage.grants.of_account(ADA.account_id)) == 1


async def test_the_newest_consent_serves_the_families_whose_site_it_reaches(
    keeper: Keeper, clock: Ticking
) -> None:
    older = await keeper.signed_in()
    family = await live_family(keeper, older)
    clock.advance(1000)
    newer = await keeper.signed_in()
    assert [f.grant_id for f in await live(keeper, account_id=ADA.account_id)] == [newer.id]
    assert await keeper.storage.grants.get(older.id) is None
    assert family.grant_id == older.id
    assert keeper.heard() == ["created", "created", "deleted"]


async def test_an_older_grant_stays_while_a_live_family_reaches_its_site_only_by_it(
    keeper: Keeper, clock: Ticking
) -> None:
    older = await keeper.signed_in(cloud_ids=[SECOND.cloud_id])
    await live_family(keeper, older, SECOND)
    clock.advance(1000)
    # The emulated consent adds sites; this answer reaches only the first.
    answer = await keeper.cloud.oauth.exchange(keeper.cloud.code())
    account = Account(account_id=ADA.account_id, name="Ada", email=None)
    sites = await keeper.cloud.oauth.sites(answer.access_token)
    newer = await keeper.custody.adopt(answer, account, [s for s in sites if s.site == DEMO])
    assert await stored(keeper, older.id) == older
    assert [f.grant_id for f in await live(keeper, account_id=ADA.account_id)] == [older.id]
    assert newer.sites == (DEMO,)


async def test_another_sign_in_that_is_still_under_way_keeps_its_grant(
    keeper: Keeper, clock: Ticking
) -> None:
    first = await keeper.signed_in()
    clock.advance(60)
    second = await keeper.signed_in()
    assert await stored(keeper, first.id) == first
    clock.advance(1000)
    await keeper.signed_in()
    assert await keeper.storage.grants.get(first.id) is None
    assert await keeper.storage.grants.get(second.id) is None


@pytest.mark.row("SEC-G04")
async def test_two_accounts_never_share_anything(keeper: Keeper, clock: Ticking) -> None:
    ada = await keeper.signed_in()
    await live_family(keeper, ada)
    clock.advance(1000)
    ben = await keeper.signed_in(account_id=BEN.account_id)
    assert await stored(keeper, ada.id) == ada
    assert [f.grant_id for f in await live(keeper, account_id=ADA.account_id)] == [ada.id]
    assert await live(keeper, grant_id=ben.id) == []


@pytest.mark.row("SEC-U12", "SEC-U17")
async def test_a_revoked_app_ends_the_grant_and_its_families(
    keeper: Keeper, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    family = await live_family(keeper, grant)
    keeper.cloud.sandbox.grants.revoke_app()
    clock.advance(4000)
    with pytest.raises(SignInAgain):
        await keeper.custody.access_token(grant.id)
    found = await stored(keeper, grant.id)
    assert (found.state, found.reason) == ("needs_reauth", "refused")
    assert await live(keeper, grant_id=grant.id) == []
    assert keeper.heard() == ["created", "needs_reauth"]
    assert [e.family_id for e in keeper.events if isinstance(e, TokensRevoked)] == [family.id]
    asked = len(keeper.cloud.sandbox.journal.entries)
    with pytest.raises(SignInAgain):
        await keeper.custody.access_token(grant.id)
    assert len(keeper.cloud.sandbox.journal.entries) == asked


async def test_families_left_over_on_a_dead_grant_are_revoked_when_it_is_used(
    keeper: Keeper,
) -> None:
    grant = await keeper.signed_in()
    await keeper.storage.grants.needs_reauth(
        grant.id, version=grant.version, reason="test", now=keeper.clock()
    )
    await live_family(keeper, grant)
    with pytest.raises(SignInAgain):
        await keeper.custody.access_token(grant.id)
    assert await live(keeper, grant_id=grant.id) == []


async def test_an_unknown_grant_means_signing_in_again(keeper: Keeper) -> None:
    with pytest.raises(SignInAgain):
        await keeper.custody.access_token("nowhere")
    assert await keeper.custody.disconnect("nowhere") is False


async def test_a_grant_without_refresh_token_ends_with_its_access_token(
    keeper: Keeper, clock: Ticking
) -> None:
    grant = await keeper.signed_in(scopes=["read:gadgets", "read:me"])
    assert grant.refresh_token == ""
    assert await keeper.custody.access_token(grant.id) == grant.access_token
    clock.advance(4000)
    with pytest.raises(SignInAgain):
        await keeper.custody.access_token(grant.id)
    assert keeper.cloud.refreshes == 0


@pytest.mark.row("SEC-U16")
async def test_fewer_scopes_at_a_refresh_are_stored(keeper: Keeper, clock: Ticking) -> None:
    grant = await keeper.signed_in()
    keeper.cloud.set(withhold_scopes=["write:gadgets"])
    clock.advance(4000)
    await keeper.custody.access_token(grant.id)
    assert "write:gadgets" not in (await stored(keeper, grant.id)).scopes


@pytest.mark.row("SEC-U15")
async def test_an_answer_without_a_refresh_token_or_scope_keeps_the_old_ones(
    keeper: Keeper, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    keeper.cloud.set(token_answer={"refresh_token": None, "scope": None, "expires_in": 0})
    clock.advance(4000)
    await keeper.custody.access_token(grant.id)
    found = await stored(keeper, grant.id)
    assert (found.refresh_token, found.scopes) == (grant.refresh_token, grant.scopes)
    assert found.access_expires_at == clock.now + 60


@pytest.mark.row("SEC-U01")
async def test_a_refused_token_is_replaced_once(keeper: Keeper, clock: Ticking) -> None:
    grant = await keeper.signed_in()
    await keeper.custody.access_token(grant.id)
    first = await keeper.custody.after_refusal(grant.id, grant.access_token)
    assert first != grant.access_token
    # Somebody else who was refused with the same old token gets the new one, without a refresh.
    assert await keeper.custody.after_refusal(grant.id, grant.access_token) == first
    assert keeper.cloud.refreshes == 1
    with pytest.raises(SignInAgain):
        await keeper.custody.after_refusal(grant.id, first)
    clock.advance(31)
    assert await keeper.custody.after_refusal(grant.id, first) != first
    assert keeper.cloud.refreshes == 2


@pytest.mark.row("SEC-V06")
async def test_disconnecting_revokes_the_families_and_wipes_the_tokens(keeper: Keeper) -> None:
    grant = await keeper.signed_in()
    await live_family(keeper, grant)
    await keeper.custody.access_token(grant.id)
    assert await keeper.custody.disconnect(grant.id) is True
    assert await keeper.storage.grants.get(grant.id) is None
    assert await live(keeper, account_id=ADA.account_id) == []
    with pytest.raises(SignInAgain):
        await keeper.custody.access_token(grant.id)
    assert keeper.heard() == ["created", "deleted"]


@pytest.mark.row("SEC-U19")
async def test_sites_are_asked_for_again_at_most_once_a_minute(
    keeper: Keeper, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    keeper.cloud.set(removed_sites=[DEMO.cloud_id])
    assert await keeper.custody.recheck_sites(grant.id) == (SECOND,)
    assert (await stored(keeper, grant.id)).sites == (SECOND,)
    keeper.cloud.set(removed_sites=[])
    assert await keeper.custody.recheck_sites(grant.id) == (SECOND,)
    clock.advance(61)
    keeper.cloud.fail("status", on="identity")
    assert await keeper.custody.recheck_sites(grant.id) == (SECOND,)
    clock.advance(61)
    assert await keeper.custody.recheck_sites(grant.id) == (DEMO, SECOND)


async def test_what_is_remembered_is_bounded(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.atlassian.custody.REMEMBERED", 1)
    grant = await keeper.signed_in()
    other = await keeper.signed_in(account_id=BEN.account_id)
    for each in (grant, other, grant):
        assert await keeper.custody.access_token(each.id) == each.access_token
    assert len(keeper.custody._remembered) == 1


@pytest.mark.row("SEC-U14")
async def test_while_the_token_endpoint_is_down_a_live_token_serves_on(
    keeper: Keeper, failing: Callable[..., Keeper], clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    down = failing(AtlassianUnavailable("503", ambiguous=False))
    clock.advance(3600 - 40)
    for _ in range(3):
        assert await down.custody.access_token(grant.id) == grant.access_token
        await down.tasks.drain(5)
    clock.advance(40)
    with pytest.raises(Unavailable):
        await down.custody.access_token(grant.id)
    assert (await stored(keeper, grant.id)).state == "active"
    assert await keeper.custody.access_token(grant.id) != grant.access_token


async def test_storage_trouble_only_postpones_the_sweep(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []

    async def sweep() -> int:
        rounds.append(1)
        raise StorageUnavailable("locked")

    async def pause(seconds: float) -> None:
        assert seconds == 15
        if len(rounds) == 3:
            raise asyncio.CancelledError

    custody = Custody(
        keeper.storage,
        keeper.cloud.oauth,
        keeper.tasks,
        keeper.events.append,
        keeper.clock,
        pause=pause,
    )
    monkeypatch.setattr(custody, "sweep", sweep)
    with pytest.raises(asyncio.CancelledError):
        await custody.run_sweeper()
    assert len(rounds) == 3


@pytest.mark.row("SEC-K04")
async def test_a_grant_that_does_not_open_any_more_needs_a_new_sign_in(
    keeper: Keeper, sqlite_url: str, ring: KeyRing, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    async with keeper.storage._database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE grants SET access_token = refresh_token")
    with pytest.raises(SignInAgain):
        await keeper.custody.access_token(grant.id)
    again = await open_storage(sqlite_url, keys=ring, clock=clock)
    try:
        async with again._database.engine.connect() as connection:
            row = (await connection.exec_driver_sql("SELECT state, reason FROM grants")).one()
    finally:
        await again.close()
    assert tuple(row) == ("needs_reauth", "unsealable")
