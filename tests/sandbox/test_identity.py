import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes.cloud import (
    ADA,
    BEN,
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    DEMO,
    SCOPES,
    SECOND,
    Cloud,
    Ticking,
)

from telamon.sandbox.media import other_host

AUTHORIZE = {
    "audience": "api.atlassian.com",
    "client_id": CLIENT_ID,
    "scope": " ".join(SCOPES),
    "redirect_uri": CALLBACK,
    "state": 'a"<b>&',
    "response_type": "code",
    "prompt": "consent",
}


async def page(atlassian: Cloud, **changes: str | None) -> tuple[int, str]:
    asked = {name: v for name, v in {**AUTHORIZE, **changes}.items() if v is not None}
    async with atlassian.http.get(f"{atlassian.base}/authorize", params=asked) as response:
        return response.status, await response.text()


async def answer(atlassian: Cloud, form: list[tuple[str, str]]) -> tuple[int, dict[str, list[str]]]:
    async with atlassian.http.post(
        f"{atlassian.base}/authorize", data=form, allow_redirects=False
    ) as response:
        location = response.headers.get("Location", "")
        assert location.startswith(CALLBACK) or response.status == 400
        return response.status, parse_qs(urlsplit(location).query)


async def tokens(atlassian: Cloud, *, form: bool = False, **parameters: Any) -> tuple[int, Any]:
    sent = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **parameters}
    how: dict[str, Any] = {"data": sent} if form else {"json": sent}
    async with atlassian.http.post(f"{atlassian.base}/oauth/token", **how) as response:
        return response.status, await response.json()


async def exchanged(atlassian: Cloud, **given: Any) -> Any:
    code = atlassian.code(**given)
    status, body = await tokens(
        atlassian, grant_type="authorization_code", code=code, redirect_uri=CALLBACK
    )
    assert status == 200
    return body


async def refreshed(atlassian: Cloud, refresh_token: str) -> tuple[int, Any]:
    return await tokens(atlassian, grant_type="refresh_token", refresh_token=refresh_token)


async def ask(atlassian: Cloud, path: str, token: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    async with atlassian.http.get(f"{atlassian.base}{path}", headers=headers) as response:
        return response.status, await response.json()


async def test_the_page_shows_who_which_sites_and_what_is_asked(atlassian: Cloud) -> None:
    status, html = await page(atlassian)
    assert status == 200
    for text in ("Ada Example", "Ben Example", "Demo Site", "Second Site", *SCOPES):
        assert text in html
    assert "<script" not in html
    assert 'value="a&#34;&lt;b&gt;&amp;"' in html


async def test_the_forms_fields_bring_a_code_for_the_person_and_sites_chosen(
    atlassian: Cloud,
) -> None:
    _, html = await page(atlassian)
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html)
    asked = {**AUTHORIZE, **{name: AUTHORIZE[name] for name, _ in hidden}}
    form = [
        *asked.items(),
        ("account_id", BEN.account_id),
        ("site", SECOND.cloud_id),
        ("site", "somewhere-else"),
        ("decision", "accept"),
    ]
    status, back = await answer(atlassian, form)
    assert (status, back["state"]) == (302, [AUTHORIZE["state"]])
    _, granted = await tokens(
        atlassian, grant_type="authorization_code", code=back["code"][0], redirect_uri=CALLBACK
    )
    assert (await ask(atlassian, "/me", granted["access_token"]))[1]["email"] == BEN.email
    _, sites = await ask(atlassian, "/oauth/token/accessible-resources", granted["access_token"])
    assert {site["id"] for site in sites} == {SECOND.cloud_id}


@pytest.mark.parametrize("decision", ["decline", ""])
async def test_anything_but_accepting_declines(atlassian: Cloud, decision: str) -> None:
    form = [*AUTHORIZE.items(), ("account_id", ADA.account_id), ("decision", decision)]
    status, back = await answer(atlassian, form)
    assert status == 302
    assert (back["error"], back["state"]) == (["access_denied"], [AUTHORIZE["state"]])


async def test_nobody_is_nobody(atlassian: Cloud) -> None:
    form = [*AUTHORIZE.items(), ("account_id", "x"), ("decision", "accept")]
    assert (await answer(atlassian, form))[0] == 400


