"""The authorization endpoint: whom it answers, and what."""

from collections.abc import Awaitable, Callable
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes.authorization_world import ALL, ISSUER, REDIRECT, Setup, challenge
from fakes.browser_steps import Browser, Page

from telamon.plugin import LimitHit

Serve = Callable[..., Awaitable[Setup]]
HTTPS = "https://app.example.com/cb"


def is_local(page: Page, status: int = 400) -> bool:
    """A page of ours that sends the browser nowhere and cannot be framed."""
    assert page.headers["Content-Type"].startswith("text/html")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-store"
    return page.status == status and page.location is None and not page.set_cookies


def error_to_client(page: Page, *, state: str | None = "the-state") -> str:
    """The error at the client's redirect URI, with the state and exactly one issuer."""
    assert page.status == 302, page.text
    assert (page.location or "").startswith(f"{REDIRECT}?")
    answer = page.answer
    assert answer["iss"] == ISSUER
    assert answer.get("state") == state
    assert "code" not in answer
    return answer["error"]


@pytest.mark.row("SEC-A01")
@pytest.mark.row("MCP-G5")
@pytest.mark.parametrize(
    "client_id", ["", "unknown", "x" * 5000, "\0", "é", "https://client.example.com/", "http://a/b"]
)
async def test_an_unknown_client_gets_a_page_of_ours(here: Setup, client_id: str) -> None:
    page = await here.authorize(client_id)
    assert is_local(page)
    assert "invalid_client" in page.text
    none = await here.browser().get(here.url("/authorize"))
    assert is_local(none)


@pytest.mark.row("SEC-A02")
@pytest.mark.row("SEC-A03")
@pytest.mark.row("SEC-A04")
@pytest.mark.row("SEC-A06")
@pytest.mark.row("MCP-G5")
@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example.com/cb",
        "https://app.example.com/other",
        "https://app.example.com/cb?x=1",
        "https://app.example.com/CB",
        "https://app.example.com/cb/",
        "https://app.example.com:8443/cb",
        "http://localhost:3334/oauth/callbackx",
        "http://127.0.0.1:3334/oauth/callback",
        "http://localhost@evil.example.com/oauth/callback",
        "https://app.example.com\\@evil.example.com/cb",
        "https://app.example.com/../cb",
        "https://app.example.com/%2e%2e/cb",
        "javascript:alert(1)",
        " https://app.example.com/cb",
        "https://app.example.com/cb\n",
        "https://app.example.com/cb\0",
        "",
        "\udcff",
    ],
)
async def test_a_foreign_redirect_uri_gets_a_page_of_ours(here: Setup, uri: str) -> None:
    client_id = await here.client_id(redirect_uris=[REDIRECT, HTTPS])
    query = here.asked(client_id)
    del query["redirect_uri"]
    encoded = uri.encode("utf-8", "surrogateescape")
    url = here.authorize_url(client_id, redirect_uri=None)
    page = await here.browser().get(url + "&redirect_uri=" + "".join(f"%{b:02x}" for b in encoded))
    assert is_local(page)
    assert "not accepted" in page.text


@pytest.mark.row("SEC-A05")
@pytest.mark.row("MCP-G2")
async def test_a_desktop_client_may_use_any_port(here: Setup) -> None:
    client_id = await here.client_id(redirect_uris=["http://localhost/callback"])
    page = await here.sign_in(client_id, redirect_uri="http://localhost:51234/callback")
    assert (page.location or "").startswith("http://localhost:51234/callback?")


@pytest.mark.row("SEC-A07")
async def test_without_a_redirect_uri_the_only_one_is_used(here: Setup, client_id: str) -> None:
    page = await here.sign_in(client_id, redirect_uri=None)
    assert (page.location or "").startswith(f"{REDIRECT}?")
    several = await here.client_id(redirect_uris=[REDIRECT, HTTPS])
    assert is_local(await here.authorize(several, redirect_uri=None))


@pytest.mark.row("SEC-A08")
@pytest.mark.parametrize(
    ("response_type", "error"),
    [
        (None, "invalid_request"),
        ("token", "unsupported_response_type"),
        ("", "invalid_request"),
        ("code token", "unsupported_response_type"),
        ('é"\\', "unsupported_response_type"),
    ],
)
async def test_the_only_response_type_is_code(
    here: Setup, client_id: str, response_type: str | None, error: str
) -> None:
    page = await here.authorize(client_id, response_type=response_type)
    assert error_to_client(page) == error


