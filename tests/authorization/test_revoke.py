"""Revocation by clients, and the page on which people do it."""

from collections.abc import Awaitable, Callable

import pytest
from fakes.authorization_world import ADA, BEN, DEMO, ISSUER, REDIRECT, SECOND, Setup
from fakes.browser_steps import Browser, Page

from telamon.plugin import GrantChanged, LimitHit, SessionChanged, TokensRevoked

Serve = Callable[..., Awaitable[Setup]]


async def is_live(setup: Setup, access_token: str) -> bool:
    token = await setup.storage.tokens.access(access_token)
    return token is not None and token.family.revoked_at is None


async def revoke(setup: Setup, client_id: str, token: str | None, **more: str) -> int:
    fields = {"client_id": client_id, **more} | ({} if token is None else {"token": token})
    answer = await setup.ask("POST", "/revoke", data=fields)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return answer.status


@pytest.mark.row("SEC-V01")
@pytest.mark.row("SEC-P17")
async def test_a_revoked_refresh_token_takes_the_family_along_everywhere(
    here: Setup, serve: Serve, client_id: str
) -> None:
    other = await serve(storage=here.storage, sandbox=(here.sandbox, here.upstream))
    pair = await here.pair(client_id)
    rotated = (await here.refresh(client_id, pair["refresh_token"])).json
    assert await revoke(here, client_id, rotated["refresh_token"]) == 200
    for each in (pair, rotated):
        assert not await is_live(other, each["access_token"])
        answer = await other.refresh(client_id, each["refresh_token"])
        assert (answer.status, answer.error) == (400, "invalid_grant")
    assert [event.reason for event in here.heard(TokensRevoked)] == ["client"]


@pytest.mark.row("SEC-V02")
async def test_a_revoked_access_token_takes_nothing_along(here: Setup, client_id: str) -> None:
    pair = await here.pair(client_id)
    assert await revoke(here, client_id, pair["access_token"]) == 200
    assert not await is_live(here, pair["access_token"])
    assert not here.heard(TokensRevoked)
    answer = await here.refresh(client_id, pair["refresh_token"])
    assert answer.status == 200
    assert await is_live(here, answer.json["access_token"])


@pytest.mark.row("SEC-V03")
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "é", ""])
async def test_an_unknown_token_is_as_good_as_revoked(
    here: Setup, client_id: str, hint: str
) -> None:
    for token in ("x", "tlm_rt_" + "A" * 49, "tlm_at_", "\0", "é😀"):
        assert await revoke(here, client_id, token, token_type_hint=hint) == 200
    pair = await here.pair(client_id)
    assert await revoke(here, client_id, pair["refresh_token"], token_type_hint=hint) == 200
    assert not await is_live(here, pair["access_token"])
    assert await revoke(here, client_id, pair["refresh_token"]) == 200
    assert len(here.heard(TokensRevoked)) == 1


async def test_a_revocation_names_a_token(here: Setup, client_id: str) -> None:
    assert await revoke(here, client_id, None) == 400
    assert await revoke(here, client_id, "") == 400


@pytest.mark.row("SEC-V04")
async def test_another_clients_token_is_left_alone(here: Setup, client_id: str) -> None:
    pair = await here.pair(client_id)
    other = await here.client_id()
    assert await revoke(here, other, pair["refresh_token"]) == 200
    assert await revoke(here, other, pair["access_token"]) == 200
    assert await is_live(here, pair["access_token"])
    assert not here.heard(TokensRevoked)


@pytest.mark.row("SEC-V05")
async def test_a_client_with_a_secret_has_to_prove_itself(here: Setup) -> None:
    made = await here.register(token_endpoint_auth_method="client_secret_post")
    client, secret = made["client_id"], made["client_secret"]
    assert await revoke(here, client, "x") == 401
    assert await revoke(here, client, "x", client_secret="wrong") == 401
    assert await revoke(here, "unknown", "x") == 401
    assert await revoke(here, "", "x") == 401
    assert await revoke(here, client, "x", client_secret=secret) == 200


