"""Clients that are described by a document at their own client id."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import structlog
from fakes.authorization_world import ISSUER, REDIRECT, Setup

from telamon.authorization.documents import DocumentRefused, check_client_id
from telamon.authorization.fetching import Fetched, FetchRefused, FetchUnavailable
from telamon.plugin import ClientRegistered, CodeIssued, LimitHit
from telamon.storage.records import Client

Serve = Callable[..., Awaitable[Setup]]
CLIENT = "https://client.example.com/oauth/metadata.json"
CALLBACK = "https://client.example.com/cb"


class Documents:
    """A fetcher over a table; every fetch is written down and may be held up."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {CLIENT: document()}
        self.max_age: float | None = None
        self.fetched: list[str] = []
        self.held: asyncio.Event | None = None
        self.began = asyncio.Event()

    async def fetch(self, url: str) -> Fetched:
        self.fetched.append(url)
        self.began.set()
        if self.held is not None:
            await self.held.wait()
        found = self.documents.get(url, FetchRefused("status 404"))
        if isinstance(found, Exception):
            raise found
        return Fetched(content=found, max_age=self.max_age)


def document(**changes: Any) -> dict[str, Any]:
    said = {
        "client_id": CLIENT,
        "client_name": "Described client",
        "redirect_uris": [CALLBACK, "http://localhost/callback"],
        "token_endpoint_auth_method": "none",
        **changes,
    }
    return {name: value for name, value in said.items() if value is not ...}


@pytest.fixture
def documents() -> Documents:
    return Documents()


@pytest.fixture
async def there(serve: Serve, documents: Documents) -> Setup:
    return await serve(fetcher=documents)


@pytest.mark.row("MCP-F2")
@pytest.mark.row("SEC-C16")
async def test_a_client_signs_in_by_its_document(there: Setup, documents: Documents) -> None:
    browser = there.browser()
    page = await there.consent_page(browser, CLIENT, redirect_uri="http://localhost:5000/callback")
    assert "Described client" in page.text
    assert "described at <strong>client.example.com</strong>" in page.text
    assert "localhost:5000" in page.text
    assert "any program can give itself this name" in page.text
    used = "http://localhost:5000/callback"
    code = await there.code(CLIENT, redirect_uri=used)
    answer = await there.redeem(CLIENT, code, redirect_uri=used)
    assert answer.status == 200
    assert (await there.refresh(CLIENT, answer.json["refresh_token"])).status == 200
    assert documents.fetched == [CLIENT]
    (event,) = there.heard(ClientRegistered)
    assert event.redirect_hosts == ("client.example.com", "localhost")


async def test_a_hosted_client_with_a_document_needs_no_warning(there: Setup) -> None:
    page = await there.consent_page(there.browser(), CLIENT, redirect_uri=CALLBACK)
    assert "Careful" not in page.text


@pytest.mark.row("SEC-C01")
@pytest.mark.row("SEC-C02")
@pytest.mark.row("SEC-C08")
@pytest.mark.parametrize(
    "client_id",
    [
        "http://client.example.com/x",
        "https://client.example.com",
        "https://client.example.com/",
        "https://client.example.com/x#y",
        "https://user@client.example.com/x",
        "https://user:pw@client.example.com/x",
        "https://client.example.com/./x",
        "https://client.example.com/../x",
        "https://client.example.com/%2e%2e/x",
        "https://client.example.com/x/..",
        "https://client.example.com/x\ty",
        "https://client.example.com/x\ny",
        "https://client.example.com/x y",
        "https://client.example.com/x\\y",
        "https://client.example.com/%zz",
        "https://client.example.com:443/x",
        "https://client.example.com:0/x",
        "https://client.example.com:080/x",
        "https://client.example.com:65536/x",
        "https://Client.example.com/x",
        "HTTPS://client.example.com/x",
        "https://clïent.example.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.1/x",
        "https://2130706433/x",
        "https://0/x",
        "https://0x7f.1/x",
        "https://0x7f000001/x",
        "https://localhost/x",
        "https://intranet/x",
        "https://wiki.internal/x",
        "https://printer.local/x",
        "https://client.example.com./x",
        "https://-client.example.com/x",
        "https://client..example.com/x",
        "https://client.example.com@evil.example.net/x",
        "https:client.example.com/x",
        f"https://{'a' * 64}.example.com/x",
        f"https://{'a' * 70}.example.com/x",
        f"https://{'a.' * 122}example.com/x",
    ],
)
async def test_a_client_id_has_one_way_to_be_written(
    there: Setup, documents: Documents, client_id: str
) -> None:
    with pytest.raises(DocumentRefused):
        check_client_id(client_id)
    page = await there.authorize(client_id)
    assert (page.status, page.location) == (400, None)
    assert documents.fetched == []
    answer = await there.refresh(client_id, "x")
    assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.row("SEC-C01")
