"""Dynamic client registration."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakes.authorization_world import REDIRECT, Setup

from telamon.authorization import register
from telamon.authorization.client_metadata import clean_name
from telamon.plugin import ClientRegistered, LimitHit
from telamon.storage import StorageUnavailable

Serve = Callable[..., Awaitable[Setup]]


@pytest.mark.row("MCP-F1")
async def test_a_registration_is_echoed_with_an_id(here: Setup) -> None:
    said = {
        "client_name": "MCP CLI Proxy",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "client_uri": "https://client.example.com/about",
        "scope": "read:toys write:toys",
        "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
        "software_version": "0.15.1",
        "application_type": "native",
    }
    answer = await here.ask("POST", "/register", json={**said, "made_up": {"x": 1}})
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json.pop("client_id_issued_at") == here.clock.now
    client_id = answer.json.pop("client_id")
    assert answer.json == said
    (event,) = here.heard(ClientRegistered)
    assert event == ClientRegistered(
        client_id=client_id, client_name="MCP CLI Proxy", redirect_hosts=("localhost:3334",)
    )


@pytest.mark.row("MCP-F1")
async def test_without_an_auth_method_a_client_is_public(here: Setup) -> None:
    answer = await here.ask("POST", "/register", json={"redirect_uris": [REDIRECT]})
    assert answer.status == 201
    assert answer.json["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in answer.json
    assert answer.json["grant_types"] == ["authorization_code", "refresh_token"]


async def test_null_and_an_empty_page_mean_nothing(here: Setup) -> None:
    made = await here.register(client_name=None, logo_uri="", jwks=None, client_uri=None)
    assert made["client_name"] == ""
    assert not {"logo_uri", "jwks", "client_uri"} & made.keys()


@pytest.mark.row("MCP-G3")
async def test_cursors_three_redirect_uris_are_registered(here: Setup) -> None:
    uris = [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "https://www.cursor.com/agents/mcp/oauth/callback",
        "http://localhost:8787/callback",
    ]
    made = await here.register(redirect_uris=uris)
    assert made["redirect_uris"] == uris


@pytest.mark.row("MCP-G3")
async def test_a_scheme_that_is_not_allowed_does_not_spoil_the_others(serve: Serve) -> None:
    setup = await serve(clients={"custom_schemes": []})
    made = await setup.register(
        redirect_uris=["cursor://anysphere.cursor-mcp/oauth/callback", REDIRECT]
    )
    assert made["redirect_uris"] == [REDIRECT]
    alone = await setup.ask("POST", "/register", json={"redirect_uris": ["cursor://x/cb"]})
    assert (alone.status, alone.error) == (400, "invalid_redirect_uri")


async def test_grants_that_are_not_offered_are_left_out(here: Setup) -> None:
    device = "urn:ietf:params:oauth:grant-type:device_code"
    made = await here.register(grant_types=["authorization_code", device])
    assert made["grant_types"] == ["authorization_code"]


@pytest.mark.row("SEC-D01")
@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b'"x"',
        b"7",
        b"",
        b"{",
        b"{'a': 1}",
        b'\xef\xbb\xbf{"redirect_uris":["https://a.example.com/cb"]}',
        b'{"redirect_uris":["https://a.example.com/cb"],"redirect_uris":[]}',
        b"[" * 200,
        b'{"x":' * 30 + b"1" + b"}" * 30,
    ],
)
async def test_a_body_that_is_no_metadata_is_refused(here: Setup, body: bytes) -> None:
    answer = await here.ask("POST", "/register", data=body)
    assert (answer.status, answer.error) == (400, "invalid_client_metadata")
    assert await here.storage.clients.count() == 0


@pytest.mark.row("SEC-D01")
async def test_a_body_that_is_too_large_is_refused_unread(here: Setup) -> None:
    answer = await here.ask("POST", "/register", data=b" " * 1_000_000)
    assert answer.status == 413
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    many = json.dumps({"redirect_uris": [REDIRECT] * 10_000})
    assert (await here.ask("POST", "/register", data=many)).status == 413
    assert await here.storage.clients.count() == 0


@pytest.mark.row("SEC-D02")
@pytest.mark.row("SEC-A04")
@pytest.mark.parametrize(
    "uris",
    [
        None,
        [],
        "https://a.example.com/cb",
        [7],
        [None],
        ["https://a.example.com/cb#x"],
        ["https://a.example.com/a b"],
        ["https://a.example.com/a\nb"],
        ["https://a.example.com/../b"],
        ["http://a.example.com/cb"],
        ["https://*.example.com/cb"],
        ["javascript:alert(1)"],
        ["https://a.example.com/cb", "JaVaScRiPt:alert(1)"],
        ["data:text/html,x"],
        [f"https://a.example.com/{n}" for n in range(11)],
    ],
)
async def test_a_bad_redirect_uri_registers_nothing(here: Setup, uris: Any) -> None:
    said = {} if uris is None else {"redirect_uris": uris}
    answer = await here.ask("POST", "/register", json={"client_name": "x", **said})
    assert (answer.status, answer.error) == (400, "invalid_redirect_uri")
    assert await here.storage.clients.count() == 0
    assert not here.heard(ClientRegistered)


@pytest.mark.row("SEC-D03")
@pytest.mark.parametrize("uri", [REDIRECT, "cursor://x/cb"])
async def test_a_web_client_has_https_alone(here: Setup, uri: str) -> None:
    said = {"redirect_uris": ["https://a.example.com/cb", uri], "application_type": "web"}
    answer = await here.ask("POST", "/register", json=said)
    assert (answer.status, answer.error) == (400, "invalid_redirect_uri")
    without = await here.ask("POST", "/register", json={"redirect_uris": said["redirect_uris"]})
    assert without.status == 201


@pytest.mark.row("SEC-D04")
async def test_a_name_is_stored_as_a_person_may_see_it(here: Setup) -> None:
    made = await here.register(client_name="  Evil\u202egnp\u200b\0\x1b[31m\n<script>  ")
    assert made["client_name"] == "Evilgnp[31m <script>"
    long = await here.register(client_name="x" * 9000)
    assert long["client_name"] == "x" * 120


@pytest.mark.row("SEC-D04")
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("", ""),
        ("\u200b\u2060", ""),
        ("Claude Code (rec)", "Claude Code (rec)"),
        ("\uff23laude", "Claude"),
        ("日本語の名前", "日本語の名前"),
        ("a\u2028b\u2029c", "a b c"),
        ("\ud800x", "x"),
        ("x" * 119 + " y", "x" * 119),
    ],
)
def test_what_cannot_be_seen_is_not_in_a_name(said: str, shown: str) -> None:
    assert clean_name(said) == shown


@pytest.mark.row("SEC-D05")
@pytest.mark.parametrize("member", ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"])
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://a.example.com/",
        "https://localhost/x",
        "https://intranet/x",
        "https://wiki.internal/x",
        "https://printer.local/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.1/x",
        "https://2130706433/x",
        "https://user@a.example.com/x",
        "https://a.example.com:0/x",
        "https://a.example.com:x/x",
        "https://[oops/x",
        'https://a.example.com/"x',
        "https://a.example.com/\u202e",
    ],
)
async def test_a_page_inside_of_something_is_refused(here: Setup, member: str, url: str) -> None:
    said = {"redirect_uris": [REDIRECT], member: url}
    answer = await here.ask("POST", "/register", json=said)
    assert (answer.status, answer.error) == (400, "invalid_client_metadata")


@pytest.mark.row("SEC-D06")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_secret_is_told_once_and_kept_as_a_hash(here: Setup, method: str) -> None:
    made = await here.register(token_endpoint_auth_method=method)
    assert made["client_secret"].startswith("tlm_cs_")
    assert made["client_secret_expires_at"] == 0
    client = await here.storage.clients.get(made["client_id"])
    assert client is not None
    assert made["client_secret"] not in repr(client)
    assert "client_secret" not in client.metadata
    assert await here.storage.clients.secret_matches(client.client_id, made["client_secret"])
    assert not await here.storage.clients.secret_matches(client.client_id, "another")


@pytest.mark.row("SEC-D07")
@pytest.mark.parametrize(
    "jwks",
    [
        7,
        [],
        {},
        {"keys": 7},
        {"keys": [7]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB", "d": "AQ"}]},
        {"keys": [{"kty": "made-up"}]},
    ],
)
async def test_a_key_that_is_not_public_is_refused(here: Setup, jwks: Any) -> None:
    said = {"redirect_uris": [REDIRECT], "jwks": jwks}
    answer = await here.ask("POST", "/register", json=said)
    assert (answer.status, answer.error) == (400, "invalid_client_metadata")


async def test_a_public_key_is_echoed(here: Setup) -> None:
    key = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    made = await here.register(jwks={"keys": [key]})
    assert made["jwks"] == {"keys": [key]}


@pytest.mark.row("SEC-D08")
@pytest.mark.row("SEC-C17")
@pytest.mark.parametrize(
    "said",
    [
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"token_endpoint_auth_method": ""},
        {"token_endpoint_auth_method": 7},
        {"grant_types": ["client_credentials"]},
        {"grant_types": ["refresh_token"]},
        {"grant_types": "authorization_code"},
        {"response_types": ["token"]},
        {"response_types": [["code"]]},
        {"client_name": {"en": "x"}},
        {"scope": ["read:toys"]},
        {"scope": "read:toys\n"},
        {"scope": 'a"b'},
        {"contacts": "me@example.com"},
        {"software_id": "x" * 3000},
    ],
)
async def test_metadata_that_we_cannot_keep_to_mints_nothing(here: Setup, said: Any) -> None:
    answer = await here.ask("POST", "/register", json={"redirect_uris": [REDIRECT], **said})
    assert (answer.status, answer.error) == (400, "invalid_client_metadata")
    assert await here.storage.clients.count() == 0


@pytest.mark.row("SEC-D09")
async def test_the_eleventh_registration_in_a_minute_has_to_wait(here: Setup) -> None:
    for _ in range(10):
        await here.register()
    answer = await here.ask("POST", "/register", json={"redirect_uris": [REDIRECT]})
    assert answer.status == 429
    assert answer.error == "temporarily_unavailable"
    assert int(answer.headers["Retry-After"]) == 6
    assert here.heard(LimitHit) == [LimitHit(limit="registrations", key="register")]
    here.clock.advance(6)
    await here.register()


@pytest.mark.row("SEC-D09")
async def test_a_network_is_one_caller_whatever_address_it_takes(serve: Serve) -> None:
    setup = await serve(
        listen={"trusted_proxies": ["127.0.0.1/32", "::1/128"]},
        limits={"registrations_per_minute": 1},
    )

    async def status(address: str) -> int:
        headers = {"X-Forwarded-For": address}
        said = {"redirect_uris": [REDIRECT]}
        return (await setup.ask("POST", "/register", json=said, headers=headers)).status

    assert await status("2001:db8:1:2::1") == 201
    assert await status("2001:db8:1:2:ffff::9") == 429
    assert await status("2001:db8:1:3::1") == 201
    assert await status("192.0.2.1") == 201
    assert await status("192.0.2.1") == 429


@pytest.mark.row("SEC-D09")
async def test_all_callers_together_have_a_ceiling(serve: Serve) -> None:
    setup = await serve(limits={"registrations_per_minute": 100_000})
    statuses = [
        (await setup.ask("POST", "/register", json={"redirect_uris": [REDIRECT]})).status
        for _ in range(101)
    ]
    assert statuses == [201] * 100 + [429]
    assert setup.heard(LimitHit)[0].limit == "registrations_of_day"


@pytest.mark.row("SEC-D10")
async def test_clients_are_as_many_as_fit(serve: Serve) -> None:
    setup = await serve(limits={"clients": 2})
    for _ in range(2):
        client_id = await setup.client_id()
        await setup.storage.clients.mark_used(client_id, setup.clock.now, authorised=True)
    answer = await setup.ask("POST", "/register", json={"redirect_uris": [REDIRECT]})
    assert (answer.status, answer.error) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "3600"
    assert setup.heard(LimitHit) == [LimitHit(limit="clients", key="register")]


@pytest.mark.row("SEC-D10")
async def test_the_oldest_client_that_nobody_approved_makes_room(serve: Serve) -> None:
    setup = await serve(limits={"clients": 3})
    made: list[str] = []
    for _ in range(3):
        made.append(await setup.client_id())
        setup.clock.advance(1)
    await setup.storage.clients.mark_used(made[0], setup.clock.now, authorised=True)
    newest = await setup.client_id()
    assert {client.client_id for client in await setup.storage.clients.list()} == {
        made[0],
        made[2],
        newest,
    }
    assert not setup.heard(LimitHit)


@pytest.mark.row("SEC-D09")
async def test_a_flood_from_many_networks_shuts_nobody_out_for_long(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "_BURST_OF_ALL", 30)
    setup = await serve(
        listen={"trusted_proxies": ["127.0.0.1/32", "::1/128"]}, limits={"clients": 10}
    )

    async def status(n: int) -> int:
        headers = {"X-Forwarded-For": f"192.0.{n // 8}.1"}
        said = {"redirect_uris": [REDIRECT]}
        return (await setup.ask("POST", "/register", json=said, headers=headers)).status

    statuses = [await status(n) for n in range(31)]
    assert statuses == [201] * 30 + [429]
    assert await setup.storage.clients.count() == 10
    setup.clock.advance(1)
    assert await status(32) == 201


@pytest.mark.row("SEC-D10")
@pytest.mark.row("SEC-D11")
async def test_a_client_that_nobody_approved_is_gone_after_a_day(
    here: Setup, client_id: str
) -> None:
    here.clock.advance(86_399)
    assert (await here.authorize(client_id)).status == 302
    here.clock.advance(2)
    page = await here.authorize(client_id)
    assert (page.status, page.location) == (400, None)
    answer = await here.refresh(client_id, "tlm_rt_x")
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert await here.client_id() != client_id


@pytest.mark.row("SEC-D10")
@pytest.mark.row("SEC-D11")
async def test_an_approved_client_lives_as_long_as_it_is_used(here: Setup, client_id: str) -> None:
    pair = await here.pair(client_id)
    for _ in range(3):
        here.clock.advance(29 * 86_400)
        answer = await here.refresh(client_id, pair["refresh_token"])
        assert answer.status == 200, answer.json
        pair = answer.json
        await here.tasks.drain(5)
    here.clock.advance(90 * 86_400)
    answer = await here.refresh(client_id, pair["refresh_token"])
    assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.row("SEC-D13")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_registration_cannot_be_managed(here: Setup, client_id: str, method: str) -> None:
    assert (await here.ask(method, f"/register/{client_id}")).status == 404
    assert (await here.ask(method, "/register")).status == 405
    assert await here.storage.clients.get(client_id) is not None


@pytest.mark.row("SEC-D14")
async def test_a_store_that_is_down_means_later(
    here: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object, **__: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(here.storage.clients, "add", down)
    answer = await here.ask("POST", "/register", json={"redirect_uris": [REDIRECT]})
    assert (answer.status, answer.error) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    monkeypatch.undo()
    assert await here.storage.clients.count() == 0
    assert not here.heard(ClientRegistered)


async def test_a_body_in_pieces_with_compression_is_refused(here: Setup) -> None:
    answer = await here.ask("POST", "/register", data=b"x", headers={"Content-Encoding": "gzip"})
    assert answer.status == 415
