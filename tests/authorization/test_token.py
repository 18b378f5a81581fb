"""The token endpoint: clients, codes, verifiers."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from fakes.authorization_world import ALL, ISSUER, REDIRECT, VERIFIER, Setup

from telamon.plugin import CodeReplayed, LimitHit, TokenIssued, TokensRevoked
from telamon.storage import StorageUnavailable

Serve = Callable[..., Awaitable[Setup]]


def basic(client_id: str, secret: str) -> dict[str, str]:
    joined = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {joined}"}


async def is_live(setup: Setup, access_token: str) -> bool:
    token = await setup.storage.tokens.access(access_token)
    return token is not None and token.family.revoked_at is None


@pytest.mark.row("SEC-T20")
@pytest.mark.row("MCP-H4")
async def test_a_token_answer_is_json_that_nobody_stores(here: Setup, client_id: str) -> None:
    answer = await here.redeem(client_id, await here.code(client_id))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json["access_token"].startswith("tlm_at_")
    assert answer.json["refresh_token"].startswith("tlm_rt_")
    assert answer.json.keys() == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "scope",
    }
    assert isinstance(answer.json["expires_in"], int)


@pytest.mark.row("SEC-T01")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_tokens_are_asked_for_by_post(here: Setup, method: str) -> None:
    answer = await here.ask(method, "/token")
    assert answer.status == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.row("SEC-T02")
@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "text/plain; x=application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=utf-16",
        "",
    ],
)
async def test_only_a_form_is_a_token_request(here: Setup, client_id: str, media_type: str) -> None:
    code = await here.code(client_id)
    body = f"grant_type=authorization_code&client_id={client_id}&code={code}"
    answer = await here.ask(
        "POST", "/token", data=body.encode(), headers={"Content-Type": media_type}
    )
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert (await here.redeem(client_id, code)).status == 200


@pytest.mark.row("SEC-T03")
async def test_a_parameter_stands_once(here: Setup, client_id: str) -> None:
    code = await here.code(client_id)
    form = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
    for name, value in form:
        answer = await here.ask("POST", "/token", data=[*form, (name, value)])
        assert (answer.status, answer.error) == (400, "invalid_request")
    assert (await here.redeem(client_id, code)).status == 200


@pytest.mark.row("SEC-T04")
async def test_parameters_in_the_address_are_not_used(here: Setup, client_id: str) -> None:
    code = await here.code(client_id)
    query = f"grant_type=authorization_code&client_id={client_id}&code={code}"
    query += f"&redirect_uri={REDIRECT}&code_verifier={VERIFIER}"
    answer = await here.ask("POST", f"/token?{query}", data={"x": "y"})
    assert answer.status == 401
    answer = await here.ask("POST", f"/token?{query}", data={"client_id": client_id})
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert (await here.redeem(client_id, code)).status == 200


@pytest.mark.row("SEC-T05")
@pytest.mark.row("MCP-H7")
@pytest.mark.parametrize(
    ("grant_type", "error"),
    [
        (None, "invalid_request"),
        ("", "invalid_request"),
        ("password", "unsupported_grant_type"),
        ("client_credentials", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", "unsupported_grant_type"),
        ('é"\\\0', "unsupported_grant_type"),
    ],
)
async def test_there_are_two_grants(
    here: Setup, client_id: str, grant_type: str | None, error: str
) -> None:
    answer = await here.token(grant_type=grant_type, client_id=client_id)
    assert (answer.status, answer.error) == (400, error)


@pytest.mark.row("SEC-T06")
@pytest.mark.parametrize("client", ["unknown", "\0", "é", "x" * 5000, "http://a.example.com/x"])
async def test_an_unknown_client_is_refused(here: Setup, client_id: str, client: str) -> None:
    code = await here.code(client_id)
    answer = await here.redeem(client, code)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert "WWW-Authenticate" not in answer.headers
    nobody = await here.redeem("", code)
    assert (nobody.status, nobody.error) == (401, "invalid_client")
    assert (await here.redeem(client_id, code)).status == 200


@pytest.mark.row("SEC-T07")
@pytest.mark.row("SEC-T37")
@pytest.mark.parametrize(
    "header",
    [
        None,
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b":secret").decode(),
        "Basic " + base64.b64encode(b"x:%zz").decode(),
        "Basic " + base64.b64encode(b"x:%ff").decode(),
        "Basic " + base64.b64encode(b"\xff:x").decode(),
        "Basic",
        "Bearer tlm_at_x",
        "Negotiate x",
    ],
)
async def test_a_secret_that_proves_nothing_consumes_nothing(
    here: Setup, header: str | None
) -> None:
    made = await here.register(token_endpoint_auth_method="client_secret_basic")
    code = await here.code(made["client_id"])
    header = header or basic(made["client_id"], "wrong")["Authorization"]
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    answer = await here.token({"Authorization": header}, **fields)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    good = await here.token(basic(made["client_id"], made["client_secret"]), **fields)
    assert good.status == 200


@pytest.mark.row("SEC-T08")
async def test_a_client_proves_itself_in_one_way_and_the_registered_one(here: Setup) -> None:
    made = await here.register(token_endpoint_auth_method="client_secret_basic")
    client, secret = made["client_id"], made["client_secret"]
    code = await here.code(client)
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    both = await here.token(basic(client, secret), **fields, client_id=client, client_secret=secret)
    assert (both.status, both.error) == (400, "invalid_request")
    posted = await here.token(**fields, client_id=client, client_secret=secret)
    assert (posted.status, posted.error) == (401, "invalid_client")
    without = await here.token(**fields, client_id=client)
    assert (without.status, without.error) == (401, "invalid_client")
    other = await here.token(basic(client, secret), **fields, client_id="another")
    assert (other.status, other.error) == (401, "invalid_client")
    assert (await here.token(basic(client, secret), **fields, client_id=client)).status == 200


@pytest.mark.row("SEC-K02", "SEC-T08")
@pytest.mark.parametrize("named", ["client_assertion", "client_assertion_type"])
async def test_a_client_assertion_is_refused_and_never_passed_over(
    here: Setup, client_id: str, named: str
) -> None:
    code = await here.code(client_id)
    refused = await here.redeem(client_id, code, **{named: "eyJhbGciOiJub25lIn0.e30."})
    assert (refused.status, refused.error) == (401, "invalid_client")
    assert (await here.redeem(client_id, code)).status == 200


@pytest.mark.row("SEC-T08")
async def test_a_posted_secret_is_for_clients_that_registered_it(here: Setup) -> None:
    made = await here.register(token_endpoint_auth_method="client_secret_post")
    client, secret = made["client_id"], made["client_secret"]
    code = await here.code(client)
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    assert (await here.token(basic(client, secret), **fields)).status == 401
    wrong = await here.token(**fields, client_id=client, client_secret="wrong")
    assert (wrong.status, wrong.error) == (401, "invalid_client")
    assert "WWW-Authenticate" not in wrong.headers
    assert (await here.token(**fields, client_id=client, client_secret=secret)).status == 200


@pytest.mark.row("SEC-T08")
async def test_a_public_client_has_no_secret(here: Setup, client_id: str) -> None:
    code = await here.code(client_id)
    answer = await here.redeem(client_id, code, client_secret="x")
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert (await here.redeem(client_id, code, client_secret="")).status == 200
    fields = {
        "grant_type": "authorization_code",
        "code": await here.code(client_id),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    assert (await here.token(basic(client_id, ""), **fields)).status == 200


@pytest.mark.row("SEC-D06")
async def test_an_expired_secret_proves_nothing(here: Setup) -> None:
    made = await here.register()
    registered = await here.storage.clients.get(made["client_id"])
    assert registered is not None
    expiring = replace(
        registered,
        client_id="expiring",
        auth_method="client_secret_post",
        expires_at=here.clock.now + 10,
    )
    await here.storage.clients.add(expiring, secret="the-secret")
    asked = {"client_id": "expiring", "client_secret": "the-secret"}
    assert (await here.token(**asked)).error == "invalid_request"
    here.clock.advance(10)
    assert (await here.token(**asked)).error == "invalid_client"


@pytest.mark.row("MCP-F3")
async def test_a_configured_client_may_present_its_secret_either_way(serve: Serve) -> None:
    setup = await serve(
        clients={
            "configured": [
                {
                    "client_id": "the-portal",
                    "name": "The portal",
                    "redirect_uris": ["https://portal.example.com/cb"],
                    "client_secret": "a-portal-secret",
                },
                {"client_id": "the-tool", "name": "The tool", "redirect_uris": [REDIRECT]},
            ]
        }
    )
    page = await setup.consent_page(
        setup.browser(), "the-portal", redirect_uri="https://portal.example.com/cb"
    )
    assert "set up by whoever runs this server" in page.text
    for headers, more in (
        (basic("the-portal", "a-portal-secret"), {}),
        ({}, {"client_id": "the-portal", "client_secret": "a-portal-secret"}),
    ):
        code = await setup.code("the-portal", redirect_uri="https://portal.example.com/cb")
        answer = await setup.token(
            headers,
            grant_type="authorization_code",
            code=code,
            redirect_uri="https://portal.example.com/cb",
            code_verifier=VERIFIER,
            **more,
        )
        assert answer.status == 200, answer.json
    wrong = await setup.token(client_id="the-portal", client_secret="wrong")
    assert wrong.error == "invalid_client"
    assert (await setup.token(client_id="the-portal")).error == "invalid_client"
    assert (await setup.pair("the-tool"))["token_type"] == "Bearer"


@pytest.mark.row("SEC-T09")
async def test_another_clients_code_is_left_alone(here: Setup, client_id: str) -> None:
    code = await here.code(client_id)
    other = await here.client_id()
    answer = await here.redeem(other, code)
    assert (answer.status, answer.error) == (400, "invalid_grant")
    answer = await here.redeem(client_id, code)
    assert answer.status == 200
    again = await here.redeem(other, code)
    assert (again.status, again.error) == (400, "invalid_grant")
    assert await is_live(here, answer.json["access_token"])
    assert not here.heard(TokensRevoked)


@pytest.mark.row("SEC-T10")
@pytest.mark.row("SEC-T36")
@pytest.mark.parametrize(
    "made_up",
    ["{code}x", "tlm_ac_" + "A" * 49, "tlm_ac_", "x", " ", "\0", "é😀", "Bearer a b", "x" * 50_000],
)
async def test_a_made_up_code_revokes_nothing(here: Setup, client_id: str, made_up: str) -> None:
    code = await here.code(client_id)
    pair = (await here.redeem(client_id, code)).json
    answer = await here.redeem(client_id, made_up.replace("{code}", code))
    assert (answer.status, answer.error) == (400, "invalid_grant")
    assert await is_live(here, pair["access_token"])
    assert not here.heard(TokensRevoked)


@pytest.mark.row("SEC-T36")
async def test_a_request_of_a_megabyte_is_refused_unread(here: Setup, client_id: str) -> None:
    answer = await here.redeem(client_id, "x" * 1_000_000)
    assert answer.status == 413
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_code_has_to_be_there(here: Setup, client_id: str) -> None:
    answer = await here.token(grant_type="authorization_code", client_id=client_id)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.row("SEC-T11")
async def test_a_code_lasts_a_minute(here: Setup, client_id: str) -> None:
    code = await here.code(client_id)
    late = await here.code(client_id)
    here.clock.advance(59)
    assert (await here.redeem(client_id, code)).status == 200
    here.clock.advance(2)
    answer = await here.redeem(client_id, late)
    assert (answer.status, answer.error) == (400, "invalid_grant")


@pytest.mark.row("SEC-T12")
@pytest.mark.row("MCP-H1")
@pytest.mark.row("SEC-L06")
async def test_a_code_is_refused_the_second_time_and_its_tokens_die(
    here: Setup, client_id: str
) -> None:
    code = await here.code(client_id)
    pair = (await here.redeem(client_id, code)).json
    rotated = (await here.refresh(client_id, pair["refresh_token"])).json
    for _ in range(2):
        answer = await here.redeem(client_id, code)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    for each in (pair, rotated):
        assert not await is_live(here, each["access_token"])
    answer = await here.refresh(client_id, rotated["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")
    (replayed,) = here.heard(CodeReplayed)
    (revoked,) = here.heard(TokensRevoked)
    assert replayed.family_id == revoked.family_id
    assert revoked.reason == "code_replayed"


@pytest.mark.row("SEC-T13")
@pytest.mark.row("SEC-P15")
async def test_of_twenty_redemptions_at_two_replicas_one_wins(
    here: Setup, serve: Serve, client_id: str
) -> None:
    other = await serve(storage=here.storage, sandbox=(here.sandbox, here.upstream))
    code = await here.code(client_id)
    answers = await asyncio.gather(
        *(replica.redeem(client_id, code) for replica in (here, other) for _ in range(10))
    )
    statuses = sorted(answer.status for answer in answers)
    assert statuses.count(200) == 1
    assert set(statuses[1:]) <= {400, 429}
    assert len(here.heard(TokenIssued)) + len(other.heard(TokenIssued)) == 1


@pytest.mark.row("SEC-T14")
async def test_a_code_dies_of_five_wrong_verifiers(here: Setup, client_id: str) -> None:
    kept, lost = await here.code(client_id), await here.code(client_id)
    for _ in range(4):
        for code in (kept, lost):
            answer = await here.redeem(client_id, code, code_verifier="b" * 50)
            assert (answer.status, answer.error) == (400, "invalid_grant")
    assert (await here.redeem(client_id, lost, code_verifier="b" * 50)).status == 400
    assert (await here.redeem(client_id, kept)).status == 200
    answer = await here.redeem(client_id, lost)
    assert (answer.status, answer.error) == (400, "invalid_grant")


@pytest.mark.row("SEC-T15")
@pytest.mark.row("SEC-T17")
@pytest.mark.parametrize(
    "verifier",
    [None, "", "a" * 42, "a" * 129, "a" * 43 + "\n", "a" * 43 + "\0", "é" * 43, "a" * 42 + "/"],
)
async def test_a_verifier_is_well_formed_or_refused(
    here: Setup, client_id: str, verifier: str | None
) -> None:
    code = await here.code(client_id)
    for _ in range(6):
        answer = await here.redeem(client_id, code, code_verifier=verifier)
        assert (answer.status, answer.error) == (400, "invalid_request")
    assert (await here.redeem(client_id, code)).status == 200


@pytest.mark.row("SEC-T16")
async def test_the_redirect_uri_is_the_one_of_the_request(here: Setup) -> None:
    client_id = await here.client_id(redirect_uris=["http://localhost/cb"])
    used = "http://localhost:5000/cb"
    code = await here.code(client_id, redirect_uri=used)
    for other in ("http://localhost:5001/cb", "http://localhost/cb", None, ""):
        answer = await here.redeem(client_id, code, redirect_uri=other)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    assert (await here.redeem(client_id, code, redirect_uri=used)).status == 200


@pytest.mark.row("SEC-T16")
async def test_a_redirect_uri_that_was_left_out_may_be_left_out_again(
    here: Setup, client_id: str
) -> None:
    code = await here.code(client_id, redirect_uri=None)
    answer = await here.redeem(client_id, code, redirect_uri="http://localhost:1/cb")
    assert (answer.status, answer.error) == (400, "invalid_grant")
    assert (await here.redeem(client_id, code, redirect_uri=None)).status == 200
    code = await here.code(client_id, redirect_uri=None)
    assert (await here.redeem(client_id, code, redirect_uri=REDIRECT)).status == 200


@pytest.mark.row("SEC-T18")
async def test_a_code_for_another_resource_is_refused_and_kept(here: Setup, client_id: str) -> None:
    code = await here.code(client_id)
    for resource in ("https://other.example.com/v1/mcp", " ", f"{ISSUER}/v1/mcp#x"):
        answer = await here.redeem(client_id, code, resource=resource)
        assert (answer.status, answer.error) == (400, "invalid_target")
    assert (await here.redeem(client_id, code, resource=f"{ISSUER}/v1/sse")).status == 200
    without = await here.redeem(client_id, await here.code(client_id), resource=None)
    assert without.status == 200


@pytest.mark.row("SEC-T03")
async def test_a_parameter_without_a_value_counts_as_none(here: Setup, client_id: str) -> None:
    """RFC 6749, section 3.2."""
    empty = {"scope": "", "resource": "", "client_secret": "", "client_assertion": ""}
    first = await here.redeem(client_id, await here.code(client_id), **empty)
    assert (first.status, first.json["scope"].split()) == (200, list(ALL))
    answer = await here.redeem(client_id, "", scope="")
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.row("SEC-T19")
async def test_a_code_is_good_for_what_was_asked_and_no_more(here: Setup, client_id: str) -> None:
    code = await here.code(client_id, scope="read:toys write:toys")
    for wider in ("read:toys read:papers", "unknown", " "):
        answer = await here.redeem(client_id, code, scope=wider)
        assert (answer.status, answer.error) == (400, "invalid_scope")
    answer = await here.redeem(client_id, code, scope="read:toys openid")
    assert answer.json["scope"] == "read:toys"
    refreshed = await here.refresh(client_id, answer.json["refresh_token"])
    assert refreshed.json["scope"] == "read:toys write:toys"


@pytest.mark.row("MCP-J3")
async def test_a_client_may_name_what_it_asked_for_though_the_user_left_less(
    here: Setup, client_id: str
) -> None:
    """Some clients name in every request what they once asked for."""
    browser = here.browser()
    page = await here.consent_page(browser, client_id)
    page = await browser.submit(page, decision="approve", product=["toys"], scope=[])
    page = await here.from_atlassian(browser, await browser.follow(page))
    code = (await browser.follow(page)).answer["code"]
    answer = await here.redeem(client_id, code, scope=" ".join(ALL))
    assert answer.json["scope"] == "read:toys"
    refreshed = await here.refresh(client_id, answer.json["refresh_token"], scope=" ".join(ALL))
    assert refreshed.json["scope"] == "read:toys"
    nothing = await here.refresh(client_id, refreshed.json["refresh_token"], scope="write:papers")
    assert (nothing.status, nothing.error) == (400, "invalid_scope")
    unknown = await here.refresh(client_id, refreshed.json["refresh_token"], scope="unknown")
    assert (unknown.status, unknown.error) == (400, "invalid_scope")


@pytest.mark.row("SEC-T20")
@pytest.mark.row("SEC-T32")
async def test_who_fails_again_and_again_has_to_wait(here: Setup, client_id: str) -> None:
    pair = await here.pair(client_id)
    statuses = [(await here.refresh(client_id, "tlm_rt_dead")).status for _ in range(11)]
    assert statuses == [400] * 10 + [429]
    answer = await here.refresh(client_id, "tlm_rt_dead")
    assert (answer.status, answer.error) == (429, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) == 6
    assert here.heard(LimitHit) == [LimitHit(limit="token_failures", key=client_id)]
    # Somebody else with the same app behind the same address is not kept out.
    assert (await here.refresh(client_id, pair["refresh_token"])).status == 200
    here.clock.advance(6)
    assert (await here.refresh(client_id, "tlm_rt_dead")).status == 400


@pytest.mark.row("SEC-T32")
async def test_who_fails_with_ever_other_tokens_has_to_wait_later(serve: Serve) -> None:
    setup = await serve(limits={"token_failures_per_minute": 1})
    client_id = await setup.client_id()
    pair = await setup.pair(client_id)
    statuses = [(await setup.refresh(client_id, f"tlm_rt_{n}")).status for n in range(11)]
    assert statuses == [400] * 10 + [429]
    assert (await setup.refresh(client_id, pair["refresh_token"])).status == 429
    assert setup.heard(LimitHit)[-1] == LimitHit(limit="token_failures_of_client", key=client_id)
    setup.clock.advance(6)
    assert (await setup.refresh(client_id, pair["refresh_token"])).status == 200


@pytest.mark.row("SEC-T32")
async def test_wrong_secrets_keep_nobody_out_who_has_the_right_one(here: Setup) -> None:
    made = await here.register(token_endpoint_auth_method="client_secret_post")
    client_id, secret = made["client_id"], made["client_secret"]
    wrong = [await here.refresh(client_id, "x", client_secret="wrong") for _ in range(11)]
    assert [answer.status for answer in wrong] == [401] * 10 + [429]
    assert (await here.refresh(client_id, "x", client_secret=secret)).status == 400


@pytest.mark.row("SEC-C13")
@pytest.mark.parametrize("path", ["/token", "/revoke"])
async def test_a_network_has_one_limit_however_many_clients_it_names(
    serve: Serve, path: str
) -> None:
    setup = await serve(
        limits={"tokens_per_minute": 1}, listen={"trusted_proxies": ["127.0.0.1/32", "::1/128"]}
    )

    async def status(n: int, address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return (await setup.ask("POST", path, data={"client_id": f"c{n}"}, headers=headers)).status

    assert [await status(n, "192.0.2.1") for n in range(12)] == [401] * 10 + [429] * 2
    assert await status(99, "192.0.2.2") == 401
    (hit,) = setup.heard(LimitHit)
    assert (hit.limit[-11:], hit.key) == ("_of_network", "192.0.2.1")


@pytest.mark.row("SEC-T32")
async def test_a_hammering_client_costs_nothing(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(11):
        await here.refresh(client_id, "tlm_rt_dead")
    asked: list[str] = []

    async def read(name: str) -> None:
        asked.append(name)

    monkeypatch.setattr(here.storage.clients, "get", read)
    monkeypatch.setattr(here.storage.tokens, "refresh", read)
    for _ in range(50):
        assert (await here.refresh(client_id, "tlm_rt_dead")).status == 429
    assert asked == []


async def test_a_client_has_sixty_requests_a_minute(serve: Serve) -> None:
    setup = await serve(limits={"tokens_per_minute": 3})
    client_id = await setup.client_id()
    statuses = [(await setup.token(client_id=client_id)).status for _ in range(4)]
    assert statuses == [400, 400, 400, 429]
    assert setup.heard(LimitHit) == [LimitHit(limit="tokens", key=client_id)]


@pytest.mark.row("SEC-T33")
async def test_a_store_that_fails_leaves_the_code_good(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await here.code(client_id)

    async def down(*_: object, **__: object) -> bool:
        raise StorageUnavailable

    monkeypatch.setattr(here.storage.tokens, "redeem", down)
    answer = await here.redeem(client_id, code)
    assert (answer.status, answer.error) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    monkeypatch.undo()
    assert (await here.redeem(client_id, code)).status == 200


async def test_a_use_that_cannot_be_noted_takes_no_answer_away(
    here: Setup, client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await here.code(client_id)

    async def down(*_: object, **__: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(here.storage.clients, "mark_used", down)
    assert (await here.redeem(client_id, code)).status == 200


@pytest.mark.row("SEC-T38")
async def test_each_kind_of_token_is_good_for_its_own_use(here: Setup, client_id: str) -> None:
    pair = await here.pair(client_id)
    for wrong in (pair["access_token"], "tlm_ac_" + "A" * 49):
        answer = await here.refresh(client_id, wrong)
        assert (answer.status, answer.error) == (400, "invalid_grant")
        answer = await here.redeem(client_id, wrong)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    assert await here.storage.tokens.access(pair["refresh_token"]) is None


async def test_a_revoked_familys_code_is_refused(here: Setup, client_id: str) -> None:
    code = await here.code(client_id)
    (family,) = await here.storage.tokens.families(client_id=client_id, now=here.clock.now)
    await here.storage.tokens.revoke_family(family.id, "test", here.clock.now)
    answer = await here.redeem(client_id, code)
    assert (answer.status, answer.error) == (400, "invalid_grant")


@pytest.mark.row("SEC-L01")
async def test_authlib_logs_no_token(
    here: Setup, client_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    pair = await here.pair(client_id)
    rotated = (await here.refresh(client_id, pair["refresh_token"])).json
    told = caplog.text + json.dumps([repr(event) for event in here.events])
    assert "Issue token" in told
    secrets: list[Any] = [pair["access_token"], pair["refresh_token"], rotated["refresh_token"]]
    assert not [secret for secret in [*secrets, VERIFIER] if secret in told]
