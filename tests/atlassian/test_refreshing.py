import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fakes.cloud import BEN, Cloud, Failing, Keeper, Pauses, Ticking

from telamon.atlassian.identity import (
    AppRefused,
    AtlassianUnavailable,
    GrantRefused,
    TokenAnswer,
)
from telamon.plugin import SignInAgain, Unavailable
from telamon.storage import Grant, KeyRing, Storage, StorageUnavailable, open_storage

ANSWER = TokenAnswer(access_token="at-2", refresh_token="rt-2", expires_in=3600, scopes=())
DOWN = AtlassianUnavailable("timeout")
BUSY = AtlassianUnavailable("status 429", ambiguous=False)
DEAD = GrantRefused("unauthorized_client")
WRONG = AppRefused("access_denied")

Make = Callable[..., Keeper]


@pytest.fixture
async def expired(keeper: Keeper, clock: Ticking) -> Grant:
    grant = await keeper.signed_in()
    clock.advance(4000)
    return grant


async def stored(keeper: Keeper, grant: Grant) -> Grant:
    found = await keeper.storage.grants.get(grant.id)
    assert found is not None
    return found


@pytest.mark.row("SEC-U14")
async def test_an_attempt_of_unknown_outcome_is_repeated_with_the_same_token(
    failing: Make, expired: Grant
) -> None:
    ours = failing(DOWN, BUSY, ANSWER)
    assert await ours.custody.access_token(expired.id) == "at-2"
    assert ours.oauth.asked == [expired.refresh_token] * 3
    assert ours.pauses.seconds == [2, 3]
    found = await stored(ours, expired)
    assert (found.refresh_token, found.version, found.lease_owner) == ("rt-2", 1, None)


@pytest.mark.row("SEC-U12")
async def test_a_refusal_after_an_unknown_outcome_gets_one_more_try(
    failing: Make, expired: Grant
) -> None:
    ours = failing(DOWN, DEAD, ANSWER)
    assert await ours.custody.access_token(expired.id) == "at-2"


@pytest.mark.row("SEC-U13", "SEC-U14")
async def test_an_attempt_of_unknown_outcome_stays_one_when_our_secret_is_refused_next(
    failing: Make, expired: Grant, clock: Ticking
) -> None:
    """Atlassian may have rotated the token: the sweeper has to ask again within its leeway."""
    ours = failing(DOWN, WRONG)
    with pytest.raises(Unavailable, match="operator"):
        await ours.custody.access_token(expired.id)
    clock.advance(61)
    assert [grant.id for grant in await ours.storage.grants.abandoned(clock())] == [expired.id]


@pytest.mark.row("SEC-U12")
async def test_two_refusals_end_the_grant(failing: Make, expired: Grant) -> None:
    ours = failing(DOWN, DEAD)
    with pytest.raises(SignInAgain):
        await ours.custody.access_token(expired.id)
    assert len(ours.oauth.asked) == 3
    assert (await stored(ours, expired)).state == "needs_reauth"


@pytest.mark.row("SEC-U12")
async def test_a_plain_refusal_is_believed_at_once(failing: Make, expired: Grant) -> None:
    ours = failing(DEAD)
    with pytest.raises(SignInAgain):
        await ours.custody.access_token(expired.id)
    assert len(ours.oauth.asked) == 1


@pytest.mark.row("SEC-U12")
async def test_a_refusal_after_somebody_else_won_uses_what_they_stored(
    failing: Make, expired: Grant, storage: Storage, clock: Ticking
) -> None:
    async def somebody_else() -> None:
        """Our lease has run out, and another replica has been through meanwhile."""
        clock.advance(46)
        assert await storage.grants.lease(
            expired.id, version=0, owner="other", until=clock() + 45, now=clock()
        )
        assert await storage.grants.commit(
            expired.id,
            version=0,
            owner="other",
            access_token="theirs",
            refresh_token="rt-theirs",
            access_expires_at=clock() + 3600,
            scopes=(),
            now=clock(),
        )

    ours = failing(somebody_else, DEAD)
    assert await ours.custody.access_token(expired.id) == "theirs"
    assert (await stored(ours, expired)).state == "active"


