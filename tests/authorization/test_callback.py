"""The way back from Atlassian, and the page after it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes.authorization_world import ADA, ALL, BEN, DEMO, ISSUER, REDIRECT, SECOND, Setup
from fakes.browser_steps import Browser, Page

from telamon.plugin import CodeIssued, GrantChanged, SessionChanged

Serve = Callable[..., Awaitable[Setup]]


def is_local(page: Page, status: int) -> bool:
    assert page.headers["Content-Type"].startswith("text/html")
    return page.status == status and page.location is None


def nothing_exchanged(setup: Setup) -> bool:
    return "/oauth/token" not in setup.upstream_paths and not setup.heard(CodeIssued)


async def way_back(setup: Setup, browser: Browser, client_id: str, **given: Any) -> str:
    """Where Atlassian sends the browser."""
    page = await setup.from_atlassian(
        browser, await setup.at_atlassian(browser, client_id), **given
    )
    assert page.location is not None
    assert page.location.startswith(f"{ISSUER}/oauth/atlassian/callback?")
    return page.location


@pytest.mark.row("SEC-S02")
@pytest.mark.row("SEC-S04")
@pytest.mark.row("MCP-I4")
async def test_another_browser_cannot_finish_a_sign_in(here: Setup, client_id: str) -> None:
    attacker, victim = here.browser(), here.browser()
    location = await way_back(here, attacker, client_id)
    assert is_local(await victim.get(location), 403)
    assert nothing_exchanged(here)
    # With a sign-in of its own under way it can finish no other either.
    await here.at_atlassian(victim, client_id)
    assert is_local(await victim.get(location), 403)
    assert nothing_exchanged(here)
    assert "code" in (await attacker.get(location)).answer


@pytest.mark.row("SEC-S02")
async def test_a_victim_sent_to_an_approved_atlassian_page_comes_back_to_nothing(
    here: Setup, client_id: str
) -> None:
    attacker, victim = here.browser(), here.browser()
    page = await here.at_atlassian(attacker, client_id)
    page = await here.from_atlassian(victim, page, person=BEN)
    assert is_local(await victim.follow(page), 403)
    assert nothing_exchanged(here)


@pytest.mark.row("SEC-S03")
async def test_a_binding_cookie_is_this_sign_ins_and_whole(here: Setup, client_id: str) -> None:
    browser = here.browser()
    location = await way_back(here, browser, client_id)
    jar = browser.cookies[ISSUER]
    (name,) = [name for name in jar if "tlm_txn" in name]
    good = jar[name]
    for wrong in ("", "x", good[:-1], good + "x", "a" * 43):
        jar[name] = wrong
        assert is_local(await browser.get(location), 403)
    del jar[name]
    jar[name.removeprefix("__Host-")] = good
    assert is_local(await browser.get(location), 403)
    assert nothing_exchanged(here)
    jar[name] = good
    assert "code" in (await browser.get(location)).answer


@pytest.mark.row("SEC-S06")
async def test_no_step_can_be_skipped(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    txn = parse_qs(urlsplit(page.url).query)["txn"][0]
    assert is_local(await browser.get(here.url(f"/site?txn={txn}")), 400)
    sent = await browser.post(
        here.url("/site"), page.form.filled(decision="approve", site=DEMO.cloud_id)
    )
    assert is_local(sent, 400)
    back = here.url("/oauth/atlassian/callback?code=x&state=")
    assert is_local(await browser.get(f"{back}{txn}"), 400)
    assert nothing_exchanged(here)


@pytest.mark.row("SEC-S26")
async def test_a_state_is_known_and_used_once(here: Setup, serve: Serve, client_id: str) -> None:
    browser = here.browser()
    location = await way_back(here, browser, client_id)
    for wrong in ("?code=x", "?code=x&state=", "?code=x&state=unknown", "", "?state=x"):
        page = await browser.get(here.url(f"/oauth/atlassian/callback{wrong}"))
        assert is_local(page, 400)
    assert nothing_exchanged(here)
    other = await serve(storage=here.storage, sandbox=(here.sandbox, here.upstream))
    elsewhere = Browser(http=other.http, reached={ISSUER: other.base}, cookies=browser.cookies)
    assert "code" in (await elsewhere.get(location)).answer
    assert is_local(await browser.get(location), 400)
    assert here.upstream_paths.count("/oauth/token") == 1


@pytest.mark.row("SEC-S27")
@pytest.mark.row("SEC-S15")
@pytest.mark.row("MCP-J4")
@pytest.mark.row("MCP-E5")
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("access_denied", "access_denied"),
        ("temporarily_unavailable", "temporarily_unavailable"),
        ("unauthorized_client", "server_error"),
        ("<script>", "server_error"),
    ],
)
async def test_what_atlassian_refuses_the_client_is_told_in_our_words(
    here: Setup, client_id: str, said: str, told: str
) -> None:
    browser = here.browser()
    location = await way_back(here, browser, client_id)
    state = parse_qs(urlsplit(location).query)["state"][0]
    evil = "%3Cscript%3Ealert(1)%3C/script%3E"
    page = await browser.get(
        here.url(f"/oauth/atlassian/callback?error={said}&error_description={evil}&state={state}")
    )
    assert page.status == 303
    assert (page.location or "").startswith(f"{REDIRECT}?")
    assert page.answer["error"] == told
    assert page.answer["iss"] == ISSUER
    assert page.answer["state"] == "the-state"
    assert "alert" not in str(page.answer)
    assert is_local(await browser.get(location), 400)
    assert nothing_exchanged(here)


@pytest.mark.row("SEC-S27")
async def test_a_person_who_declines_at_atlassian_goes_back_to_the_client(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    location = await way_back(here, browser, client_id, decision="decline")
    page = await browser.get(location)
    assert page.answer["error"] == "access_denied"


@pytest.mark.row("SEC-S28")
async def test_an_answer_with_two_meanings_has_none(here: Setup, client_id: str) -> None:
    browser = here.browser()
    location = await way_back(here, browser, client_id)
    state = parse_qs(urlsplit(location).query)["state"][0]
    for more in ("&code=another", f"&state={state}", "&error=access_denied", "&p=1" * 30):
        page = await browser.get(location + more)
        assert is_local(page, 400)
    assert nothing_exchanged(here)
    assert "code" in (await browser.get(location + "&unknown=x&unknown=y")).answer


@pytest.mark.row("SEC-S31")
@pytest.mark.row("SEC-S16")
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"kind": "status", "on": "token", "status": 503}, "temporarily_unavailable"),
        ({"kind": "reset", "on": "token"}, "temporarily_unavailable"),
        ({"kind": "html", "on": "token", "status": 200}, "temporarily_unavailable"),
        ({"kind": "truncated", "on": "token"}, "temporarily_unavailable"),
        (
            {
                "kind": "status",
                "on": "token",
                "status": 403,
                "body": {"error": "invalid_grant", "error_description": "SECRET-TEXT"},
            },
            "server_error",
        ),
        (
            {
                "kind": "status",
                "on": "token",
                "status": 401,
                "body": {"error": "access_denied", "error_description": "SECRET-TEXT"},
            },
            "server_error",
        ),
        ({"kind": "status", "on": "identity", "status": 500}, "temporarily_unavailable"),
        ({"kind": "rate_limit", "on": "identity"}, "temporarily_unavailable"),
    ],
)
async def test_a_failed_exchange_is_told_to_the_client_once(
    here: Setup, client_id: str, fault: dict[str, Any], told: str
) -> None:
    browser = here.browser()
    location = await way_back(here, browser, client_id)
    here.sandbox.board.set({"faults": [fault]})
    page = await browser.get(location)
    assert page.status == 303
    assert page.answer["error"] == told
    assert page.answer["iss"] == ISSUER
    assert "SECRET" not in page.text + str(page.headers)
    here.sandbox.board.set({"faults": []})
    assert is_local(await browser.get(location), 400)
    assert not here.heard(CodeIssued)
    assert not here.heard(SessionChanged)


@pytest.mark.row("SEC-S29")
async def test_what_atlassian_withholds_the_page_names_and_the_token_lacks(
    here: Setup, client_id: str
) -> None:
    here.sandbox.board.set({"withhold_scopes": ["write:toys", "write:papers"]})
    browser = here.browser()
    page = await browser.follow(await browser.get(await way_back(here, browser, client_id)))
    assert page.status == 200
    assert "Less than you approved" in page.text
    assert "write:toys" in page.text
    assert "read:toys" not in page.text
    page = await browser.submit(page, decision="approve")
    answer = await here.redeem(client_id, page.answer["code"])
    assert answer.json["scope"] == "read:papers read:toys"


@pytest.mark.row("SEC-S29")
async def test_what_was_unticked_is_not_missed(here: Setup, client_id: str) -> None:
    here.sandbox.board.set({"withhold_scopes": ["write:toys"]})
    page = await here.sign_in(client_id, scope="read:toys")
    assert "code" in page.answer


@pytest.mark.row("SEC-S29")
async def test_nothing_granted_is_a_refusal_with_its_reason(here: Setup, client_id: str) -> None:
    here.sandbox.board.set({"withhold_scopes": list(ALL)})
    browser = here.browser()
    # Without any product scope no site is listed either.
    page = await browser.get(await way_back(here, browser, client_id))
    assert is_local(page, 403)
    link = leaving(page)
    assert link["error"] == "access_denied"


def leaving(page: Page) -> dict[str, str]:
    """The answer that a page's link takes to the client."""
    (href,) = [
        part.partition('"')[0].replace("&amp;", "&")
        for part in page.text.split('href="')
        if part.startswith(REDIRECT)
    ]
    query = parse_qs(urlsplit(href).query)
    assert query["iss"] == [ISSUER]
    assert query["state"] == ["the-state"]
    return {name: values[0] for name, values in query.items()}


