"""Refresh tokens: rotation, grace, reuse."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fakes.authorization_world import ALL, Setup

from telamon.plugin import LimitHit, TokenIssued, TokenReused, TokensRevoked
from telamon.storage import KeyRing, StorageUnavailable, Unsealable, new_key

Serve = Callable[..., Awaitable[Setup]]


async def is_live(setup: Setup, access_token: str) -> bool:
    token = await setup.storage.tokens.access(access_token)
    return (
        token is not None and token.family.revoked_at is None and token.expires_at > setup.clock.now
    )


@pytest.mark.row("SEC-T21")
@pytest.mark.row("MCP-H5")
async def test_a_refresh_token_rotates_and_the_old_access_token_ends_soon(
    here: Setup, client_id: str
) -> None:
    first = await here.pair(client_id)
    answer = await here.refresh(client_id, first["refresh_token"])
    assert answer.status == 200
    assert answer.json["refresh_token"] != first["refresh_token"]
    assert answer.json["access_token"] != first["access_token"]
    assert answer.json["scope"].split() == list(ALL)
    here.clock.advance(61)
    assert not await is_live(here, first["access_token"])
    assert await is_live(here, answer.json["access_token"])
    assert [event.refreshed for event in here.heard(TokenIssued)] == [False, True]


@pytest.mark.row("SEC-T22")
@pytest.mark.row("SEC-T34")
@pytest.mark.row("MCP-H5")
async def test_within_the_grace_the_same_answer_comes_again(here: Setup, client_id: str) -> None:
    first = await here.pair(client_id)
    asked_before = len(here.upstream_paths)
    answer = await here.refresh(client_id, first["refresh_token"])
    here.clock.advance(44)
    again = await here.refresh(client_id, first["refresh_token"])
    assert again.status == 200
    assert again.json == answer.json
    assert len(here.upstream_paths) == asked_before
    assert len(here.heard(TokenIssued)) == 2
    assert (await here.refresh(client_id, answer.json["refresh_token"])).status == 200


@pytest.mark.row("SEC-T23")
@pytest.mark.row("SEC-L06")
async def test_after_the_grace_a_used_token_ends_the_family(here: Setup, client_id: str) -> None:
    first = await here.pair(client_id)
    second = (await here.refresh(client_id, first["refresh_token"])).json
    here.clock.advance(46)
    for _ in range(3):
        answer = await here.refresh(client_id, first["refresh_token"])
        assert (answer.status, answer.error) == (400, "invalid_grant")
    assert not await is_live(here, second["access_token"])
    dead = await here.refresh(client_id, second["refresh_token"])
    assert (dead.status, dead.error) == (400, "invalid_grant")
    assert len(here.heard(TokenReused)) == 1
    assert [event.reason for event in here.heard(TokensRevoked)] == ["refresh_token_reused"]


@pytest.mark.row("SEC-T22")
async def test_the_grace_is_not_extended_by_using_it(here: Setup, client_id: str) -> None:
    first = await here.pair(client_id)
    await here.refresh(client_id, first["refresh_token"])
    here.clock.advance(40)
    assert (await here.refresh(client_id, first["refresh_token"])).status == 200
    here.clock.advance(10)
    assert (await here.refresh(client_id, first["refresh_token"])).status == 400


@pytest.mark.row("SEC-T22")
async def test_another_scope_is_another_request(here: Setup, client_id: str) -> None:
    first = await here.pair(client_id)
    await here.refresh(client_id, first["refresh_token"], scope="read:toys")
    same = await here.refresh(client_id, first["refresh_token"], scope="openid read:toys")
    assert same.status == 200
    answer = await here.refresh(client_id, first["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")
    assert len(here.heard(TokenReused)) == 1


@pytest.mark.row("SEC-T24")
@pytest.mark.row("SEC-T25")
async def test_once_the_successor_was_used_its_predecessor_ends_the_family(
    here: Setup, client_id: str
) -> None:
    first = await here.pair(client_id)
    second = (await here.refresh(client_id, first["refresh_token"])).json
    third = (await here.refresh(client_id, second["refresh_token"])).json
    answer = await here.refresh(client_id, first["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")
    assert not await is_live(here, third["access_token"])
    assert len(here.heard(TokenReused)) == 1


@pytest.mark.row("SEC-T26")
async def test_fifty_refreshes_at_three_replicas_have_one_successor(
    here: Setup, serve: Serve, client_id: str
) -> None:
    shared = {"storage": here.storage, "sandbox": (here.sandbox, here.upstream)}
    replicas = [here, await serve(**shared), await serve(**shared)]
    first = await here.pair(client_id)
    answers = await asyncio.gather(
        *(replicas[n % 3].refresh(client_id, first["refresh_token"]) for n in range(50))
    )
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert len({answer.json["access_token"] for answer in answers}) == 1
    assert await is_live(here, answers[0].json["access_token"])


async def test_without_a_grace_the_loser_of_a_race_ends_the_family(serve: Serve) -> None:
    setup = await serve(tokens={"refresh_grace_seconds": 0})
    client_id = await setup.client_id()
    first = await setup.pair(client_id)
    answers = await asyncio.gather(
        *(setup.refresh(client_id, first["refresh_token"]) for _ in range(2))
    )
    assert sorted(answer.status for answer in answers) == [200, 400]
    assert len(setup.heard(TokenReused)) == 1


async def test_a_family_that_ends_during_a_refresh_stays_ended(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await here.pair(client_id)
    (family,) = await here.storage.tokens.families(client_id=client_id, now=here.clock.now)
    rotate = here.storage.tokens.rotate

    async def revoked_meanwhile(*args: object, **given: object) -> bool:
        await here.storage.tokens.revoke_family(family.id, "test", here.clock.now)
        return await rotate(*args, **given)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(here.storage.tokens, "rotate", revoked_meanwhile)
    answer = await here.refresh(client_id, first["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")


@pytest.mark.row("SEC-T27")
async def test_another_clients_refresh_token_is_left_alone(here: Setup, client_id: str) -> None:
    first = await here.pair(client_id)
    other = await here.client_id()
    answer = await here.refresh(other, first["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")
    second = (await here.refresh(client_id, first["refresh_token"])).json
    here.clock.advance(100)
    answer = await here.refresh(other, first["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")
    assert (await here.refresh(client_id, second["refresh_token"])).status == 200
    assert not here.heard(TokensRevoked)


@pytest.mark.row("SEC-T28")
async def test_a_narrow_access_token_leaves_the_family_as_it_was(
    here: Setup, client_id: str
) -> None:
    first = await here.pair(client_id)
    narrow = await here.refresh(client_id, first["refresh_token"], scope="read:toys")
    assert narrow.json["scope"] == "read:toys"
    token = await here.storage.tokens.access(narrow.json["access_token"])
    assert token is not None
    assert token.scopes == ("read:toys",)
    full = await here.refresh(client_id, narrow.json["refresh_token"])
    assert full.json["scope"].split() == list(ALL)


@pytest.mark.row("SEC-T19")
@pytest.mark.parametrize("scope", ["read:toys write:papers", "unknown", "", "read:toys\0"])
async def test_a_wider_scope_is_refused_and_the_token_kept(
    here: Setup, client_id: str, scope: str
) -> None:
    first = await here.pair(client_id, scope="read:toys")
    answer = await here.refresh(client_id, first["refresh_token"], scope=scope)
    if scope:
        assert (answer.status, answer.error) == (400, "invalid_scope")
        answer = await here.refresh(client_id, first["refresh_token"])
    assert answer.status == 200
    assert answer.json["scope"] == "read:toys"


@pytest.mark.row("SEC-T29")
async def test_a_token_that_nobody_used_for_long_is_dead(here: Setup, client_id: str) -> None:
    first = await here.pair(client_id)
    here.clock.advance(30 * 86_400)
    answer = await here.refresh(client_id, first["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")


@pytest.mark.row("SEC-T29")
async def test_a_family_ends_however_often_it_is_refreshed(serve: Serve) -> None:
    setup = await serve(tokens={"refresh_idle_seconds": 3600, "refresh_absolute_seconds": 7000})
    client_id = await setup.client_id()
    pair = await setup.pair(client_id)
    setup.clock.advance(3500)
    pair = (await setup.refresh(client_id, pair["refresh_token"])).json
    setup.clock.advance(3490)
    answer = await setup.refresh(client_id, pair["refresh_token"])
    assert answer.status == 200
    token = await setup.storage.tokens.access(answer.json["access_token"])
    assert token is not None
    assert token.expires_at == token.family.expires_at
    setup.clock.advance(10)
    # Within its grace, and all the same.
    for each in (pair["refresh_token"], answer.json["refresh_token"]):
        dead = await setup.refresh(client_id, each)
        assert (dead.status, dead.error) == (400, "invalid_grant")


@pytest.mark.row("SEC-T30")
async def test_a_refresh_needs_no_atlassian(here: Setup, client_id: str) -> None:
    first = await here.pair(client_id)
    here.sandbox.board.set({"faults": [{"kind": "reset", "on": "token", "count": 1000}]})
    here.clock.advance(20 * 86_400)
    before = len(here.upstream_paths)
    assert (await here.refresh(client_id, first["refresh_token"])).status == 200
    assert len(here.upstream_paths) == before


@pytest.mark.row("SEC-T31")
async def test_without_its_atlassian_grant_a_token_is_worth_nothing(
    here: Setup, client_id: str
) -> None:
    first = await here.pair(client_id)
    (family,) = await here.storage.tokens.families(client_id=client_id, now=here.clock.now)
    grant = await here.storage.grants.get(family.grant_id)
    assert grant is not None
    await here.storage.grants.needs_reauth(
        grant.id, version=grant.version, reason="test", now=here.clock.now
    )
    before = len(here.upstream_paths)
    answer = await here.refresh(client_id, first["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")
    assert len(here.upstream_paths) == before
    await here.storage.grants.delete(grant.id)
    assert (await here.refresh(client_id, first["refresh_token"])).error == "invalid_grant"


@pytest.mark.row("SEC-T31")
async def test_a_token_whose_atlassian_grant_does_not_open_is_refused_as_any_other(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await here.pair(client_id)

    async def altered(grant_id: str) -> None:
        raise Unsealable("grants", grant_id, "access_token")

    monkeypatch.setattr(here.storage.grants, "get", altered)
    answer = await here.refresh(client_id, first["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")


@pytest.mark.row("SEC-K05", "SEC-T33")
async def test_a_grant_under_a_key_that_only_others_have_yet_costs_nobody_the_connection(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await here.pair(client_id)
    monkeypatch.setattr(here.storage.sealer, "_ring", KeyRing.parse([new_key()]))
    answer = await here.refresh(client_id, first["refresh_token"])
    assert (answer.status, answer.error) == (503, "temporarily_unavailable")
    monkeypatch.undo()
    second = await here.refresh(client_id, first["refresh_token"])
    monkeypatch.setattr(here.storage.sealer, "_ring", KeyRing.parse([new_key()]))
    assert (await here.refresh(client_id, first["refresh_token"])).status == 503
    ended = {"client_id": client_id, "token": first["refresh_token"]}
    assert (await here.ask("POST", "/revoke", data=ended)).status == 503
    monkeypatch.undo()
    assert (await here.refresh(client_id, first["refresh_token"])).json == second.json


@pytest.mark.row("SEC-T22")
async def test_an_empty_scope_is_none_and_the_answer_comes_again_for_it(
    here: Setup, client_id: str
) -> None:
    first = await here.pair(client_id)
    answer = await here.refresh(client_id, first["refresh_token"], scope="", resource="")
    again = await here.refresh(client_id, first["refresh_token"], scope="", resource="")
    assert (again.status, again.json) == (200, answer.json)
    assert answer.json["scope"].split() == list(ALL)


@pytest.mark.row("SEC-T33")
async def test_a_store_that_fails_leaves_the_old_token_good(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await here.pair(client_id)

    async def down(*_: object, **__: object) -> bool:
        raise StorageUnavailable

    monkeypatch.setattr(here.storage.tokens, "rotate", down)
    answer = await here.refresh(client_id, first["refresh_token"])
    assert (answer.status, answer.error) == (503, "temporarily_unavailable")
    monkeypatch.undo()
    assert (await here.refresh(client_id, first["refresh_token"])).status == 200


async def test_a_replay_that_cannot_be_opened_is_not_honoured(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await here.pair(client_id)

    async def altered(_: str) -> None:
        raise Unsealable("tokens", "row", "replay")

    monkeypatch.setattr(here.storage.tokens, "refresh", altered)
    answer = await here.refresh(client_id, first["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")
    revoked = await here.ask(
        "POST", "/revoke", data={"client_id": client_id, "token": first["refresh_token"]}
    )
    assert revoked.status == 200


@pytest.mark.row("SEC-T36")
@pytest.mark.parametrize("token", [None, "", "\0", "é😀", "Bearer a b", "x" * 50_000])
async def test_a_strange_refresh_token_is_refused(
    here: Setup, client_id: str, token: str | None
) -> None:
    answer = await here.token(grant_type="refresh_token", client_id=client_id, refresh_token=token)
    assert answer.status == 400
    assert answer.error in {"invalid_grant", "invalid_request"}


@pytest.mark.row("SEC-T39")
async def test_a_client_that_signs_in_again_and_again_ends_its_own_oldest(
    here: Setup, client_id: str
) -> None:
    first = await here.pair(client_id)
    other = await here.pair(await here.client_id())
    for _ in range(9):
        here.clock.advance(10)
        await here.pair(client_id)
    assert await is_live(here, first["access_token"])
    here.clock.advance(10)
    await here.pair(client_id)
    assert not await is_live(here, first["access_token"])
    assert await is_live(here, other["access_token"])
    assert [event.reason for event in here.heard(TokensRevoked)] == ["superseded"]
    assert not here.heard(LimitHit)


async def test_a_second_sign_in_takes_nothing_from_the_first(here: Setup, client_id: str) -> None:
    """Step-up makes a new family; what the client had goes on."""
    reading = await here.pair(client_id, scope="read:toys")
    writing = await here.pair(client_id)
    assert writing["scope"].split() == list(ALL)
    assert (await here.refresh(client_id, reading["refresh_token"])).json["scope"] == "read:toys"
    assert (await here.refresh(client_id, writing["refresh_token"])).status == 200
