import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fakes.cloud import ADA, CALLBACK, DEMO, SCOPES, SECOND, Cloud, cloud
from pydantic import SecretStr

from telamon.atlassian.oauth import (
    Account,
    AppRefused,
    AtlassianOAuth,
    AtlassianUnavailable,
    GrantRefused,
    TokenAnswer,
)
from telamon.atlassian.transport import open_session
from telamon.settings import AtlassianSettings

Say = Callable[..., Any]


@pytest.fixture
async def scripted() -> AsyncIterator[tuple[AtlassianOAuth, list[dict[str, Any]], list[Any]]]:
    """An OAuth client, what it sent, and the answers it is given in turn (the last one stays)."""
    sent: list[dict[str, Any]] = []
    answers: list[Any] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.text()
        sent.append(json.loads(body) if body else dict(request.headers))
        given = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(given, web.Response):
            return web.Response(
                body=given.body, status=given.status, content_type=given.content_type
            )
        status, content = given
        return web.json_response(content, status=status)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    async with TestServer(app) as server:
        base = str(server.make_url("")).rstrip("/")
        settings = AtlassianSettings.model_validate(
            {
                "client_id": "app",
                "client_secret": "new",
                "previous_client_secret": "old",
                "authorization_url": base,
                "api_url": base,
            }
        )
        async with open_session(settings) as http:
            yield AtlassianOAuth(http, settings, CALLBACK), sent, answers


async def test_the_browser_is_sent_with_what_atlassian_documents(atlassian: Cloud) -> None:
    url = atlassian.oauth.authorization_url(state="s t", scopes=SCOPES, code_verifier="v" * 43)
    asked = parse_qs(urlsplit(url).query, strict_parsing=True)
    assert asked == {
        "audience": ["api.atlassian.com"],
        "client_id": ["the-app"],
        "scope": [" ".join(SCOPES)],
        "redirect_uri": [CALLBACK],
        "state": ["s t"],
        "response_type": ["code"],
        "prompt": ["consent"],
    }
    async with atlassian.http.get(url) as page:
        assert page.status == 200


async def test_pkce_goes_along_where_it_is_switched_on_and_is_kept_to(
    clock: Any, unused_tcp_port: int
) -> None:
    async with cloud(clock, unused_tcp_port, send_pkce=True) as atlassian:
        url = atlassian.oauth.authorization_url(state="s", scopes=SCOPES, code_verifier="v" * 43)
        asked = parse_qs(urlsplit(url).query)
        assert asked["code_challenge_method"] == ["S256"]
        challenge = asked["code_challenge"][0]
        answer = await atlassian.oauth.exchange(atlassian.code(challenge=challenge), "v" * 43)
        assert answer.refresh_token
        with pytest.raises(GrantRefused):
            await atlassian.oauth.exchange(atlassian.code(challenge=challenge), "w" * 43)


async def test_a_code_brings_tokens_who_the_user_is_and_the_sites_once_each(
    atlassian: Cloud,
) -> None:
    answer = await atlassian.oauth.exchange(atlassian.code())
    assert answer.refresh_token
    assert answer.expires_in == 3600
    assert set(answer.scopes) == set(SCOPES)
    assert await atlassian.oauth.me(answer.access_token) == Account(
        account_id=ADA.account_id, name="Ada Example", email="ada@example.com"
    )
    sites = await atlassian.oauth.sites(answer.access_token)
    assert [reachable.site for reachable in sites] == [DEMO, SECOND]


