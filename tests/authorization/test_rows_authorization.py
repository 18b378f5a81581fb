"""What a refused request leaves behind: nothing. And exact answers that no other test asks for."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import structlog
from fakes.authorization_world import ALL, ISSUER, REDIRECT, VERIFIER, Setup
from fakes.browser_steps import Page

from telamon.audit import type_of
from telamon.authorization.fetching import Fetched, FetchRefused
from telamon.plugin import CodeIssued, ConsentGiven, TokenIssued, TokenReused, TokensRevoked
from telamon.storage import StorageUnavailable

Serve = Callable[..., Awaitable[Setup]]
HTTPS = "https://app.example.com/cb"
SCRIPT = "<script>alert(1)</script>"


@dataclass
class Fetcher:
    """Writes down what is fetched and gives one document."""

    asked: list[str] = field(default_factory=list)
    documents: dict[str, Any] = field(default_factory=dict)

    async def fetch(self, url: str) -> Fetched:
        self.asked.append(url)
        await asyncio.sleep(0)
        if url not in self.documents:
            raise FetchRefused("status 404")
        return Fetched(content=self.documents[url], max_age=None)


async def sign_ins(setup: Setup) -> int:
    """Count those that are stored, by the purge that is their end."""
    return (await setup.storage.purge(setup.clock.now + 901))["transactions"]


@pytest.mark.row("SEC-A01", "SEC-A02", "SEC-A03", "SEC-A04", "SEC-A07", "SEC-A08", "SEC-A09")
@pytest.mark.row("SEC-A10", "SEC-A11", "SEC-A12", "SEC-A13", "SEC-A14", "SEC-A15", "SEC-A16")
@pytest.mark.row("SEC-A18", "SEC-A22")
async def test_a_refused_request_leaves_nothing_behind(serve: Serve) -> None:
    fetcher = Fetcher()
    here = await serve(fetcher=fetcher)
    client_id = await here.client_id(redirect_uris=[REDIRECT, HTTPS])
    elsewhere = "https://evil.example.com/x"
    refused = [
        await here.authorize("unknown"),
        await here.authorize(client_id, redirect_uri=elsewhere),
        await here.authorize(client_id, redirect_uri="http://localhost@evil.example.com/cb"),
        await here.authorize(client_id, redirect_uri="javascript:alert(1)"),
        await here.authorize(client_id, redirect_uri=None),
        await here.authorize(client_id, response_type="token"),
        await here.authorize(client_id, response_type="token", redirect_uri=elsewhere),
        await here.authorize(client_id, ("client_id", client_id)),
        await here.authorize(client_id, ("state", "another")),
        await here.authorize(client_id, code_challenge=None),
        await here.authorize(client_id, code_challenge_method=None),
        await here.authorize(client_id, code_challenge_method="plain"),
        await here.authorize(client_id, code_challenge="a" * 42),
        await here.authorize(client_id, scope="unknown"),
        await here.authorize(client_id, resource=elsewhere),
        await here.authorize(client_id, ("request_uri", elsewhere)),
        await here.authorize(client_id, ("request", elsewhere)),
    ]
    for page in refused:
        assert page.status in {302, 400}
        target = urlsplit(page.location or REDIRECT)
        assert (target.scheme, target.netloc) == ("http", "localhost:3334")
        assert not page.set_cookies
        assert page.headers["Cache-Control"] == "no-store"
    assert await sign_ins(here) == 0
    assert here.upstream_paths == []
    assert fetcher.asked == []
    assert not here.heard(ConsentGiven)
    assert not here.heard(CodeIssued)


DANGEROUS = [
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://app.example.com/x",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "javascript\0:alert(1)",
]


@pytest.mark.row("SEC-A04", "SEC-D02")
@pytest.mark.parametrize("uri", DANGEROUS)
async def test_a_scheme_that_a_browser_runs_is_neither_registered_nor_used(
    here: Setup, client_id: str, uri: str
) -> None:
    answer = await here.ask("POST", "/register", json={"redirect_uris": [REDIRECT, uri]})
    assert (answer.status, answer.error) == (400, "invalid_redirect_uri")
    page = await here.authorize(client_id, redirect_uri=uri)
    assert (page.status, page.location) == (400, None)
    assert "Refresh" not in page.headers
    assert f'href="{escape(uri)}' not in page.text
    assert await here.storage.clients.count() == 1


@pytest.mark.row("SEC-T04", "SEC-T20")
async def test_what_stands_in_the_address_of_a_token_request_proves_nothing(
    here: Setup, client_id: str
) -> None:
    pair = await here.pair(client_id)
    fields = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    query = urlencode({**fields, "client_id": client_id})
    answer = await here.ask("POST", f"/token?{query}", data={"x": "y"})
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert len(here.heard(TokenIssued)) == 1
    assert (await here.refresh(client_id, pair["refresh_token"])).status == 200


@pytest.mark.row("SEC-T33", "SEC-T20")
async def test_a_refresh_that_the_storage_fails_says_when_to_come_back(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await here.pair(client_id)

    async def down(*_: object, **__: object) -> bool:
        raise StorageUnavailable

    monkeypatch.setattr(here.storage.tokens, "rotate", down)
    answer = await here.refresh(client_id, first["refresh_token"])
    assert (answer.status, answer.error) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert not answer.json.keys() & {"access_token", "refresh_token"}
    monkeypatch.undo()
    assert len(here.heard(TokenIssued)) == 1
    assert await here.storage.tokens.access(first["access_token"]) is not None
    assert (await here.refresh(client_id, first["refresh_token"])).status == 200


@pytest.mark.row("SEC-T34", "SEC-T22")
async def test_an_answer_that_was_cut_off_behind_its_commit_is_given_again(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await here.pair(client_id)
    rotate = here.storage.tokens.rotate
    committed, cut = asyncio.Event(), asyncio.Event()
    pairs: list[tuple[str, str]] = []

    async def slow(refresh: str, **given: Any) -> bool:
        done = await rotate(refresh, **given)
        pairs.append((given["access"].token, given["successor"].token))
        committed.set()
        await cut.wait()
        return done

    monkeypatch.setattr(here.storage.tokens, "rotate", slow)
    fields = {"grant_type": "refresh_token", "client_id": client_id}
    body = urlencode({**fields, "refresh_token": first["refresh_token"]}).encode()
    base = urlsplit(here.base)
    _, writer = await asyncio.open_connection(base.hostname, base.port)
    writer.write(
        b"POST /token HTTP/1.1\r\nHost: mcp.example.com\r\nContent-Length: %d\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n%s" % (len(body), body)
    )
    await committed.wait()
    writer.transport.abort()
    cut.set()
    again = await here.refresh(client_id, first["refresh_token"])
    assert again.status == 200
    assert [(again.json["access_token"], again.json["refresh_token"])] == pairs
    assert not here.heard(TokenReused)
    assert (await here.refresh(client_id, again.json["refresh_token"])).status == 200


@pytest.mark.row("SEC-V05")
async def test_without_its_secret_a_client_ends_nothing(here: Setup) -> None:
    made = await here.register(token_endpoint_auth_method="client_secret_post")
    client, secret = made["client_id"], made["client_secret"]
    code = await here.code(client)
    pair = (await here.redeem(client, code, client_secret=secret)).json
    for proof in ({}, {"client_secret": "wrong"}, {"client_secret": ""}):
        for token in (pair["refresh_token"], pair["access_token"]):
            data = {"client_id": client, "token": token, **proof}
            answer = await here.ask("POST", "/revoke", data=data)
            assert (answer.status, answer.error) == (401, "invalid_client")
    assert not here.heard(TokensRevoked)
    answer = await here.refresh(client, pair["refresh_token"], client_secret=secret)
    assert answer.status == 200


@pytest.mark.row("SEC-M02")
@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/v1/mcp",
    ],
)
async def test_no_document_repeats_what_a_header_says(here: Setup, path: str) -> None:
    plain = await here.ask("GET", path)
    forged = await here.ask(
        "GET",
        path,
        headers={
            "X-Forwarded-Host": "evil.example.com",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Prefix": "/evil",
            "X-Original-URL": "/evil",
            "Forwarded": "host=evil.example.com;proto=http",
        },
    )
    assert (forged.status, forged.json) == (plain.status, plain.json) == (200, plain.json)
    refused = await here.ask("GET", path, headers={"Host": "evil.example.com"})
    assert refused.status == 421
    assert "evil" not in json.dumps(refused.json) + str(refused.headers)


@pytest.mark.row("SEC-M04")
async def test_no_path_of_the_well_known_ones_is_a_page(here: Setup) -> None:
    for name in ("openid-configuration/x", "oauth-authorization-server/x", "jwks.json", "x"):
        answer = await here.ask("GET", f"/.well-known/{name}", headers={"Accept": "*/*"})
        assert answer.status == 404
        assert not answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.row("SEC-D05", "SEC-D04")
async def test_a_logo_is_neither_fetched_nor_shown(serve: Serve) -> None:
    fetcher = Fetcher()
    here = await serve(fetcher=fetcher)
    client_id = await here.client_id(
        client_name=f"Toy \u202ebox\u200b {SCRIPT}",
        logo_uri="https://pictures.example.com/logo.png",
        client_uri="https://client.example.com/about",
    )
    page = await here.consent_page(here.browser(), client_id)
    assert "pictures.example.com" not in page.text
    assert "<img" not in page.text
    assert not set("\u202e\u200b") & set(page.text)
    assert escape(f"Toy box {SCRIPT}") in page.text
    assert SCRIPT not in page.text
    assert fetcher.asked == []


@pytest.mark.row("SEC-C12")
async def test_a_hundred_first_uses_at_once_are_one_fetch_and_a_failure_does_not_stick(
    serve: Serve,
) -> None:
    fetcher = Fetcher()
    here = await serve(
        fetcher=fetcher, limits={"tokens_per_minute": 1000, "token_failures_per_minute": 1000}
    )
    client = "https://client.example.com/oauth/metadata.json"
    failed = await here.refresh(client, "x")
    assert (failed.status, failed.error) == (401, "invalid_client")
    fetcher.asked.clear()
    fetcher.documents[client] = {
        "client_id": client,
        "client_name": "Described client",
        "redirect_uris": [HTTPS],
    }
    found = await asyncio.gather(*(here.refresh(client, f"y{n}") for n in range(100)))
    assert {(answer.status, answer.error) for answer in found} == {(400, "invalid_grant")}
    assert fetcher.asked == [client]


@pytest.mark.row("SEC-S14")
@pytest.mark.parametrize(
    "changes",
    [
        {"scope": SCRIPT},
        {"resource": SCRIPT},
        {"response_type": SCRIPT},
        {"code_challenge": SCRIPT},
        {"scope": '"><img src=x onerror=alert(1)>'},
        {"state": f'"{SCRIPT}', "scope": "unknown"},
    ],
)
async def test_no_parameter_becomes_markup_on_the_page_of_a_refusal(
    here: Setup, changes: dict[str, Any]
) -> None:
    client_id = await here.client_id(redirect_uris=[HTTPS])
    page = await here.authorize(client_id, redirect_uri=HTTPS, **changes)
    assert (page.status, page.location) == (400, None)
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "script-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.row("SEC-S03", "SEC-S12", "SEC-S32")
async def test_who_comes_back_from_atlassian_too_late_exchanges_nothing(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    page = await here.from_atlassian(browser, await here.at_atlassian(browser, client_id))
    here.clock.advance(901)
    late = await browser.get(page.location or "")
    assert (late.status, late.location) == (400, None)
    assert "/oauth/token" not in here.upstream_paths
    assert not here.heard(CodeIssued)
    assert not [name for name in late.set_cookies if "sid" in name]


@pytest.mark.row("SEC-S05", "SEC-S17", "MCP-I4")
async def test_the_way_to_atlassian_is_made_at_approval_and_differs_every_time(
    here: Setup, client_id: str
) -> None:
    states: list[str] = []
    for _ in range(3):
        browser = here.browser()
        page = await here.consent_page(browser, client_id)
        approved: Page = await browser.submit(page, decision="approve")
        assert approved.status == 303
        assert (approved.location or "").startswith(f"{here.upstream}/")
        assert approved.headers["Cache-Control"] == "no-store"
        states.append(approved.answer["state"])
    assert len(set(states)) == 3
    assert all(len(text) >= 43 for text in states)


@pytest.mark.row("SEC-S24", "SEC-S01")
async def test_what_was_approved_once_is_asked_again_for_anything_else(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    await here.sign_in(client_id, browser=browser, scope="read:toys")
    for headers in ({}, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}):
        for scope in ("read:toys", " ".join(ALL)):
            url = here.authorize_url(client_id, scope=scope)
            page = await browser.follow(await browser.get(url, headers))
            assert (page.status, page.location) == (200, None)
            assert page.url.startswith(f"{ISSUER}/consent?")
            assert page.form.buttons
    assert len(here.heard(ConsentGiven)) == 1
    assert len(here.heard(CodeIssued)) == 1


@pytest.mark.row("SEC-T37", "SEC-D06")
async def test_a_secret_with_a_good_beginning_is_answered_like_any_wrong_one(here: Setup) -> None:
    made = await here.register(token_endpoint_auth_method="client_secret_post")
    client, secret = made["client_id"], made["client_secret"]
    pair = (await here.redeem(client, await here.code(client), client_secret=secret)).json
    wrong = [
        await here.refresh(client, "x", client_secret=text)
        for text in (f"{secret[:-1]}~", secret[:-1], secret + "x", "~" * len(secret))
    ]
    assert {(answer.status, json.dumps(answer.json)) for answer in wrong} == {
        (401, json.dumps(wrong[0].json))
    }
    token = pair["refresh_token"]
    unknown = [
        await here.refresh(client, text, client_secret=secret)
        for text in (f"{token[:-1]}~", token[:-1], token + "x", "~" * len(token))
    ]
    assert {(answer.status, json.dumps(answer.json)) for answer in unknown} == {
        (400, json.dumps(unknown[0].json))
    }
    assert not here.heard(TokensRevoked)


@pytest.mark.row("SEC-L06")
async def test_each_step_from_registration_to_revocation_is_announced_once(here: Setup) -> None:
    client_id = await here.client_id()
    pair = await here.pair(client_id)
    refreshed = (await here.refresh(client_id, pair["refresh_token"])).json
    await here.refresh(client_id, pair["refresh_token"])  # the same answer again, no second token
    await here.refresh(client_id, "tlm_rt_unknown")
    data = {"client_id": client_id, "token": refreshed["refresh_token"]}
    for _ in range(2):
        assert (await here.ask("POST", "/revoke", data=data)).status == 200
    assert [type_of(event) for event in here.events] == [
        "client.registered",
        "consent.granted",
        "grant.created",
        "session.login",
        "code.issued",
        "token.issued",
        "token.refreshed",
        "token.revoked",
        "grant.deleted",
    ]
    told = repr(here.events)
    secrets = [pair["access_token"], pair["refresh_token"], refreshed["access_token"]]
    assert not [secret for secret in secrets if secret in told]


@pytest.mark.row("SEC-L01", "SEC-L02")
async def test_the_log_of_a_whole_sign_in_holds_nothing_that_opens_anything(
    here: Setup, client_id: str
) -> None:
    browser = here.browser()
    with structlog.testing.capture_logs() as logs:
        page = await here.sign_in(client_id, browser=browser, state="a-state-of-the-client")
        pair = (await here.redeem(client_id, page.answer["code"])).json
        rotated = (await here.refresh(client_id, pair["refresh_token"])).json
        await here.refresh(client_id, "tlm_rt_" + "A" * 49)
        data = {"client_id": client_id, "token": rotated["refresh_token"]}
        await here.ask("POST", "/revoke", data=data)
    queries = [parse_qs(urlsplit(url).query) for url in browser.visited]
    opening = {
        value
        for query in queries
        for name, values in query.items()
        if name in {"code", "state", "txn", "code_challenge"}
        for value in values
    }
    opening |= {page.answer["code"], VERIFIER, *browser.cookies[ISSUER].values()}
    opening |= {each[name] for each in (pair, rotated) for name in each if name.endswith("_token")}
    assert len(opening) >= 10
    told = repr(logs)
    assert "/oauth/atlassian/callback" in told
    assert "/token" in told
    assert not [secret for secret in opening if secret in told]
    assert not [line for line in logs if "?" in str(line.get("path", ""))]
