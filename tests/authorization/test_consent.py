"""Our own consent page."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import pytest
from fakes.authorization_world import ADA, ALL, BEN, ISSUER, REDIRECT, Setup
from fakes.browser_steps import Browser, Page

from telamon.plugin import CodeIssued, ConsentGiven, LimitHit

Serve = Callable[..., Awaitable[Setup]]


def is_refused(page: Page, status: int) -> bool:
    assert page.headers["Content-Type"].startswith("text/html")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    return page.status == status and page.location is None and "tlm_txn" not in str(page.headers)


def nothing_upstream(setup: Setup) -> bool:
    return setup.upstream_paths == [] and not setup.heard(ConsentGiven)


@pytest.mark.row("SEC-S01")
@pytest.mark.row("SEC-C16")
@pytest.mark.row("MCP-I1")
@pytest.mark.row("MCP-I2")
@pytest.mark.row("MCP-G6")
async def test_the_page_says_who_asks_for_what_and_where_the_answer_goes(
    here: Setup, client_id: str
) -> None:
    page = await here.consent_page(here.browser(), client_id)
    assert "Test client" in page.text
    assert "self-registered, unverified" in page.text
    assert "localhost:3334" in page.text
    assert REDIRECT in page.text
    assert "any program can give itself this name" in page.text
    assert f"{ISSUER}/v1/mcp" in page.text
    for scope in here.catalog.supported():
        assert scope.name in page.text
        assert f"{scope.allows[1:]}" in page.text
    assert "Papers" in page.text
    assert "Toys" in page.text
    assert here.upstream_paths == []


@pytest.mark.row("SEC-S01")
@pytest.mark.row("SEC-S24")
@pytest.mark.row("MCP-I7")
async def test_the_page_comes_again_for_every_request(here: Setup, client_id: str) -> None:
    browser = here.browser()
    for _ in range(2):
        page = await here.at_atlassian(browser, client_id)
        page = await browser.follow(await here.from_atlassian(browser, page))
        assert "code" in page.answer
    assert len(here.heard(ConsentGiven)) == 2
    attacker = await here.client_id(
        client_name="Innocent", redirect_uris=["https://e.example.net/"]
    )
    page = await here.consent_page(browser, attacker, redirect_uri="https://e.example.net/")
    assert "e.example.net" in page.text
    assert "nobody has verified its name" in page.text


async def test_a_program_on_the_computer_is_warned_of_by_its_scheme(here: Setup) -> None:
    uri = "cursor://anysphere.cursor-mcp/oauth/callback"
    client_id = await here.client_id(redirect_uris=[uri])
    page = await here.consent_page(here.browser(), client_id, redirect_uri=uri)
    assert "any program can claim this name and address" in page.text
    assert "cursor:" in page.text


async def test_a_client_without_a_name_is_said_to_have_none(here: Setup) -> None:
    client_id = await here.client_id(client_name=None)
    page = await here.consent_page(here.browser(), client_id)
    assert "An app without a name" in page.text


async def test_enter_means_deny_and_everything_is_ticked(here: Setup, client_id: str) -> None:
    form = (await here.consent_page(here.browser(), client_id)).form
    # The first button of a form is the one that the Enter key presses.
    assert [(b["name"], b["value"]) for b in form.buttons] == [
        ("decision", "deny"),
        ("decision", "approve"),
    ]
    assert form.offered == {
        "product": ["papers", "toys"],
        "scope": ["write:papers", "write:toys"],
    }
    assert [v for n, v in form.fields if n == "product"] == ["papers", "toys"]
    assert [v for n, v in form.fields if n == "scope"] == ["write:papers", "write:toys"]


async def test_only_what_the_client_asked_for_is_offered(here: Setup, client_id: str) -> None:
    page = await here.consent_page(here.browser(), client_id, scope="read:toys")
    assert page.form.offered == {"product": ["toys"]}
    assert "read:papers" not in page.text


@pytest.mark.row("MCP-J3")
@pytest.mark.parametrize(
    ("product", "scope", "granted"),
    [
        (["papers", "toys"], ["write:papers", "write:toys"], list(ALL)),
        (["toys"], ["write:papers", "write:toys"], ["read:toys", "write:toys"]),
        (["papers", "toys"], [], ["read:papers", "read:toys"]),
        (["papers"], ["write:papers", "made:up"], ["read:papers", "write:papers"]),
    ],
)
async def test_what_the_person_unticks_the_token_lacks(
    here: Setup, client_id: str, product: list[str], scope: list[str], granted: list[str]
) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    page = await browser.submit(page, decision="approve", product=product, scope=scope)
    asked = (page.location or "").replace("%20", "+").replace("%3A", ":")
    assert all(name in asked for name in ALL), "Atlassian is always asked for the whole set"
    page = await here.from_atlassian(browser, await browser.follow(page))
    answer = await here.redeem(client_id, (await browser.follow(page)).answer["code"])
    assert answer.json["scope"].split() == granted
    (given,) = here.heard(ConsentGiven)
    assert given.approved
    assert list(given.scopes) == granted
    assert given.redirect_host == "localhost:3334"


async def test_nothing_ticked_is_no_decision(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    for changes in (
        {"decision": "approve", "product": []},
        {"decision": "approve", "product": ["made-up"]},
        {"decision": None},
        {"decision": "perhaps"},
    ):
        assert is_refused(await browser.submit(page, **changes), 400)
    assert nothing_upstream(here)
    assert (await browser.submit(page, decision="approve")).status == 303


@pytest.mark.row("SEC-S05")
@pytest.mark.row("MCP-I4")
async def test_before_approval_there_is_neither_state_nor_binding(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    first = await here.authorize(client_id, browser=browser)
    assert first.set_cookies == {}
    page = await browser.follow(first)
    assert [name[:16] for name in page.set_cookies] == ["__Host-tlm_form_"]
    assert "state" not in page.text.replace("the-state", "")
    approved = await browser.submit(page, decision="approve")
    assert [name[:15] for name in approved.set_cookies] == ["__Host-tlm_txn_"]
    assert len(approved.answer["state"]) >= 43


@pytest.mark.row("SEC-S21")
@pytest.mark.row("MCP-I3")
async def test_every_cookie_is_bound_to_this_host(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    approved = await browser.submit(page, decision="approve")
    done = await here.from_atlassian(browser, await browser.follow(approved))
    last = await browser.follow(done)
    cookies = {**page.set_cookies, **approved.set_cookies, **last.set_cookies}
    assert len(cookies) == 3
    for name, morsel in cookies.items():
        assert name.startswith("__Host-tlm_")
        assert morsel["secure"] is True
        assert morsel["httponly"] is True
        assert morsel["path"] == "/"
        assert morsel["domain"] == ""
        assert morsel["samesite"] == "Lax"


@pytest.mark.row("SEC-S07")
@pytest.mark.row("MCP-I2")
async def test_a_form_without_its_token_is_refused(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    other = await here.consent_page(browser, client_id)
    theirs = await here.consent_page(here.browser(), client_id)
    token = {p.url: dict(p.form.fields)["csrf"] for p in (page, other, theirs)}
    for wrong in (None, "", "x", "é", token[other.url], token[theirs.url]):
        assert is_refused(await browser.submit(page, decision="approve", csrf=wrong), 403)
        assert is_refused(await browser.submit(page, decision="deny", csrf=wrong), 403)
    without_cookies = Browser(http=here.http, reached=browser.reached)
    assert is_refused(await without_cookies.submit(page, decision="approve"), 403)
    assert nothing_upstream(here)
    for unknown in (None, "", "x" * 43):
        assert is_refused(await browser.submit(page, decision="approve", txn=unknown), 400)
    assert (await browser.submit(page, decision="approve")).status == 303


@pytest.mark.row("SEC-S08")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example.com", "Sec-Fetch-Site": None},
        {"Origin": ISSUER, "Sec-Fetch-Site": "cross-site"},
        {"Origin": ISSUER, "Sec-Fetch-Site": "same-site"},
        {"Origin": ISSUER, "Sec-Fetch-Site": "none"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": None},
        {"Origin": None, "Sec-Fetch-Site": None},
        {"Origin": "http://mcp.example.com", "Sec-Fetch-Site": None},
        {"Origin": f"{ISSUER}.evil.example.com", "Sec-Fetch-Site": None},
    ],
)
async def test_a_form_from_another_page_is_refused(
    here: Setup, client_id: str, headers: dict[str, str | None]
) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    sent = await browser.post(
        urljoin(page.url, page.form.action), page.form.filled(decision="approve"), headers
    )
    assert is_refused(sent, 403)
    assert nothing_upstream(here)


@pytest.mark.row("SEC-S08")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ISSUER, "Sec-Fetch-Site": "same-origin"},
        {"Origin": ISSUER, "Sec-Fetch-Site": None},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": None, "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_a_form_from_our_page_is_taken_from_every_browser(
    here: Setup, client_id: str, headers: dict[str, str | None]
) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    sent = await browser.post(
        urljoin(page.url, page.form.action), page.form.filled(decision="approve"), headers
    )
    assert sent.status == 303


async def test_a_body_that_is_no_form_is_refused(here: Setup, client_id: str) -> None:
    page = await here.consent_page(here.browser(), client_id)
    answer = await here.ask(
        "POST",
        "/consent",
        json={"txn": page.url},
        headers={"Origin": ISSUER, "Accept": "text/html"},
    )
    assert answer.status == 400
    site = await here.ask(
        "POST", "/site", json={}, headers={"Origin": ISSUER, "Accept": "text/html"}
    )
    assert site.status == 400


@pytest.mark.row("SEC-S09")
async def test_tabs_do_not_disturb_each_other(here: Setup, client_id: str) -> None:
    browser = here.browser()
    urls = [(await here.authorize(client_id)).location or "" for _ in range(2)]
    # Both are loaded at once, before either cookie is set.
    first, second = await asyncio.gather(*(browser.get(url) for url in urls))
    again = await browser.get(first.url)
    assert dict(again.form.fields)["csrf"] == dict(first.form.fields)["csrf"]
    for page in (first, second):
        atlassian = await browser.follow(await browser.submit(page, decision="approve"))
        done = await browser.follow(await here.from_atlassian(browser, atlassian))
        assert "code" in done.answer


@pytest.mark.row("SEC-S10")
@pytest.mark.row("SEC-S17")
async def test_a_double_click_ends_where_a_single_one_does(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    sent = await asyncio.gather(*(browser.submit(page, decision="approve") for _ in range(5)))
    assert {answer.status for answer in sent} == {303}
    assert len({answer.location for answer in sent}) == 1
    assert len({str(answer.set_cookies) for answer in sent}) == 1
    assert len(here.heard(ConsentGiven)) == 1
    page = await browser.follow(sent[-1])
    page = await browser.follow(await here.from_atlassian(browser, page))
    assert "code" in page.answer
    assert len(here.heard(CodeIssued)) == 1


async def test_who_comes_back_from_atlassian_may_think_again(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    first = await browser.submit(page, decision="approve")
    back = await browser.get(page.url)
    second = await browser.submit(back, decision="approve", scope=[])
    assert second.location == first.location
    assert [event.scopes for event in here.heard(ConsentGiven)] == [
        ALL,
        ("read:papers", "read:toys"),
    ]
    page = await here.from_atlassian(browser, await browser.follow(second))
    answer = await here.redeem(client_id, (await browser.follow(page)).answer["code"])
    assert answer.json["scope"] == "read:papers read:toys"


async def test_who_comes_back_from_atlassian_may_still_deny(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    atlassian = await browser.follow(await browser.submit(page, decision="approve"))
    denied = await browser.submit(page, decision="deny")
    assert denied.answer["error"] == "access_denied"
    late = await browser.follow(await here.from_atlassian(browser, atlassian))
    assert (late.status, late.location) == (400, None)
    assert "/oauth/token" not in here.upstream_paths


@pytest.mark.row("SEC-S11")
@pytest.mark.row("SEC-S17")
async def test_a_denial_goes_to_the_client(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    denied = await browser.submit(page, decision="deny")
    assert denied.status == 303
    assert (denied.location or "").startswith(f"{REDIRECT}?")
    assert denied.answer.keys() == {"error", "error_description", "state", "iss"}
    assert denied.answer["error"] == "access_denied"
    assert denied.answer["state"] == "the-state"
    assert denied.answer["iss"] == ISSUER
    (given,) = here.heard(ConsentGiven)
    assert not given.approved
    assert given.scopes == ()
    assert here.upstream_paths == []
    again = await browser.submit(page, decision="deny")
    assert is_refused(again, 400)
    assert len(here.heard(ConsentGiven)) == 1


async def test_two_denials_at_once_are_one(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    sent = await asyncio.gather(*(browser.submit(page, decision="deny") for _ in range(2)))
    assert sorted(answer.status for answer in sent) == [303, 400]
    assert len(here.heard(ConsentGiven)) == 1


@pytest.mark.row("SEC-S12")
@pytest.mark.row("SEC-S32")
async def test_a_sign_in_that_took_too_long_says_to_start_again(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    here.clock.advance(901)
    sent = await browser.submit(page, decision="approve")
    assert is_refused(sent, 400)
    assert "connect again" in sent.text
    assert nothing_upstream(here)
    removed = await here.storage.purge(here.clock.now)
    assert removed["transactions"] == 1


@pytest.mark.row("SEC-S13")
@pytest.mark.row("SEC-S19")
@pytest.mark.row("MCP-I2")
async def test_every_page_has_the_headers_of_a_page(here: Setup, client_id: str) -> None:
    browser = here.browser()
    consent = await here.consent_page(browser, client_id)
    pages = [
        consent,
        await browser.submit(consent, csrf="x"),
        await browser.get(here.url("/consent")),
        await browser.get(here.url("/site")),
        await browser.get(here.url("/connections")),
        await browser.get(here.url("/oauth/atlassian/callback")),
        await browser.get(here.url("/authorize")),
    ]
    for page in pages:
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"], page.url
        assert "script-src 'none'" in page.headers["Content-Security-Policy"]
        assert "form-action" not in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Strict-Transport-Security"]
        assert "src=" not in page.text
        assert "Set-Cookie" not in page.headers or page is consent
    redirect = await browser.submit(consent, decision="deny")
    assert redirect.headers["Referrer-Policy"] == "no-referrer"
    assert redirect.headers["Cache-Control"] == "no-store"


@pytest.mark.row("SEC-S23")
async def test_a_browser_keeps_ten_of_our_cookies_of_a_kind(here: Setup, client_id: str) -> None:
    browser = here.browser()
    pages = []
    for _ in range(14):
        pages.append(await here.consent_page(browser, client_id))
        await browser.submit(pages[-1], decision="approve")
    jar = browser.cookies[ISSUER]
    assert sum(name.startswith("__Host-tlm_form_") for name in jar) == 10
    assert sum(name.startswith("__Host-tlm_txn_") for name in jar) == 10
    newest = await browser.submit(pages[-1], decision="approve")
    assert newest.status == 303


async def test_a_form_is_sent_twenty_times_a_minute_at_most(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    statuses = [(await browser.submit(page, decision="x")).status for _ in range(22)]
    assert statuses == [400] * 20 + [429] * 2
    assert here.heard(LimitHit) == [LimitHit(limit="decisions", key=client_id)]


@pytest.mark.row("SEC-S18")
@pytest.mark.row("SEC-S11")
async def test_a_private_scheme_is_opened_from_a_page_that_stays(here: Setup) -> None:
    uri = "cursor://anysphere.cursor-mcp/oauth/callback"
    client_id = await here.client_id(redirect_uris=[uri])
    page = await here.sign_in(client_id, redirect_uri=uri)
    assert page.status == 200
    assert "You are signed in" in page.text
    target = page.headers["Refresh"].removeprefix("0; url=")
    assert target.startswith(f"{uri}?code=tlm_ac_")
    assert target.replace("&", "&amp;") in page.text
    browser = here.browser()
    consent = await here.consent_page(browser, client_id, redirect_uri=uri)
    denied = await browser.submit(consent, decision="deny")
    assert "Nothing was allowed" in denied.text
    assert denied.headers["Refresh"].startswith(f"0; url={uri}?error=access_denied&")


async def test_the_page_names_the_account_that_is_signed_in_here(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    before = await here.consent_page(browser, client_id)
    assert "Signed in here as" not in before.text
    await here.sign_in(client_id, browser=browser)
    after = await here.consent_page(browser, client_id)
    assert "Signed in here as" in after.text
    assert ADA.name in after.text
    await browser.submit(after, decision="approve")
    assert [event.account_id for event in here.heard(ConsentGiven)] == [None, ADA.account_id]
    assert BEN.name not in after.text
    for grant in await here.storage.grants.of_account(ADA.account_id):
        await here.custody.disconnect(grant.id)
    assert ADA.name in (await here.consent_page(browser, client_id)).text


async def test_a_product_without_scopes_needs_no_tick(serve: Serve) -> None:
    setup = await serve(policy={"access": []})
    client_id = await setup.client_id()
    browser = setup.browser()
    page = await setup.consent_page(browser, client_id, scope=None)
    assert page.form.offered == {}
    assert (await browser.submit(page, decision="approve")).status == 303