@pytest.mark.row("SEC-V06")
async def test_with_the_last_family_the_atlassian_grant_is_wiped(
    here: Setup, client_id: str
) -> None:
    first = await here.pair(client_id)
    second = await here.pair(client_id)
    await revoke(here, client_id, first["refresh_token"])
    assert await here.storage.grants.of_account(ADA.account_id) != ()
    await revoke(here, client_id, second["refresh_token"])
    assert await here.storage.grants.of_account(ADA.account_id) == ()
    assert here.heard(GrantChanged)[-1].change == "deleted"
    assert len(here.heard(TokensRevoked)) == 2


async def test_revocations_are_limited(serve: Serve) -> None:
    setup = await serve(limits={"tokens_per_minute": 2})
    client_id = await setup.client_id()
    assert [await revoke(setup, client_id, "x") for _ in range(3)] == [200, 200, 429]
    assert setup.heard(LimitHit) == [LimitHit(limit="revocations", key=client_id)]


@pytest.mark.row("SEC-V08")
@pytest.mark.parametrize("path", ["/introspect", "/oauth/introspect"])
async def test_introspection_is_not_offered(here: Setup, path: str) -> None:
    assert (await here.ask("POST", path, data={"token": "x"})).status == 404


async def signed_in(setup: Setup, browser: Browser, person: object = ADA) -> Page:
    """Sign in on the connections page."""
    page = await browser.get(setup.url("/connections"))
    assert "Sign in with Atlassian" in page.text
    page = await browser.follow(await browser.submit(page))
    page = await browser.follow(await setup.from_atlassian(browser, page, person=person))
    assert page.url == setup.url("/connections")
    return page


async def press(browser: Browser, page: Page, index: int, **changes: str | None) -> Page:
    form = page.forms[index]
    return await browser.post(f"{ISSUER}{form.action}", form.filled(**changes))


@pytest.mark.row("SEC-G06")
async def test_a_person_sees_who_has_access_to_what(here: Setup, client_id: str) -> None:
    await here.pair(client_id, scope="read:toys")
    await here.pair(client_id)
    other = await here.client_id(client_name="Another client")
    browser = here.browser()
    page = await here.at_atlassian(browser, other)
    page = await browser.follow(await here.from_atlassian(browser, page, sites=(DEMO, SECOND)))
    page = await browser.submit(page, decision="approve", site=SECOND.cloud_id)
    assert (await here.redeem(other, page.answer["code"])).status == 200
    await here.pair(client_id, person=BEN)
    page = await signed_in(here, here.browser())
    assert "Signed in as Ada Example" in page.text
    assert page.text.count("<h2><bdi>Test client</bdi></h2>") == 1
    assert "Another client" in page.text
    assert "demo-site.example.com" in page.text
    assert "second-site.example.com" in page.text
    assert "15 January 2027" in page.text
    assert "write:toys" in page.text
    assert "Ben" not in page.text


async def test_signing_in_to_the_page_needs_no_connection(here: Setup) -> None:
    page = await signed_in(here, here.browser())
    assert "No app is connected" in page.text
    assert ADA.name in page.text
    assert await here.storage.grants.of_account(ADA.account_id) == ()
    assert not here.heard(GrantChanged)
    assert [event.account_id for event in here.heard(SessionChanged)] == [ADA.account_id]


async def test_signing_in_to_the_page_keeps_the_connections_alive(
    here: Setup, client_id: str
) -> None:
    here.sandbox.board.set({"later_consent_ends_earlier": True})
    pair = await here.pair(client_id)
    await signed_in(here, here.browser())
    here.clock.advance(4000)
    token = await here.storage.tokens.refresh(pair["refresh_token"])
    assert token is not None
    assert await here.custody.access_token(token.family.grant_id)


@pytest.mark.row("SEC-V07")
@pytest.mark.row("SEC-V06")
async def test_a_person_disconnects_one_client_and_then_all(here: Setup, client_id: str) -> None:
    pairs = [await here.pair(client_id), await here.pair(client_id)]
    other = await here.client_id(client_name="Another client")
    kept = await here.pair(other)
    browser = here.browser()
    page = await signed_in(here, browser)
    names = [dict(form.fields).get("client") for form in page.forms]
    page = await press(browser, page, names.index(client_id))
    assert page.status == 303
    for pair in pairs:
        assert not await is_live(here, pair["access_token"])
    assert await is_live(here, kept["access_token"])
    page = await browser.follow(page)
    assert "Test client" not in page.text
    again = await here.pair(client_id)
    page = await browser.get(page.url)
    (everything,) = [
        index
        for index, form in enumerate(page.forms)
        if form.action.endswith("disconnect") and "client" not in dict(form.fields)
    ]
    await press(browser, page, everything)
    for pair in (kept, again):
        assert not await is_live(here, pair["access_token"])
    assert await here.storage.grants.of_account(ADA.account_id) == ()
    assert {event.reason for event in here.heard(TokensRevoked)} == {"user"}
    assert len(here.heard(TokensRevoked)) == 4