@pytest.mark.row("SEC-P19")
async def test_a_frozen_holder_cannot_overwrite_newer_tokens(
    failing: Make, keeper: Keeper, expired: Grant, clock: Ticking
) -> None:
    frozen, thaw = asyncio.Event(), asyncio.Event()

    async def frozen_meanwhile() -> TokenAnswer:
        frozen.set()
        await thaw.wait()
        return ANSWER

    late = failing(frozen_meanwhile)
    call = asyncio.create_task(late.custody.access_token(expired.id))
    await frozen.wait()
    clock.advance(46)
    newest = await keeper.custody.access_token(expired.id)
    thaw.set()
    assert await call == newest
    found = await stored(keeper, expired)
    assert (found.access_token, found.version) == (newest, 1)
    assert "refreshed" not in late.heard()


@pytest.mark.row("SEC-U13")
async def test_a_refused_app_keeps_every_grant_and_opens_the_breaker(
    failing: Make, keeper: Keeper, expired: Grant, clock: Ticking
) -> None:
    other = await keeper.signed_in(account_id=BEN.account_id)
    clock.advance(4000)
    ours = failing(WRONG)
    with pytest.raises(Unavailable, match="operator"):
        await ours.custody.access_token(expired.id)
    with pytest.raises(Unavailable):
        await ours.custody.access_token(other.id)
    assert len(ours.oauth.asked) == 1
    for grant in (expired, other):
        found = await stored(ours, grant)
        assert (found.state, found.lease_owner) == ("active", None)
    ours.oauth.ends[:] = [ANSWER]
    clock.advance(61)
    assert await ours.custody.access_token(expired.id) == "at-2"
    assert await ours.custody.access_token(other.id) == "at-2"


@pytest.mark.row("SEC-U14")
async def test_after_a_failure_the_grant_is_left_alone_for_some_seconds(
    failing: Make, expired: Grant, clock: Ticking
) -> None:
    ours = failing(BUSY)
    with pytest.raises(Unavailable):
        await ours.custody.access_token(expired.id)
    with pytest.raises(Unavailable):
        await ours.custody.access_token(expired.id)
    assert len(ours.oauth.asked) == 3
    assert (await stored(ours, expired)).lease_owner is None
    clock.advance(6)
    ours.oauth.ends[:] = [ANSWER]
    assert await ours.custody.access_token(expired.id) == "at-2"


@pytest.mark.row("SEC-U13", "SEC-P10")
async def test_a_refused_app_forgets_no_unfinished_attempt(
    failing: Make, expired: Grant, clock: Ticking
) -> None:
    ours = failing(DOWN)
    with pytest.raises(Unavailable):
        await ours.custody.access_token(expired.id)
    for end, wait in ((WRONG, 6), (WRONG, 6), (ANSWER, 61)):
        assert await ours.custody.sweep() == 0
        clock.advance(wait)
        ours.oauth.ends[:] = [end]
    assert await ours.custody.sweep() == 1


@pytest.mark.row("SEC-U20")
async def test_a_token_endpoint_that_is_down_is_not_asked_for_every_grant(
    failing: Make, keeper: Keeper, clock: Ticking
) -> None:
    grants = [await keeper.signed_in() for _ in range(8)]
    clock.advance(4000)
    ours = failing(BUSY, backoff=0)
    for grant in grants:
        with pytest.raises(Unavailable):
            await ours.custody.access_token(grant.id)
    assert len(ours.oauth.asked) == 5 * 3
    assert await ours.storage.grants.abandoned(clock() + 1000) == ()
    ours.oauth.ends[:] = [ANSWER]
    clock.advance(6)
    for grant in grants:
        assert await ours.custody.access_token(grant.id) == "at-2"