async def test_a_site_that_stands_once_per_product_is_merged(
    scripted: tuple[AtlassianOAuth, list[Any], list[Any]],
) -> None:
    oauth, _, answers = scripted
    entry = {"id": "c-1", "name": "acme", "url": "https://acme.example.com/", "avatarUrl": ""}
    answers.append(
        (
            200,
            [
                {**entry, "scopes": ["read:a", "write:a"]},
                {**entry, "scopes": ["read:b", 7]},
                {**entry, "id": "../../me", "scopes": []},
                {**entry, "id": "c-2", "url": "javascript:alert(1)"},
                {**entry, "id": "c-3", "url": "https://[bad"},
                {**entry, "id": "c-4", "url": "https://user@acme.example.com"},
                {**entry, "id": "c-5", "name": None, "scopes": None},
                "nonsense",
            ],
        )
    )
    found = await oauth.sites("token")
    assert [(s.site.cloud_id, s.site.name, s.scopes) for s in found] == [
        ("c-1", "acme", ("read:a", "read:b", "write:a")),
        ("c-5", "acme.example.com", ()),
    ]
    assert found[0].site.url == "https://acme.example.com"


@pytest.mark.row("SEC-U12", "SEC-U13", "SEC-U14")
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, {"error": "invalid_grant"}, GrantRefused),
        (400, {"error": "invalid_grant"}, GrantRefused),
        (403, {"error": "unauthorized_client"}, GrantRefused),
        (401, {"error": "access_denied"}, AppRefused),
        (401, {"error": "invalid_client"}, AppRefused),
        (400, {"error": "invalid_client"}, AppRefused),
        (401, {"error": "unauthorized_client"}, AppRefused),
        (400, {"error": "invalid_request"}, AtlassianUnavailable),
        (401, {"message": "a proxy says no"}, AtlassianUnavailable),
        (403, {"message": "blocked"}, AtlassianUnavailable),
        (403, ["what"], AtlassianUnavailable),
        (429, {"error": "access_denied"}, AtlassianUnavailable),
        (500, {"error": "invalid_grant"}, AtlassianUnavailable),
        (503, None, AtlassianUnavailable),
        (302, {}, AtlassianUnavailable),
        (200, {"token_type": "Bearer"}, AtlassianUnavailable),
        (200, ["access_token"], AtlassianUnavailable),
        (200, {"access_token": 5}, AtlassianUnavailable),
        (200, {"access_token": "é"}, AtlassianUnavailable),
    ],
)
async def test_a_dead_grant_a_wrong_secret_and_an_outage_are_told_apart(
    scripted: tuple[AtlassianOAuth, list[Any], list[Any]],
    status: int,
    body: Any,
    error: type[Exception],
) -> None:
    oauth, _, answers = scripted
    answers.append((status, body))
    with pytest.raises(error):
        await oauth.refresh("rt")


@pytest.mark.row("SEC-U06", "SEC-U09")
@pytest.mark.parametrize("status", [200, 403, 429, 502])
async def test_html_and_endless_bodies_are_an_outage(
    scripted: tuple[AtlassianOAuth, list[Any], list[Any]], status: int
) -> None:
    oauth, _, answers = scripted
    answers.append(web.Response(text="<h1>log in</h1>", content_type="text/html", status=status))
    with pytest.raises(AtlassianUnavailable):
        await oauth.refresh("rt")
    answers[:] = [web.Response(body=b" " * 1_100_000, status=status)]
    with pytest.raises(AtlassianUnavailable):
        await oauth.refresh("rt")


@pytest.mark.row("SEC-U13")
async def test_the_previous_secret_is_tried_once_when_the_new_one_is_refused(
    scripted: tuple[AtlassianOAuth, list[Any], list[Any]],
) -> None:
    oauth, sent, answers = scripted
    answers += [(401, {"error": "access_denied"}), (200, {"access_token": "at"})]
    assert (await oauth.refresh("rt")).access_token == "at"
    assert [request["client_secret"] for request in sent] == ["new", "old"]
    assert sent[0] | {"client_secret": ""} == sent[1] | {"client_secret": ""}


@pytest.mark.row("SEC-U13")
async def test_a_wrong_secret_alone_is_the_operators_fault(atlassian: Cloud) -> None:
    settings = atlassian.settings.model_copy(update={"client_secret": SecretStr("wrong")})
    oauth = AtlassianOAuth(atlassian.http, settings, CALLBACK)
    with pytest.raises(AppRefused):
        await oauth.exchange(atlassian.code())
    assert len(atlassian.sandbox.journal.entries) == 1