@pytest.mark.parametrize(
    ("client_id", "host"),
    [
        ("https://claude.ai/oauth/claude-code-client-metadata", "claude.ai"),
        ("https://chatgpt.com/oauth/codex/client.json", "chatgpt.com"),
        ("https://client.example.com:8443/x?y=z", "client.example.com"),
        (f"https://{'a' * 63}.example.com/x", f"{'a' * 63}.example.com"),
        (f"https://{'a.' * 121}example.com/x", f"{'a.' * 121}example.com"),
        ("https://xn--clent-8va.example.com/x", "xn--clent-8va.example.com"),
    ],
)
def test_the_client_ids_of_real_clients_are_good(client_id: str, host: str) -> None:
    assert check_client_id(client_id) == host


@pytest.mark.row("SEC-C01")
async def test_a_name_in_another_script_is_shown_as_it_is_in_the_dns(
    there: Setup, documents: Documents
) -> None:
    client_id = "https://xn--clent-8va.example.com/x"
    documents.documents[client_id] = document(client_id=client_id)
    page = await there.consent_page(there.browser(), client_id, redirect_uri=CALLBACK)
    assert "xn--clent-8va.example.com" in page.text


@pytest.mark.row("SEC-C07")
@pytest.mark.row("SEC-C08")
@pytest.mark.row("SEC-C09")
@pytest.mark.row("SEC-C10")
@pytest.mark.row("MCP-F2")
@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "x",
        {},
        document(client_id=...),
        document(client_id=CLIENT + "/"),
        document(client_id=CLIENT.replace(".com", ".com:443")),
        document(client_id=CLIENT.replace("client.", "Client.")),
        document(client_name=...),
        document(client_name=""),
        document(client_name=7),
        document(redirect_uris=...),
        document(redirect_uris=[]),
        document(redirect_uris=["https://*.example.com/cb"]),
        document(redirect_uris=["https://client.example.com/*"]),
        document(redirect_uris=["http://client.example.com/cb"]),
        document(redirect_uris=["javascript:alert(1)"]),
        document(token_endpoint_auth_method="client_secret_basic"),
        document(token_endpoint_auth_method="client_secret_post"),
        document(token_endpoint_auth_method="client_secret_jwt"),
        document(token_endpoint_auth_method="private_key_jwt"),
        document(client_secret="x"),
        document(client_secret_expires_at=0),
        document(grant_types=["client_credentials"]),
        document(jwks={"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}),
        document(logo_uri="http://client.example.com/logo.png"),
        FetchRefused("status 404"),
        FetchUnavailable("TimeoutError"),
    ],
)
async def test_a_document_that_is_not_in_order_gets_a_page_of_ours(
    there: Setup, documents: Documents, said: Any
) -> None:
    documents.documents[CLIENT] = said
    page = await there.authorize(CLIENT, redirect_uri=CALLBACK)
    assert (page.status, page.location) == (400, None)
    assert "invalid_client" in page.text
    assert "404" not in page.text
    assert "Timeout" not in page.text
    assert await there.storage.clients.count() == 0
    # It may be mended any moment.
    documents.documents[CLIENT] = document()
    assert (await there.authorize(CLIENT, redirect_uri=CALLBACK)).status == 302