@pytest.mark.row("SEC-P21")
async def test_a_clock_that_jumps_does_not_stop_anything(
    keeper: Keeper, storage: Storage, clock: Ticking
) -> None:
    """Wall time jumps to and fro; ``ticks`` goes on as if nothing had happened."""
    steady = FakeTicks()
    ours = Keeper(
        cloud=keeper.cloud,
        storage=storage,
        clock=clock,
        ticks=steady,
        pauses=Pauses(steady.advance),
        oauth=Failing(DOWN, DOWN, DOWN, ANSWER),
    )
    grant = await keeper.signed_in()
    clock.advance(4000)
    with pytest.raises(Unavailable):
        await ours.custody.access_token(grant.id)
    clock.advance(3600)
    steady.advance(6)
    assert await ours.custody.access_token(grant.id) == "at-2"
    clock.advance(-3600)
    assert await ours.custody.access_token(grant.id) == "at-2"
    assert await ours.custody.after_refusal(grant.id, "at-2") == "at-2"


@pytest.mark.row("SEC-P10", "SEC-P07")
async def test_an_unknown_outcome_is_cleared_up_by_the_sweeper(
    failing: Make, expired: Grant, clock: Ticking
) -> None:
    ours = failing(DOWN)
    with pytest.raises(Unavailable):
        await ours.custody.access_token(expired.id)
    assert await ours.custody.sweep() == 0
    clock.advance(6)
    assert [g.id for g in await ours.storage.grants.abandoned(clock())] == [expired.id]
    # Atlassian had taken the token and forgives: the first refusal is a hiccup, not a verdict.
    ours.oauth.ends[:] = [DEAD, ANSWER]
    assert await ours.custody.sweep() == 1
    assert (await stored(ours, expired)).access_token == "at-2"
    assert await ours.storage.grants.abandoned(clock()) == ()


async def test_a_sweep_that_fails_is_tried_again_at_the_next(
    failing: Make, expired: Grant, clock: Ticking
) -> None:
    ours = failing(DOWN)
    with pytest.raises(Unavailable):
        await ours.custody.access_token(expired.id)
    clock.advance(6)
    assert await ours.custody.sweep() == 0
    clock.advance(16)
    ours.oauth.ends[:] = [ANSWER]
    assert await ours.custody.sweep() == 1


async def test_a_refresh_that_never_ends_is_given_up_before_its_lease(
    atlassian: Cloud, failing: Make, expired: Grant
) -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    ours = failing(forever, call=0.05)
    with pytest.raises(Unavailable):
        await ours.custody.access_token(expired.id)
    assert (await stored(ours, expired)).lease_owner is not None


async def test_nobody_waits_for_ever_for_somebody_elses_refresh(
    failing: Make, expired: Grant, clock: Ticking
) -> None:
    ours = failing(ANSWER, wait=0.1, poll=0.02)
    assert await ours.storage.grants.lease(
        expired.id, version=0, owner="other", until=clock() + 45, now=clock()
    )
    with pytest.raises(Unavailable):
        await ours.custody.access_token(expired.id)
    await ours.tasks.drain(5)
    assert ours.oauth.asked == []


async def test_a_refresh_that_waits_ends_with_a_word_if_the_other_never_does(
    failing: Make, expired: Grant, clock: Ticking
) -> None:
    ours = failing(ANSWER, wait=0.02, poll=0.01)
    assert await ours.storage.grants.lease(
        expired.id, version=0, owner="other", until=clock() + 45, now=clock()
    )
    with pytest.raises(Unavailable, match="Another server is still renewing"):
        await ours.custody._refresher.begin(expired)
    assert ours.oauth.asked == []


@pytest.mark.row("SEC-P18")
async def test_of_two_replicas_one_refreshes_and_the_other_waits(
    keeper: Keeper, expired: Grant, sqlite_url: str, ring: KeyRing, clock: Ticking
) -> None:
    second = await open_storage(sqlite_url, keys=ring, clock=clock)
    try:
        other = Keeper(
            cloud=keeper.cloud, storage=second, clock=clock, pauses=Pauses(clock.advance)
        )
        tokens = await asyncio.gather(
            *(each.custody.access_token(expired.id) for each in (keeper, other) * 5)
        )
        assert len(set(tokens)) == 1
        assert keeper.cloud.refreshes == 1
    finally:
        await second.close()