@pytest.mark.row("SEC-A09")
async def test_the_redirect_uri_is_checked_first(here: Setup, client_id: str) -> None:
    page = await here.authorize(
        client_id, response_type="token", redirect_uri="https://evil.example.com/cb"
    )
    assert is_local(page)


@pytest.mark.row("SEC-A10")
@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_a_doubled_client_or_redirect_uri_gets_a_page_of_ours(
    here: Setup, client_id: str, name: str
) -> None:
    value = here.asked(client_id)[name]
    assert is_local(await here.authorize(client_id, (name, value)))
    assert is_local(await here.authorize(client_id, (name, "https://evil.example.com/cb")))


@pytest.mark.row("SEC-A11")
@pytest.mark.parametrize(
    "name",
    ["state", "scope", "resource", "code_challenge", "code_challenge_method", "response_type"],
)
async def test_any_other_parameter_stands_once(here: Setup, client_id: str, name: str) -> None:
    page = await here.authorize(client_id, (name, here.asked(client_id)[name]))
    state = None if name == "state" else "the-state"
    assert error_to_client(page, state=state) == "invalid_request"


@pytest.mark.row("SEC-A12")
@pytest.mark.row("SEC-A13")
@pytest.mark.row("SEC-A14")
@pytest.mark.row("SEC-A15")
@pytest.mark.row("MCP-H1")
@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge_method": "S512"},
        {"code_challenge": ""},
        {"code_challenge": "a" * 42},
        {"code_challenge": "a" * 129},
        {"code_challenge": challenge() + "="},
        {"code_challenge": "/" * 43},
        {"code_challenge": "é" * 43},
        {"code_challenge": challenge() + "\n"},
    ],
)
async def test_a_request_needs_an_s256_challenge(
    here: Setup, client_id: str, changes: dict[str, Any]
) -> None:
    assert error_to_client(await here.authorize(client_id, **changes)) == "invalid_request"


@pytest.mark.row("SEC-A16")
@pytest.mark.parametrize(
    "scope",
    [
        "",
        " ",
        "unknown",
        "read:toys unknown",
        "READ:TOYS",
        "read:toys\0",
        "read:\ttoys",
        'read:toys"',
        " ".join(f"s{n}" for n in range(1000)),
    ],
)
async def test_a_scope_that_is_not_on_offer_is_refused(
    here: Setup, client_id: str, scope: str
) -> None:
    assert error_to_client(await here.authorize(client_id, scope=scope)) == "invalid_scope"


@pytest.mark.row("SEC-A16")
@pytest.mark.row("MCP-H6")
@pytest.mark.parametrize(
    ("scope", "recorded"),
    [
        ("openid email profile", ALL),
        ("read:toys offline_access openid", ("read:toys",)),
        ("offline_access", ALL),
        ("write:toys read:toys read:toys", ("read:toys", "write:toys")),
    ],
)
async def test_scopes_asked_for_out_of_habit_do_no_harm(
    here: Setup, client_id: str, scope: str, recorded: tuple[str, ...]
) -> None:
    pair = await here.pair(client_id, scope=scope)
    assert tuple(pair["scope"].split()) == recorded