async def test_a_document_without_an_auth_method_is_a_public_clients(
    there: Setup, documents: Documents
) -> None:
    documents.documents[CLIENT] = document(token_endpoint_auth_method=...)
    assert (await there.authorize(CLIENT, redirect_uri=CALLBACK)).status == 302


PROXIED: dict[str, Any] = {"listen": {"trusted_proxies": ["127.0.0.1/32", "::1/128"]}}


async def named(setup: Setup, n: int, address: str) -> int:
    """What is answered to a caller at *address* who names another unknown client each time."""
    said = {"client_id": f"https://c{n}.example.com/x"}
    headers = {"X-Forwarded-For": address}
    return (await setup.ask("POST", "/token", data=said, headers=headers)).status


async def fetches_after(setup: Setup, documents: Documents, seconds: float) -> int:
    before = len(documents.fetched)
    setup.clock.advance(seconds)
    assert (await setup.authorize(CLIENT, redirect_uri=CALLBACK)).status == 302
    return len(documents.fetched) - before


@pytest.mark.row("SEC-C11")
@pytest.mark.parametrize(
    ("max_age", "kept"),
    [(None, 3600), (0.0, 300), (60.0, 300), (900.0, 900), (31_536_000.0, 86_400)],
)
async def test_a_document_is_kept_as_its_host_says_within_bounds(
    there: Setup, documents: Documents, max_age: float | None, kept: float
) -> None:
    documents.max_age = max_age
    assert await fetches_after(there, documents, 0) == 1
    assert await fetches_after(there, documents, kept - 1) == 0
    assert await fetches_after(there, documents, 1) == 1


@pytest.mark.row("SEC-C12")
async def test_a_hundred_first_uses_are_one_fetch(there: Setup, documents: Documents) -> None:
    documents.held = asyncio.Event()
    # Programs at the token endpoint: nothing else is limited before the document is read.
    asking = [asyncio.ensure_future(there.refresh(CLIENT, "x")) for _ in range(50)]
    await documents.began.wait()
    documents.held.set()
    answers = await asyncio.gather(*asking)
    assert documents.fetched == [CLIENT]
    assert {answer.status for answer in answers} <= {400, 429}
    assert len(there.heard(ClientRegistered)) == 1


@pytest.mark.row("SEC-C12")
async def test_whoever_waits_may_leave_without_stopping_the_fetch(
    there: Setup, documents: Documents
) -> None:
    documents.held = asyncio.Event()
    first = asyncio.ensure_future(there.authorize(CLIENT, redirect_uri=CALLBACK))
    await documents.began.wait()
    second = asyncio.ensure_future(there.authorize(CLIENT, redirect_uri=CALLBACK))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    documents.held.set()
    assert (await second).status == 302
    assert documents.fetched == [CLIENT]