async def test_a_waiting_replica_is_told_when_the_tokens_changed(
    keeper: Keeper, failing: Make, expired: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a poll this long only the notification can wake it."""
    released, waiting = asyncio.Event(), asyncio.Event()
    notifications = keeper.storage.notifications

    async def when_released() -> TokenAnswer:
        await released.wait()
        return ANSWER

    first, second = (failing(when_released, poll=20) for _ in range(2))
    calls = [asyncio.create_task(first.custody.access_token(expired.id))]
    lease = keeper.storage.grants.lease

    async def refused(*args: Any, **values: Any) -> bool:
        taken = await lease(*args, **values)
        if not taken:
            waiting.set()
        return taken

    monkeypatch.setattr(keeper.storage.grants, "lease", refused)
    calls.append(asyncio.create_task(second.custody.access_token(expired.id)))
    await waiting.wait()
    released.set()
    async with asyncio.timeout(15):
        assert await asyncio.gather(*calls) == ["at-2", "at-2"]
    assert notifications._subscribers["grant"] == []


class FakeTicks:
    """A clock for durations alone."""

    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Breaking:
    """The grants of a storage whose commits fail some times."""

    def __init__(self, grants: Any, failures: int, *, lost: bool = False) -> None:
        self._grants = grants
        self._failures = failures
        self._lost = lost

    def __getattr__(self, name: str) -> Any:
        return getattr(self._grants, name)

    async def commit(self, *args: Any, **values: Any) -> bool:
        if self._failures:
            self._failures -= 1
            if self._lost:
                await self._grants.commit(*args, **values)
            raise StorageUnavailable("disk full")
        return bool(await self._grants.commit(*args, **values))


@pytest.mark.row("SEC-P12")
async def test_new_tokens_are_kept_in_memory_until_the_storage_takes_them(
    failing: Make, expired: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = failing(ANSWER)
    monkeypatch.setattr(ours.storage, "grants", Breaking(ours.storage.grants, 8))
    assert await ours.custody.access_token(expired.id) == "at-2"
    assert ours.pauses.seconds == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert (await stored(ours, expired)).refresh_token == "rt-2"
    assert len(ours.oauth.asked) == 1


async def test_a_commit_whose_answer_was_lost_is_found_stored(
    failing: Make, expired: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = failing(ANSWER)
    monkeypatch.setattr(ours.storage, "grants", Breaking(ours.storage.grants, 1, lost=True))
    assert await ours.custody.access_token(expired.id) == "at-2"
    assert (await stored(ours, expired)).version == 1


async def test_a_grant_deleted_while_atlassian_answered_is_not_revived(
    failing: Make, expired: Grant, storage: Storage
) -> None:
    async def deleted() -> None:
        await storage.grants.delete(expired.id)

    ours = failing(deleted, ANSWER)
    with pytest.raises(SignInAgain):
        await ours.custody.access_token(expired.id)
    assert await storage.grants.get(expired.id) is None


async def test_a_grant_that_another_replica_gave_up_meanwhile_stays_given_up(
    failing: Make, expired: Grant, monkeypatch: pytest.MonkeyPatch, clock: Ticking
) -> None:
    ours = failing(DEAD)
    grants = ours.storage.grants
    mark = grants.needs_reauth

    async def too_late(grant_id: str, **values: Any) -> bool:
        await mark(grant_id, **{**values, "reason": "theirs"})
        return await mark(grant_id, **values)

    monkeypatch.setattr(grants, "needs_reauth", too_late)
    with pytest.raises(SignInAgain):
        await ours.custody.access_token(expired.id)
    assert (await stored(ours, expired)).reason == "theirs"


async def test_a_notification_that_cannot_be_sent_loses_nothing(
    failing: Make, expired: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def publish(topic: str, payload: str) -> None:
        raise StorageUnavailable(topic)

    ours = failing(ANSWER)
    monkeypatch.setattr(ours.storage.notifications, "publish", publish)
    assert await ours.custody.access_token(expired.id) == "at-2"


@pytest.mark.row("SEC-U22")
async def test_many_expired_grants_do_not_ask_all_at_once(
    keeper: Keeper, failing: Make, clock: Ticking
) -> None:
    running = most = 0

    async def counted() -> TokenAnswer:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return ANSWER

    grants = [await keeper.signed_in() for _ in range(40)]
    clock.advance(4000)
    ours = failing(counted, in_flight=4)
    await asyncio.gather(*(ours.custody.access_token(grant.id) for grant in grants))
    assert most <= 4