async def test_a_switch_denies_the_sign_in_without_a_page(atlassian: Cloud) -> None:
    atlassian.set(deny_sign_in=True)
    async with atlassian.http.get(
        f"{atlassian.base}/authorize", params=AUTHORIZE, allow_redirects=False
    ) as response:
        assert response.status == 302
        assert "error=access_denied" in response.headers["Location"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"client_id": "other"}, "client_id must be"),
        ({"response_type": "token"}, "response_type must be"),
        ({"audience": None}, "audience must be"),
        ({"prompt": "login"}, "prompt must be"),
        ({"state": None}, "state is missing"),
        ({"redirect_uri": None}, "redirect_uri is missing"),
        ({"redirect_uri": "https://evil.example.com/"}, "Callback URL mismatch"),
        ({"scope": "admin:everything read:me"}, "not given the scope admin:everything"),
        ({"scope": ""}, "scope is missing"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "must be S256"),
        ({"client_id": "<img src=x>"}, "client_id must be"),
    ],
)
async def test_a_wrong_request_ends_on_an_error_page_and_not_at_the_callback(
    atlassian: Cloud, changes: dict[str, str | None], problem: str
) -> None:
    status, html = await page(atlassian, **changes)
    assert status == 400
    assert problem in html
    assert "<img" not in html
    asked = {name: v for name, v in {**AUTHORIZE, **changes}.items() if v is not None}
    assert (await answer(atlassian, [*asked.items(), ("decision", "accept")]))[0] == 400


@pytest.mark.parametrize("form", [False, True])
async def test_a_code_is_good_once_as_json_or_as_a_form(atlassian: Cloud, form: bool) -> None:
    asked = {
        "grant_type": "authorization_code",
        "code": atlassian.code(),
        "redirect_uri": CALLBACK,
    }
    status, body = await tokens(atlassian, form=form, **asked)
    assert status == 200
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert set(body["scope"].split()) == set(SCOPES)
    assert body["refresh_token"]
    status, body = await tokens(atlassian, form=form, **asked)
    assert (status, body["error"]) == (403, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "access_denied"),
        ({"client_id": "wrong"}, 401, "access_denied"),
        ({"client_secret": 5}, 401, "access_denied"),
        ({"redirect_uri": "https://other.example.com"}, 403, "invalid_grant"),
        ({"code": "unknown"}, 403, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 403, "unauthorized_client"),
    ],
)
async def test_the_token_endpoint_refuses_as_measured(
    atlassian: Cloud, changes: dict[str, Any], status: int, error: str
) -> None:
    asked = {
        "grant_type": "authorization_code",
        "code": atlassian.code(),
        "redirect_uri": CALLBACK,
        **changes,
    }
    got, body = await tokens(atlassian, **asked)
    assert (got, body["error"]) == (status, error)