@pytest.mark.row("SEC-U15")
@pytest.mark.parametrize(
    ("claimed", "taken"),
    [
        (3600, 3600),
        ("3600", 3600),
        (0, 60),
        (-1, 60),
        (1e12, 86_400),
        ("9" * 400, 86_400),
        (None, 3600),
        ("soon", 3600),
        ([], 3600),
        ("nan", 3600),
    ],
)
async def test_an_odd_lifetime_is_bounded_and_a_missing_refresh_token_is_none(
    scripted: tuple[AtlassianOAuth, list[Any], list[Any]], claimed: Any, taken: float
) -> None:
    oauth, _, answers = scripted
    answers.append((200, {"access_token": "at", "expires_in": claimed, "scope": "a  b"}))
    assert await oauth.refresh("rt") == TokenAnswer(
        access_token="at", refresh_token=None, expires_in=taken, scopes=("a", "b")
    )


@pytest.mark.row("SEC-L03")
def test_a_token_answer_does_not_show_its_tokens() -> None:
    answer = TokenAnswer(access_token="at-1", refresh_token="rt-1", expires_in=1, scopes=())
    assert "at-1" not in repr(answer)
    assert "rt-1" not in repr(answer)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"code": 401, "message": "Unauthorized; scope does not match"}, AppRefused),
        (401, {"code": 401, "message": "Unauthorized"}, GrantRefused),
        (403, {"code": 403, "message": "Forbidden"}, GrantRefused),
        (500, {}, AtlassianUnavailable),
        (200, {"name": "nobody"}, AtlassianUnavailable),
        (200, {"account_id": "a/b"}, AtlassianUnavailable),
        (200, [], AtlassianUnavailable),
    ],
)
async def test_me_without_a_usable_account_says_whose_fault_it_is(
    scripted: tuple[AtlassianOAuth, list[Any], list[Any]],
    status: int,
    body: Any,
    error: type[Exception],
) -> None:
    oauth, _, answers = scripted
    answers.append((status, body))
    with pytest.raises(error):
        await oauth.me("token")


async def test_an_account_without_name_or_address_is_known_by_its_id(
    scripted: tuple[AtlassianOAuth, list[Any], list[Any]],
) -> None:
    oauth, _, answers = scripted
    answers.append((200, {"account_id": "5b1:x", "name": " ", "email": None}))
    assert await oauth.me("token") == Account(account_id="5b1:x", name="5b1:x", email=None)


async def test_sites_that_are_no_list_are_an_outage(
    scripted: tuple[AtlassianOAuth, list[Any], list[Any]],
) -> None:
    oauth, _, answers = scripted
    answers.append((200, {"id": "c"}))
    with pytest.raises(AtlassianUnavailable):
        await oauth.sites("token")


@pytest.mark.row("SEC-U08", "SEC-U10")
async def test_no_connection_is_no_attempt_but_a_broken_one_may_be(
    atlassian: Cloud, unused_tcp_port_factory: Callable[[], int]
) -> None:
    atlassian.fail("reset", on="token")
    with pytest.raises(AtlassianUnavailable) as broken:
        await atlassian.oauth.refresh("rt")
    assert broken.value.ambiguous
    nowhere = f"http://127.0.0.1:{unused_tcp_port_factory()}"
    settings = atlassian.settings.model_copy(update={"authorization_url": nowhere})
    with pytest.raises(AtlassianUnavailable) as refused:
        await AtlassianOAuth(atlassian.http, settings, CALLBACK).refresh("rt")
    assert not refused.value.ambiguous


async def test_a_redirect_is_not_followed(atlassian: Cloud) -> None:
    atlassian.fail("redirect", on="identity", location=f"{atlassian.base}/me")
    with pytest.raises(AtlassianUnavailable):
        await atlassian.oauth.me("token")
    assert len(atlassian.sandbox.journal.entries) == 1
