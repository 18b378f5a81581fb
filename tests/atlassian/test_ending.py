"""Atlassian's own ends of a grant: 90 days unused, 365 days old, a changed password."""

import pytest
from fakes.cloud import Keeper, Ticking
from fakes.records import a_code, a_family, a_grant
from structlog.testing import capture_logs

from telamon.atlassian.ending import DAY, sign_in_again, warn_if_soon, why
from telamon.plugin import GrantChanged, SignInAgain
from telamon.storage import Grant

NO_MORE = {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}


async def ended(keeper: Keeper, grant: Grant) -> str:
    """Let Atlassian refuse the refresh token, and return what the user is told."""
    keeper.cloud.fail("status", on="token", status=403, body=NO_MORE)
    with pytest.raises(SignInAgain) as told:
        await keeper.custody.access_token(grant.id)
    return str(told.value)


@pytest.mark.row("SEC-U18")
@pytest.mark.parametrize(
    ("days", "reason", "said"),
    [
        (1, "refused", "the password was changed"),
        (89, "refused", "the password was changed"),
        (91, "unused", "not used for 90 days"),
        (366, "expired", "365 days old"),
    ],
)
async def test_a_grant_that_atlassian_ended_is_told_with_the_likeliest_reason(
    keeper: Keeper, clock: Ticking, days: int, reason: str, said: str
) -> None:
    grant = await keeper.signed_in()
    family = a_family(grant_id=grant.id, expires_at=clock() + 400 * DAY)
    await keeper.storage.tokens.add_code("code-1", a_code(family, expires_at=clock() + 1e9))
    clock.advance(days * DAY)
    assert said in await ended(keeper, grant)
    found = await keeper.storage.grants.get(grant.id)
    assert found is not None
    assert (found.state, found.reason) == ("needs_reauth", reason)
    assert list(await keeper.storage.tokens.families(grant_id=grant.id, now=clock())) == []
    heard = [event for event in keeper.events if isinstance(event, GrantChanged)]
    assert (heard[-1].change, heard[-1].reason) == ("needs_reauth", reason)
    # The next caller hears the same, and Atlassian is not asked again.
    asked = len(keeper.cloud.sandbox.journal.entries)
    with pytest.raises(SignInAgain, match=said):
        await keeper.custody.access_token(grant.id)
    assert len(keeper.cloud.sandbox.journal.entries) == asked


@pytest.mark.row("SEC-U18")
async def test_the_last_fortnight_of_a_grant_in_use_is_in_the_log_once_a_day(
    keeper: Keeper, clock: Ticking
) -> None:
    grant = await keeper.signed_in()
    said: dict[int, list[int]] = {}
    for day in range(1, 365):
        clock.now = grant.created_at + day * DAY
        with capture_logs() as logs:
            for _ in range(3):
                await keeper.custody.access_token(grant.id)
                clock.advance(4000)
        found = [line for line in logs if line["event"] == "grant.ends_soon"]
        assert all(line["log_level"] == "warning" for line in found)
        assert all(line["grant_id"] == grant.id for line in found)
        if found:
            said[day] = [line["days"] for line in found]
    assert said == {day: [364 - day] for day in range(351, 365)}


@pytest.mark.row("SEC-U18")
def test_a_grant_is_warned_of_by_whoever_refreshes_it_first_on_a_day() -> None:
    grant = a_grant(created_at=0.0, refreshed_at=352.5 * DAY)
    with capture_logs() as logs:
        warn_if_soon(grant, 352.6 * DAY)
        warn_if_soon(grant, 353.1 * DAY)
        warn_if_soon(grant, 366.0 * DAY)
    assert [line["days"] for line in logs] == [11]


def test_a_grant_that_was_never_renewable_is_told_as_such() -> None:
    grant = a_grant(refresh_token="", created_at=0.0, refreshed_at=0.0)
    assert why(grant, 400 * DAY) == "not_renewable"
    assert "without lasting access" in str(sign_in_again("not_renewable"))


@pytest.mark.parametrize("reason", [None, "invalid_grant", "unsealable"])
def test_a_reason_from_elsewhere_is_told_in_general_words(reason: str | None) -> None:
    assert "revoked or left unused" in str(sign_in_again(reason))