@pytest.mark.parametrize("body", [b"{", b"[]", b""])
async def test_a_body_that_is_no_object_is_refused(atlassian: Cloud, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    async with atlassian.http.post(
        f"{atlassian.base}/oauth/token", data=body, headers=headers
    ) as response:
        assert response.status == 400


async def test_an_old_code_is_refused(atlassian: Cloud, clock: Ticking) -> None:
    code = atlassian.code()
    clock.advance(301)
    status, _ = await tokens(
        atlassian, grant_type="authorization_code", code=code, redirect_uri=CALLBACK
    )
    assert status == 403


async def test_a_refresh_token_is_forgiven_within_the_leeway_and_fatal_after_it(
    atlassian: Cloud, clock: Ticking
) -> None:
    first = (await exchanged(atlassian))["refresh_token"]
    status, body = await refreshed(atlassian, first)
    second = body["refresh_token"]
    assert (status, second != first) == (200, True)
    clock.advance(599)
    status, body = await refreshed(atlassian, first)
    assert status == 200
    clock.advance(2)
    status, body = await refreshed(atlassian, first)
    assert (status, body["error"]) == (403, "invalid_grant")
    assert (await refreshed(atlassian, second))[0] == 403
    counts = atlassian.sandbox.grants.counts
    assert (counts.refreshes, counts.reuses, counts.breaches) == (3, 1, 1)


async def test_a_scaled_clock_makes_ten_minutes_pass_in_a_second(
    atlassian: Cloud, clock: Ticking
) -> None:
    atlassian.set(clock_scale=600)
    first = (await exchanged(atlassian))["refresh_token"]
    assert (await refreshed(atlassian, first))[0] == 200
    clock.advance(0.9)
    assert (await refreshed(atlassian, first))[0] == 200
    clock.advance(0.2)
    assert (await refreshed(atlassian, first))[0] == 403


async def test_without_rotation_the_refresh_token_stays(atlassian: Cloud) -> None:
    atlassian.set(rotation=False)
    first = (await exchanged(atlassian))["refresh_token"]
    for _ in range(2):
        status, body = await refreshed(atlassian, first)
        assert (status, "refresh_token" in body) == (200, False)


async def test_without_offline_access_there_is_no_refresh_token(atlassian: Cloud) -> None:
    assert "refresh_token" not in await exchanged(atlassian, scopes=["read:gadgets"])


async def test_a_later_consent_replaces_the_scopes_of_the_one_grant(atlassian: Cloud) -> None:
    first = await exchanged(atlassian)
    await exchanged(atlassian, scopes=["read:gadgets", "offline_access"])
    assert (await ask(atlassian, "/me", first["access_token"]))[0] == 401
    _, body = await refreshed(atlassian, first["refresh_token"])
    assert body["scope"] == "offline_access read:gadgets"
    other = await exchanged(atlassian, account_id=BEN.account_id)
    assert (await ask(atlassian, "/me", other["access_token"]))[0] == 200


async def test_a_switch_lets_a_later_consent_end_the_earlier_tokens(atlassian: Cloud) -> None:
    atlassian.set(later_consent_ends_earlier=True)
    first = await exchanged(atlassian)
    other = await exchanged(atlassian, account_id=BEN.account_id)
    second = await exchanged(atlassian)
    assert (await refreshed(atlassian, first["refresh_token"]))[0] == 403
    assert (await ask(atlassian, "/me", first["access_token"]))[0] == 401
    for alive in (other, second):
        assert (await refreshed(atlassian, alive["refresh_token"]))[0] == 200


async def test_sites_stand_once_for_each_product_whose_scopes_are_there(
    atlassian: Cloud,
) -> None:
    body = await exchanged(atlassian)
    _, sites = await ask(atlassian, "/oauth/token/accessible-resources", body["access_token"])
    assert [site["id"] for site in sites] == [DEMO.cloud_id] * 2 + [SECOND.cloud_id] * 2
    assert sites[0] == {
        "id": DEMO.cloud_id,
        "name": "Demo Site",
        "url": DEMO.url,
        "scopes": ["read:gadgets", "write:gadgets"],
        "avatarUrl": "",
    }
    body = await exchanged(atlassian, account_id=BEN.account_id, scopes=["read:me"])
    assert await ask(atlassian, "/oauth/token/accessible-resources", body["access_token"]) == (
        200,
        [],
    )


async def test_me_needs_its_scope_and_everything_needs_a_token(atlassian: Cloud) -> None:
    body = await exchanged(atlassian, scopes=["read:gadgets"])
    status, answer = await ask(atlassian, "/me", body["access_token"])
    assert (status, answer["message"]) == (401, "Unauthorized; scope does not match")
    for path in ("/me", "/oauth/token/accessible-resources"):
        assert (await ask(atlassian, path, "wrong"))[0] == 401
        async with atlassian.http.get(f"{atlassian.base}{path}") as response:
            assert response.status == 401


async def test_an_access_token_ends_after_its_life(atlassian: Cloud, clock: Ticking) -> None:
    atlassian.set(access_token_seconds=60)
    body = await exchanged(atlassian)
    assert body["expires_in"] == 60
    clock.advance(59)
    assert (await ask(atlassian, "/me", body["access_token"]))[0] == 200
    clock.advance(1)
    assert (await ask(atlassian, "/me", body["access_token"]))[0] == 401


async def test_the_token_answer_can_be_made_odd(atlassian: Cloud) -> None:
    atlassian.set(token_answer={"expires_in": "3600", "refresh_token": None})
    body = await exchanged(atlassian)
    assert body["expires_in"] == "3600"
    assert "refresh_token" not in body


def test_the_media_host_has_another_name() -> None:
    assert other_host("http://127.0.0.1:8080/_atlassian") == "http://localhost:8080/_atlassian"
    assert other_host("http://localhost") == "http://127.0.0.1"