@pytest.mark.row("SEC-A17")
async def test_without_a_scope_the_page_shows_all_and_they_are_recorded(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    page = await here.consent_page(browser, client_id, scope=None)
    assert all(name in page.text for name in ALL)
    pair = await here.pair(client_id, scope=None)
    assert tuple(pair["scope"].split()) == ALL


@pytest.mark.row("SEC-A18")
@pytest.mark.row("MCP-H3")
@pytest.mark.parametrize(
    "resource",
    [
        "https://other.example.com/v1/mcp",
        f"{ISSUER}/v1/mcp#fragment",
        "/v1/mcp",
        "https://tenant1.atlassian.net/",
    ],
)
async def test_another_resource_is_refused(here: Setup, client_id: str, resource: str) -> None:
    assert error_to_client(await here.authorize(client_id, resource=resource)) == "invalid_target"


@pytest.mark.row("SEC-A18")
async def test_two_resources_are_refused(here: Setup, client_id: str) -> None:
    page = await here.authorize(client_id, ("resource", f"{ISSUER}/v1/sse"))
    assert error_to_client(page) == "invalid_target"


@pytest.mark.row("SEC-A19")
@pytest.mark.row("MCP-H3")
@pytest.mark.parametrize("resource", [None, f"{ISSUER}/v1/sse", ISSUER, f"{ISSUER}/v1/mcp/"])
async def test_every_token_is_for_the_canonical_resource(
    here: Setup, client_id: str, resource: str | None
) -> None:
    pair = await here.pair(client_id, resource=resource)
    token = await here.storage.tokens.access(pair["access_token"])
    assert token is not None
    assert token.family.resource == f"{ISSUER}/v1/mcp"


@pytest.mark.row("MCP-G6")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"scope": "unknown"}, "invalid_scope"),
        ({"resource": "https://other.example.com/"}, "invalid_target"),
    ],
)
async def test_nobody_is_sent_to_an_address_that_anybody_registered_unasked(
    here: Setup, changes: dict[str, Any], error: str
) -> None:
    client_id = await here.client_id(redirect_uris=[HTTPS, REDIRECT])
    page = await here.authorize(client_id, redirect_uri=HTTPS, **changes)
    assert is_local(page)
    assert "Refresh" not in page.headers
    assert "app.example.com" in page.text
    (href,) = [part.partition('"')[0] for part in page.text.split('href="') if HTTPS in part]
    said = parse_qs(urlsplit(href.replace("&amp;", "&")).query)
    assert (said["error"], said["state"], said["iss"]) == ([error], ["the-state"], [ISSUER])
    # To a program on the person's own computer the browser goes as ever.
    assert error_to_client(await here.authorize(client_id, **changes)) == error


@pytest.mark.row("MCP-G6")
async def test_a_configured_client_is_told_at_once(serve: Serve) -> None:
    configured = {"client_id": "by-hand", "name": "By hand", "redirect_uris": [HTTPS]}
    setup = await serve(clients={"configured": [configured]})
    page = await setup.authorize("by-hand", redirect_uri=HTTPS, scope="unknown")
    assert page.status == 302
    assert (page.location or "").startswith(f"{HTTPS}?")
    assert page.answer["error"] == "invalid_scope"


@pytest.mark.row("SEC-A19")
@pytest.mark.parametrize(
    "name", ["resource", "response_mode", "redirect_uri", "request", "request_uri", "nonce"]
)
async def test_a_parameter_without_a_value_counts_as_none(
    here: Setup, client_id: str, name: str
) -> None:
    """RFC 6749, section 3.1."""
    without: dict[str, Any] = {name: ""}
    page = await here.authorize(client_id, **without)
    assert "/consent?" in (page.location or "")


@pytest.mark.row("SEC-A20")
@pytest.mark.row("MCP-H2")
@pytest.mark.parametrize(
    "raw",
    [
        "x" * 4096,
        "%22%27%3C%3E",
        "a%0d%0aSet-Cookie:%20x=y",
        "%F0%9F%98%80",
        "%ff%fe",
        "",
        "a+b%2Bc",
        "%00",
        "a%26code%3Dx%23",
    ],
)
async def test_a_state_comes_back_byte_for_byte(here: Setup, client_id: str, raw: str) -> None:
    sent = parse_qs(f"state={raw}", keep_blank_values=True, errors="surrogateescape")
    url = here.authorize_url(client_id, state=None) + f"&state={raw}"
    browser = here.browser()
    page = await browser.follow(await browser.get(url))
    page = await browser.submit(page, decision="deny")
    assert page.status == 303
    assert "x" not in page.set_cookies
    query = urlsplit(page.headers["Location"]).query
    back = parse_qs(query, keep_blank_values=True, errors="surrogateescape")
    assert back["state"] == sent["state"]
    assert len(back["iss"]) == 1


@pytest.mark.row("SEC-A20")
async def test_no_state_stays_no_state(here: Setup, client_id: str) -> None:
    page = await here.sign_in(client_id, state=None)
    assert page.answer.keys() == {"code", "iss"}
    refused = await here.authorize(client_id, state=None, scope="unknown")
    assert error_to_client(refused, state=None) == "invalid_scope"