@pytest.mark.row("SEC-C12")
async def test_who_looked_before_a_fetch_ended_does_not_fetch_again(
    there: Setup, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients, looked, over = there.storage.clients, asyncio.Event(), asyncio.Event()
    get = clients.get

    async def late(client_id: str) -> Client | None:
        found = await get(client_id)
        if not looked.is_set():
            looked.set()
            await over.wait()
        return found

    monkeypatch.setattr(clients, "get", late)
    slow = asyncio.ensure_future(there.authorize(CLIENT, redirect_uri=CALLBACK))
    await looked.wait()
    assert (await there.authorize(CLIENT, redirect_uri=CALLBACK)).status == 302
    over.set()
    assert (await slow).status == 302
    assert documents.fetched == [CLIENT]


@pytest.mark.row("SEC-C13")
async def test_a_host_is_asked_five_times_a_minute(there: Setup, documents: Documents) -> None:
    pages = [
        await there.authorize(f"https://client.example.com/{n}", redirect_uri=CALLBACK)
        for n in range(7)
    ]
    assert [page.status for page in pages] == [400] * 5 + [429] * 2
    assert int(pages[-1].headers["Retry-After"]) == 12
    assert len(documents.fetched) == 5
    assert len({page.text for page in pages[:5]}) == 1
    answer = await there.refresh("https://client.example.com/x", "x")
    assert (answer.status, answer.error) == (503, "temporarily_unavailable")
    assert there.heard(LimitHit) == [LimitHit(limit="documents_of_host", key="client.example.com")]


@pytest.mark.row("SEC-C13")
async def test_all_hosts_together_are_asked_sixty_times_a_minute(
    serve: Serve, documents: Documents
) -> None:
    setup = await serve(fetcher=documents, **PROXIED)
    statuses = [await named(setup, n, f"192.0.2.{n}") for n in range(61)]
    assert statuses == [401] * 60 + [503]
    assert len(documents.fetched) == 60


@pytest.mark.row("SEC-C13")
async def test_one_caller_cannot_use_up_everybodys_reading(
    serve: Serve, documents: Documents
) -> None:
    setup = await serve(fetcher=documents, **PROXIED)
    statuses = [await named(setup, n, "192.0.2.1") for n in range(70)]
    assert statuses == [401] * 20 + [503] * 50
    assert len(documents.fetched) == 20
    headers = {"X-Forwarded-For": "192.0.2.2"}
    fields = {"client_id": CLIENT, "grant_type": "refresh_token", "refresh_token": "x"}
    answer = await setup.ask("POST", "/token", data=fields, headers=headers)
    assert answer.error == "invalid_grant"
    (hit,) = setup.heard(LimitHit)
    assert hit == LimitHit(limit="documents_of_network", key="192.0.2.1")


@pytest.mark.row("SEC-C13")
async def test_a_known_client_is_read_again_whatever_strangers_do(
    serve: Serve, documents: Documents
) -> None:
    setup = await serve(fetcher=documents, **PROXIED)
    assert await fetches_after(setup, documents, 0) == 1
    setup.clock.advance(4000)
    for n in range(70):
        await named(setup, n, f"192.0.2.{n}")
    for n in range(10):
        await setup.refresh(f"https://client.example.com/{n}", "x")
    assert await fetches_after(setup, documents, 0) == 1


async def test_a_known_client_whose_host_is_down_is_asked_for_five_times_a_minute(
    there: Setup, documents: Documents
) -> None:
    assert await fetches_after(there, documents, 0) == 1
    documents.documents[CLIENT] = FetchUnavailable("TimeoutError")
    there.clock.advance(4000)
    assert sum([await fetches_after(there, documents, 0) for _ in range(8)]) == 5


async def test_what_is_wrong_with_a_document_is_logged_once(
    there: Setup, documents: Documents
) -> None:
    documents.documents[CLIENT] = FetchRefused("status 404")
    with structlog.testing.capture_logs() as logs:
        await there.authorize(CLIENT, redirect_uri=CALLBACK)
    events = [line["event"] for line in logs if line["event"] != "http.request"]
    assert events == ["client.document.refused"]


async def test_described_clients_count_among_all(serve: Serve, documents: Documents) -> None:
    setup = await serve(fetcher=documents, limits={"clients": 1})
    registered = await setup.client_id()
    await setup.storage.clients.mark_used(registered, setup.clock.now, authorised=True)
    page = await setup.authorize(CLIENT, redirect_uri=CALLBACK)
    assert page.status == 429
    assert await setup.storage.clients.get(CLIENT) is None
    assert setup.heard(LimitHit) == [LimitHit(limit="clients", key="client.example.com")]


@pytest.mark.row("SEC-C14")
@pytest.mark.row("SEC-A27")
async def test_a_redirect_uri_that_is_gone_from_the_document_gets_no_code(
    there: Setup, documents: Documents
) -> None:
    browser = there.browser()
    page = await there.at_atlassian(browser, CLIENT, redirect_uri=CALLBACK)
    documents.documents[CLIENT] = document(redirect_uris=["http://localhost/callback"])
    client = await there.storage.clients.get(CLIENT)
    assert client is not None
    there.clock.advance(600)
    await there.storage.clients.add(replace(client, expires_at=there.clock.now))
    page = await browser.follow(await there.from_atlassian(browser, page))
    assert (page.status, page.location) == (400, None)
    assert not there.heard(CodeIssued)


@pytest.mark.row("SEC-C14")
async def test_a_document_that_is_withdrawn_ends_a_sign_in(
    there: Setup, documents: Documents
) -> None:
    documents.max_age = 300
    browser = there.browser()
    consent = await there.consent_page(browser, CLIENT, redirect_uri=CALLBACK)
    page = await browser.follow(await browser.submit(consent, decision="approve"))
    there.clock.advance(400)
    documents.documents[CLIENT] = FetchRefused("status 404")
    assert (await browser.get(consent.url)).status == 400
    page = await browser.follow(await there.from_atlassian(browser, page))
    assert (page.status, page.location) == (400, None)


@pytest.mark.row("SEC-C15")
async def test_a_host_that_is_down_has_a_day(there: Setup, documents: Documents) -> None:
    code = await there.code(CLIENT, redirect_uri=CALLBACK)
    pair = (await there.redeem(CLIENT, code, redirect_uri=CALLBACK)).json
    documents.documents[CLIENT] = FetchUnavailable("TimeoutError")
    there.clock.advance(86_300)
    answer = await there.refresh(CLIENT, pair["refresh_token"])
    assert answer.status == 200
    there.clock.advance(200)
    late = await there.refresh(CLIENT, answer.json["refresh_token"])
    assert (late.status, late.error) == (503, "temporarily_unavailable")
    assert late.headers["Retry-After"] == "30"
    documents.documents[CLIENT] = document()
    assert (await there.refresh(CLIENT, answer.json["refresh_token"])).status == 200


async def test_a_refused_document_is_not_honoured_again(there: Setup, documents: Documents) -> None:
    assert await fetches_after(there, documents, 0) == 1
    documents.documents[CLIENT] = document(client_secret="x")
    there.clock.advance(4000)
    assert (await there.authorize(CLIENT, redirect_uri=CALLBACK)).status == 400
    documents.documents[CLIENT] = FetchUnavailable("TimeoutError")
    assert (await there.authorize(CLIENT, redirect_uri=CALLBACK)).status == 400
    answer = await there.refresh(CLIENT, "x")
    assert answer.status == 503


async def test_documents_of_other_hosts_can_be_forbidden(
    serve: Serve, documents: Documents
) -> None:
    setup = await serve(fetcher=documents, clients={"metadata_document_hosts": ["claude.ai"]})
    page = await setup.authorize(CLIENT, redirect_uri=CALLBACK)
    assert (page.status, page.location) == (400, None)
    assert documents.fetched == []


async def test_documents_can_be_switched_off(serve: Serve, documents: Documents) -> None:
    setup = await serve(fetcher=documents, clients={"metadata_documents": False})
    page = await setup.authorize(CLIENT, redirect_uri=CALLBACK)
    assert (page.status, page.location) == (400, None)
    assert documents.fetched == []


async def test_a_described_client_keeps_its_first_date(there: Setup, documents: Documents) -> None:
    code = await there.code(CLIENT, redirect_uri=CALLBACK)
    assert code
    first = await there.storage.clients.get(CLIENT)
    assert await fetches_after(there, documents, 4000) == 1
    second = await there.storage.clients.get(CLIENT)
    assert first is not None
    assert second is not None
    assert second.authorised_at == first.authorised_at is not None
    assert second.created_at == first.created_at
    assert len(there.heard(ClientRegistered)) == 1


async def test_a_documents_client_has_no_say_over_another_issuer(there: Setup) -> None:
    page = await there.authorize(CLIENT, redirect_uri=REDIRECT)
    assert (page.status, page.location) == (400, None)
    page = await there.authorize(CLIENT, redirect_uri=CALLBACK, scope="unknown")
    assert page.answer["iss"] == ISSUER