@pytest.mark.row("SEC-G06")
@pytest.mark.row("SEC-S07")
async def test_nobody_ends_what_is_not_their_own(here: Setup, client_id: str) -> None:
    mine = await here.pair(client_id)
    await here.pair(await here.client_id(), person=BEN)
    ben = here.browser()
    page = await signed_in(here, ben, BEN)
    refused = await press(ben, page, 0, client=client_id, site=DEMO.cloud_id)
    assert refused.status == 404
    refused = await press(ben, page, 0, client=client_id, site=None)
    assert refused.status == 404
    for csrf in (None, "", "x"):
        assert (await press(ben, page, 0, csrf=csrf)).status == 403
    assert (await press(here.browser(), page, 0)).status == 403
    form = page.forms[0]
    crossed = await ben.post(
        f"{ISSUER}{form.action}", form.filled(), {"Sec-Fetch-Site": "cross-site"}
    )
    assert crossed.status == 403
    assert await is_live(here, mine["access_token"])
    assert not here.heard(TokensRevoked)
    for path in ("/connections/sign-in", "/connections/sign-out"):
        foreign = await ben.post(here.url(path), [], {"Origin": "https://evil.example.com"})
        assert foreign.status == 403


@pytest.mark.row("SEC-A24")
async def test_signing_in_for_the_page_is_limited_like_any_sign_in(serve: Serve) -> None:
    setup = await serve(limits={"authorizations_per_minute": 3})
    client_id = await setup.client_id()
    assert (await setup.authorize(client_id)).status == 302
    browser = setup.browser()
    pages = [await browser.post(setup.url("/connections/sign-in"), []) for _ in range(3)]
    assert [page.status for page in pages] == [303, 303, 429]
    assert int(pages[-1].headers["Retry-After"]) == 20
    assert setup.heard(LimitHit) == [LimitHit(limit="authorizations", key="connections")]
    removed = await setup.storage.purge(setup.clock.now + 901)
    assert removed["transactions"] == 3


@pytest.mark.row("SEC-S22")
async def test_a_captured_cookie_is_worth_nothing_after_signing_out(here: Setup) -> None:
    browser = here.browser()
    page = await signed_in(here, browser)
    captured = dict(browser.cookies[ISSUER])
    out = await press(browser, page, len(page.forms) - 1)
    assert out.status == 303
    assert "__Host-tlm_sid" not in browser.cookies[ISSUER]
    browser.cookies[ISSUER] = captured
    page = await browser.get(here.url("/connections"))
    assert "Sign in with Atlassian" in page.text
    assert [event.began for event in here.heard(SessionChanged)] == [True, False]


async def test_a_sign_in_to_the_page_that_fails_says_so(here: Setup) -> None:
    for faults, withheld, status in (
        ([{"kind": "status", "on": "token"}], [], 400),
        ([], ["offline_access"], 400),
    ):
        browser = here.browser()
        page = await browser.get(here.url("/connections"))
        page = await browser.follow(await browser.submit(page))
        here.sandbox.board.set({"faults": faults, "withhold_scopes": withheld})
        page = await browser.follow(await here.from_atlassian(browser, page))
        assert (page.status, page.location) == (status, None)
        assert "What to do" in page.text


async def test_a_client_that_is_gone_is_listed_by_its_id(here: Setup, client_id: str) -> None:
    await here.pair(client_id)
    await here.storage.clients.delete(client_id)
    page = await signed_in(here, here.browser())
    assert client_id in page.text


async def test_a_configured_client_is_listed_by_its_name(serve: Serve) -> None:
    portal = {"client_id": "the-portal", "name": "The portal", "redirect_uris": [REDIRECT]}
    setup = await serve(clients={"configured": [portal]})
    await setup.pair("the-portal")
    page = await signed_in(setup, setup.browser())
    assert "The portal" in page.text