@pytest.mark.row("SEC-A21")
@pytest.mark.row("MCP-E5")
@pytest.mark.row("MCP-J4")
async def test_the_answer_has_one_issuer_and_one_code_whatever_was_registered(here: Setup) -> None:
    uri = "http://localhost:1/cb?iss=https://evil.example.com&code=x&tenant=7&state=z&%69ss=q"
    client_id = await here.client_id(redirect_uris=[uri])
    page = await here.sign_in(client_id, redirect_uri=uri)
    answer = page.answer  # refuses a name that stands twice
    assert answer["iss"] == ISSUER
    assert answer["code"].startswith("tlm_ac_")
    assert answer["tenant"] == "7"
    refused = await here.authorize(client_id, redirect_uri=uri, scope="unknown")
    assert refused.answer["iss"] == ISSUER
    assert "code" not in refused.answer


@pytest.mark.row("SEC-A22")
@pytest.mark.parametrize("name", ["request", "request_uri"])
async def test_a_request_object_is_not_fetched(here: Setup, client_id: str, name: str) -> None:
    page = await here.authorize(client_id, (name, "https://evil.example.com/request.jwt"))
    assert error_to_client(page) == f"{name}_not_supported"


async def test_the_answer_is_in_the_query_alone(here: Setup, client_id: str) -> None:
    page = await here.authorize(client_id, response_mode="fragment")
    assert error_to_client(page) == "invalid_request"
    assert "response_mode" not in (await here.authorize(client_id, response_mode="query")).text


async def sign_ins(setup: Setup) -> int:
    """Count those that are stored, by the purge that is their end."""
    return (await setup.storage.purge(setup.clock.now + 901))["transactions"]