@pytest.mark.row("SEC-S29")
async def test_some_scopes_gone_with_a_site_left_is_a_page_about_them(
    here: Setup, client_id: str
) -> None:
    here.sandbox.board.set({"withhold_scopes": ["read:toys", "write:toys"]})
    browser = here.browser()
    page = await here.at_atlassian(browser, client_id, scope="read:toys write:toys")
    page = await browser.follow(await here.from_atlassian(browser, page))
    assert is_local(page, 403)
    assert "read:toys, write:toys" in page.text
    assert leaving(page)["error"] == "access_denied"
    assert not here.heard(GrantChanged)


@pytest.mark.row("SEC-S29")
async def test_a_grant_that_cannot_be_refreshed_is_none(here: Setup, client_id: str) -> None:
    here.sandbox.board.set({"withhold_scopes": ["offline_access"]})
    browser = here.browser()
    page = await browser.get(await way_back(here, browser, client_id))
    assert is_local(page, 403)
    assert "no lasting access" in page.text
    assert leaving(page)["error"] == "access_denied"
    assert not here.heard(GrantChanged)
    assert not here.heard(SessionChanged)


@pytest.mark.row("SEC-S30")
async def test_an_account_without_a_site_is_told_whom_to_ask(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await browser.get(await way_back(here, browser, client_id, sites=()))
    assert is_local(page, 403)
    assert "administrator" in page.text
    assert leaving(page)["error"] == "access_denied"
    assert nothing_stored(here)


def nothing_stored(setup: Setup) -> bool:
    return not setup.heard(GrantChanged) and not setup.heard(CodeIssued)


@pytest.mark.row("SEC-S30")
async def test_only_allowed_sites_can_be_chosen(serve: Serve) -> None:
    setup = await serve(atlassian={"allowed_sites": ["second-site.example.com"]})
    client_id = await setup.client_id()
    page = await setup.sign_in(client_id, sites=(DEMO, SECOND))
    answer = await setup.redeem(client_id, page.answer["code"])
    token = await setup.storage.tokens.access(answer.json["access_token"])
    assert token is not None
    assert token.family.cloud_id == SECOND.cloud_id
    browser = setup.browser()
    location = await way_back(setup, browser, client_id, person=BEN, sites=(DEMO,))
    assert is_local(await browser.get(location), 403)


async def test_only_allowed_accounts_may_sign_in(serve: Serve) -> None:
    setup = await serve(atlassian={"allowed_email_domains": ["another.example.com"]})
    client_id = await setup.client_id()
    browser = setup.browser()
    page = await browser.get(await way_back(setup, browser, client_id))
    assert is_local(page, 403)
    assert leaving(page)["error"] == "access_denied"
    assert nothing_stored(setup)
    assert not setup.heard(SessionChanged)
    open_to_us = await serve(
        atlassian={"allowed_email_domains": ["example.com"]}, storage=setup.storage
    )
    assert "code" in (await open_to_us.sign_in(client_id)).answer


@pytest.mark.row("SEC-S30")
@pytest.mark.parametrize(
    "now",
    [{"allowed_sites": ["second-site.example.com"]}, {"allowed_email_domains": ["b.example"]}],
)
async def test_who_is_no_longer_let_in_is_refused_at_the_next_refresh_and_ends_with_nothing_lost(
    serve: Serve, now: dict[str, Any]
) -> None:
    """A slip in the setting ends nobody's connection: who is let in again goes on."""
    before = await serve()
    client_id = await before.client_id()
    pair = await before.pair(client_id)
    stricter = await serve(storage=before.storage, atlassian=now)
    answer = await stricter.refresh(client_id, pair["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")
    browser = stricter.browser()
    location = await way_back(stricter, browser, client_id)
    assert is_local(await browser.get(location), 403)
    assert (await before.refresh(client_id, pair["refresh_token"])).status == 200


async def test_of_several_sites_the_person_chooses_one(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await browser.follow(
        await browser.get(await way_back(here, browser, client_id, sites=(DEMO, SECOND)))
    )
    assert page.status == 200
    assert "demo-site.example.com" in page.text
    assert "Ada Example" in page.text
    assert page.form.offered == {"site": [DEMO.cloud_id, SECOND.cloud_id]}
    assert ("site", DEMO.cloud_id) in page.form.fields
    for wrong in ("", "x", None):
        assert is_local(await browser.submit(page, decision="approve", site=wrong), 400)
    assert is_local(await browser.submit(page, decision="perhaps"), 400)
    done = await browser.submit(page, decision="approve", site=SECOND.cloud_id)
    assert done.status == 303
    answer = await here.redeem(client_id, done.answer["code"])
    token = await here.storage.tokens.access(answer.json["access_token"])
    assert token is not None
    assert token.family.cloud_id == SECOND.cloud_id
    assert token.family.site_url == SECOND.url
    again = await browser.submit(page, decision="approve", site=DEMO.cloud_id)
    assert is_local(again, 400)
    assert len(here.heard(CodeIssued)) == 1


@pytest.mark.row("SEC-S06")
async def test_the_site_page_belongs_to_the_browser_that_approved(
    here: Setup, client_id: str
) -> None:
    browser, other = here.browser(), here.browser()
    page = await browser.follow(
        await browser.get(await way_back(here, browser, client_id, sites=(DEMO, SECOND)))
    )
    assert is_local(await other.get(page.url), 403)
    assert is_local(await other.submit(page, decision="approve"), 403)
    assert is_local(await browser.submit(page, decision="approve", csrf="x"), 403)
    sent = await browser.post(
        here.url("/site"),
        page.form.filled(decision="approve"),
        {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"},
    )
    assert is_local(sent, 403)
    stopped = await browser.submit(page, decision="deny")
    assert stopped.answer["error"] == "access_denied"
    assert not here.heard(CodeIssued)


async def at_sites(setup: Setup, browser: Browser, client_id: str) -> Page:
    back = await way_back(setup, browser, client_id, sites=(DEMO, SECOND))
    return await browser.follow(await browser.get(back))


async def test_a_sign_in_that_is_stopped_at_its_site_leaves_no_grant(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    page = await at_sites(here, browser, client_id)
    assert len(await here.storage.grants.of_account(ADA.account_id)) == 1
    assert "error" in (await browser.submit(page, decision="deny")).answer
    assert await here.storage.grants.of_account(ADA.account_id) == ()
    assert [event.change for event in here.heard(GrantChanged)] == ["created", "deleted"]


async def test_a_client_that_is_gone_at_the_site_leaves_no_grant(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    page = await at_sites(here, browser, client_id)
    await here.storage.clients.delete(client_id)
    assert is_local(await browser.submit(page, decision="approve"), 400)
    assert await here.storage.grants.of_account(ADA.account_id) == ()


async def test_a_sign_in_that_is_stopped_leaves_the_grant_of_other_connections(
    here: Setup, client_id: str
) -> None:
    pair = await here.pair(client_id)
    here.clock.advance(1000)
    browser = here.browser()
    await browser.submit(await at_sites(here, browser, client_id), decision="deny")
    token = await here.storage.tokens.refresh(pair["refresh_token"])
    assert token is not None
    assert await here.custody.access_token(token.family.grant_id)


async def test_a_sign_in_that_is_stopped_leaves_the_grant_that_another_may_need(
    here: Setup, client_id: str
) -> None:
    here.sandbox.board.set({"later_consent_ends_earlier": True})
    first, second = here.browser(), here.browser()
    page = await at_sites(here, first, client_id)
    here.clock.advance(10)
    await second.submit(await at_sites(here, second, client_id), decision="deny")
    done = await first.submit(page, decision="approve")
    pair = (await here.redeem(client_id, done.answer["code"])).json
    token = await here.storage.tokens.refresh(pair["refresh_token"])
    assert token is not None
    here.clock.advance(4000)
    assert await here.custody.access_token(token.family.grant_id)


@pytest.mark.row("SEC-S25")
async def test_another_account_than_the_one_that_approved_is_asked_first(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    await here.sign_in(client_id, browser=browser)
    page = await browser.follow(
        await browser.get(await way_back(here, browser, client_id, person=BEN))
    )
    assert page.status == 200
    assert "Another account" in page.text
    assert "Ben Example" in page.text
    assert len(here.heard(CodeIssued)) == 1
    done = await browser.submit(page, decision="approve")
    assert "code" in done.answer
    assert [event.account_id for event in here.heard(CodeIssued)] == [
        ADA.account_id,
        BEN.account_id,
    ]


@pytest.mark.row("SEC-S20")
async def test_a_sign_in_gives_the_browser_another_session(here: Setup, client_id: str) -> None:
    browser = here.browser()
    ids = []
    for _ in range(2):
        await here.sign_in(client_id, browser=browser)
        ids.append(browser.cookies[ISSUER]["__Host-tlm_sid"])
    assert ids[0] != ids[1]
    assert await here.storage.browser_sessions.get(ids[0], here.clock.now) is None
    assert await here.storage.browser_sessions.get(ids[1], here.clock.now) is not None
    assert [event.began for event in here.heard(SessionChanged)] == [True, True]
    fixed = here.browser()
    fixed.cookies[ISSUER] = {"__Host-tlm_sid": "a" * 43}
    await here.sign_in(client_id, browser=fixed)
    assert fixed.cookies[ISSUER]["__Host-tlm_sid"] != "a" * 43


@pytest.mark.row("SEC-S26")
async def test_two_callbacks_at_once_are_one_exchange(here: Setup, client_id: str) -> None:
    browser = here.browser()
    location = await way_back(here, browser, client_id)
    pages = await asyncio.gather(*(browser.get(location) for _ in range(3)))
    assert sorted(page.status for page in pages) == [303, 400, 400]
    assert here.upstream_paths.count("/oauth/token") == 1


async def test_a_sign_in_leaves_no_cookie_of_its_own(here: Setup, client_id: str) -> None:
    browser = here.browser()
    await here.sign_in(client_id, browser=browser)
    assert list(browser.cookies[ISSUER]) == ["__Host-tlm_sid"]


async def test_a_sign_in_that_expires_at_the_last_page_is_over(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await browser.follow(
        await browser.get(await way_back(here, browser, client_id, sites=(DEMO, SECOND)))
    )
    here.clock.advance(901)
    assert is_local(await browser.submit(page, decision="approve"), 400)
    assert is_local(await browser.get(page.url), 400)


@pytest.mark.row("SEC-P13")
async def test_a_closed_tab_does_not_lose_the_grant(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = here.browser()
    location = await way_back(here, browser, client_id)
    oauth = here.server.flow.hop.oauth
    asked, closed = asyncio.Event(), asyncio.Event()
    me = oauth.me

    async def slow(access_token: str) -> Any:
        asked.set()
        await closed.wait()
        return await me(access_token)

    monkeypatch.setattr(oauth, "me", slow)
    closing = asyncio.ensure_future(browser.get(location))
    await asked.wait()
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    closed.set()
    await here.tasks.drain(10)
    (grant,) = await here.storage.grants.of_account(ADA.account_id)
    assert grant.refresh_token
    assert [event.change for event in here.heard(GrantChanged)] == ["created"]


async def test_two_choices_at_once_are_one_answer(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await browser.follow(
        await browser.get(await way_back(here, browser, client_id, sites=(DEMO, SECOND)))
    )
    sent = await asyncio.gather(*(browser.submit(page, decision="approve") for _ in range(3)))
    assert sorted(answer.status for answer in sent) == [303, 400, 400]
    assert len(here.heard(CodeIssued)) == 1


async def test_a_sign_in_that_was_overtaken_hangs_on_the_newest_grant(
    here: Setup, client_id: str
) -> None:
    here.sandbox.board.set({"later_consent_ends_earlier": True})
    browser = here.browser()
    page = await browser.follow(
        await browser.get(await way_back(here, browser, client_id, sites=(DEMO, SECOND)))
    )
    here.clock.advance(10)
    overtaking = here.browser()
    other = await overtaking.follow(
        await overtaking.get(await way_back(here, overtaking, client_id, sites=(DEMO, SECOND)))
    )
    await overtaking.submit(other, decision="approve")
    done = await browser.submit(page, decision="approve")
    pair = (await here.redeem(client_id, done.answer["code"])).json
    token = await here.storage.tokens.refresh(pair["refresh_token"])
    assert token is not None
    here.clock.advance(4000)
    assert await here.custody.access_token(token.family.grant_id)


async def test_a_client_approved_again_after_its_callback_is_shown_the_end(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    consent = await here.consent_page(browser, client_id)
    page = await browser.follow(await browser.submit(consent, decision="approve"))
    page = await browser.follow(await here.from_atlassian(browser, page, sites=(DEMO, SECOND)))
    assert "Choose a site" in page.text
    assert is_local(await browser.submit(consent, decision="approve"), 400)
    assert "code" in (await browser.submit(page, decision="approve")).answer