@pytest.mark.row("SEC-A23")
async def test_a_preview_begins_nothing(here: Setup, client_id: str) -> None:
    url = here.authorize_url(client_id)
    head = await here.ask("HEAD", url.removeprefix(ISSUER))
    assert head.status == 405
    for headers in ({"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}):
        page = await here.browser().get(url, headers)
        assert (page.status, page.location) == (503, None)
    assert await sign_ins(here) == 0
    post = await here.ask("POST", "/authorize", data=here.asked(client_id))
    assert post.status == 405


@pytest.mark.row("SEC-A24")
async def test_a_flood_is_cut_off_and_leaves_little(here: Setup, client_id: str) -> None:
    statuses = [(await here.authorize(client_id)).status for _ in range(65)]
    assert statuses == [302] * 60 + [429] * 5
    page = await here.authorize(client_id)
    assert is_local(page, 429)
    assert int(page.headers["Retry-After"]) == 1
    assert await sign_ins(here) == 20
    assert here.heard(LimitHit)[0] == LimitHit(limit="authorizations", key="authorize")


@pytest.mark.row("SEC-A24")
async def test_whoever_comes_once_more_gets_through(serve: Serve) -> None:
    setup = await serve(limits={"open_transactions": 2})
    client_id = await setup.client_id()
    browser = setup.browser()
    approved = await setup.at_atlassian(browser, client_id)
    for _ in range(5):
        assert (await setup.authorize(client_id)).status == 302
    # What a person has approved is not pushed out.
    back = await setup.from_atlassian(browser, approved)
    assert "code" in (await browser.follow(back)).answer
    assert "code" in (await setup.sign_in(client_id)).answer


@pytest.mark.row("SEC-A24")
async def test_what_was_approved_at_another_replica_is_not_pushed_out(serve: Serve) -> None:
    setup = await serve(limits={"open_transactions": 1})
    other = await serve(storage=setup.storage, sandbox=(setup.sandbox, setup.upstream))
    client_id = await setup.client_id()
    browser = setup.browser()
    page = await setup.consent_page(browser, client_id)
    elsewhere = Browser(
        http=other.http,
        reached={ISSUER: other.base, setup.upstream: setup.upstream},
        cookies=browser.cookies,
    )
    page = await elsewhere.follow(await elsewhere.submit(page, decision="approve"))
    for _ in range(3):
        assert (await setup.authorize(client_id)).status == 302
    back = await setup.from_atlassian(elsewhere, page)
    assert "code" in (await elsewhere.follow(back)).answer


@pytest.mark.row("SEC-A25")
async def test_a_query_that_is_too_long_is_refused_and_the_server_goes_on(
    here: Setup, client_id: str
) -> None:
    answer = await here.ask("GET", f"/authorize?state={'x' * 20_000}")
    assert answer.status == 400
    assert (await here.authorize(client_id)).status == 302


async def test_a_query_of_too_many_parameters_gets_a_page_of_ours(here: Setup) -> None:
    query = "&".join(f"p{n}=1" for n in range(150))
    assert is_local(await here.browser().get(here.url(f"/authorize?{query}")))


@pytest.mark.row("SEC-A26")
@pytest.mark.parametrize("txn", ["", "x", "A" * 43, "%00", "%C3%A9", "%ff"])
async def test_a_guessed_sign_in_is_nobodys(here: Setup, txn: str) -> None:
    for path in ("/consent", "/site"):
        assert is_local(await here.browser().get(here.url(f"{path}?txn={txn}")))
        assert is_local(await here.browser().get(here.url(path)))


@pytest.mark.row("SEC-A26")
async def test_a_sign_in_that_is_over_cannot_be_used_again(here: Setup, client_id: str) -> None:
    browser = here.browser()
    consent = await here.consent_page(browser, client_id)
    atlassian = await browser.follow(await browser.submit(consent, decision="approve"))
    done = await browser.follow(await here.from_atlassian(browser, atlassian))
    assert "code" in done.answer
    callback = next(url for url in browser.visited if "/oauth/atlassian/callback?" in url)
    for url in (consent.url, callback):
        assert is_local(await browser.get(url))
    again = await browser.submit(consent, decision="approve")
    assert is_local(again)


@pytest.mark.row("SEC-A27")
async def test_a_client_that_is_deleted_meanwhile_gets_no_code(here: Setup, client_id: str) -> None:
    browser = here.browser()
    page = await here.at_atlassian(browser, client_id)
    await here.storage.clients.delete(client_id)
    page = await browser.follow(await here.from_atlassian(browser, page))
    assert is_local_after_sign_in(page)
    assert not await here.storage.tokens.families(client_id=client_id, now=here.clock.now)


def is_local_after_sign_in(page: Page) -> bool:
    return page.status == 400 and page.location is None


@pytest.mark.row("SEC-A27")
async def test_a_deleted_client_cannot_be_approved(here: Setup, client_id: str) -> None:
    browser = here.browser()
    consent = await here.consent_page(browser, client_id)
    await here.storage.clients.delete(client_id)
    assert is_local(await browser.get(consent.url))
    assert is_local(await browser.submit(consent, decision="approve"))


@pytest.mark.row("SEC-A23")
async def test_asking_twice_makes_two_that_both_work(here: Setup, client_id: str) -> None:
    """A client asks once by itself before it opens the browser."""
    url = here.authorize_url(client_id)
    first, second = await here.browser().get(url), await here.browser().get(url)
    assert first.status == second.status == 302
    assert first.location != second.location
    assert not first.set_cookies
    for page in (first, second):
        browser = here.browser()
        assert (await browser.follow(page)).status == 200


@pytest.mark.row("SEC-S14")
async def test_nothing_a_client_says_becomes_markup(here: Setup) -> None:
    script = "<script>alert(1)</script>"
    client_id = await here.client_id(client_name=script)
    page = await here.consent_page(here.browser(), client_id, state=script)
    assert script not in page.text
    assert escape(script) in page.text
    assert "script-src 'none'" in page.headers["Content-Security-Policy"]
    refused = await here.authorize(client_id, redirect_uri=f"https://a.example.com/{script}")
    assert script not in refused.text
    unknown = await here.authorize(script)
    assert script not in unknown.text


async def test_the_browser_is_sent_to_the_host_that_atlassian_will_send_it_to(
    here: Setup, client_id: str
) -> None:
    """Loopback has three names; cookies of one are not the others'."""
    page = await here.authorize(client_id)
    assert page.headers["Location"].startswith(f"{ISSUER}/consent?txn=")
