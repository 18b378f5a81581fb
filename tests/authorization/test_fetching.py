"""Reading a document from a host that a stranger named."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fakes.loopback_tls import Resolver, certificate

from telamon.authorization.fetching import (
    DocumentFetcher,
    Fetched,
    FetchRefused,
    FetchUnavailable,
    is_public_address,
)

HOST = "client.example.com"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """A host that a test fills, and what came to it."""

    def __init__(self, port: int, client_tls: ssl.SSLContext) -> None:
        self.port = port
        self.tls = client_tls
        self.requests: list[Mapping[str, str]] = []
        self.handler: Handler = self.json('{"client_id": "x"}')

    def json(self, text: str, *, status: int = 200, **headers: str) -> Handler:
        async def handle(_: web.Request) -> web.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.Response(
                body=text.encode(),
                status=status,
                headers={"Content-Type": "application/json", **named},
            )

        return handle

    async def fetch(
        self,
        *,
        host: str = HOST,
        names: Mapping[str, Sequence[str]] | None = None,
        allowed: Callable[[str], bool] = lambda address: address == "127.0.0.1",
        seconds: float = 5,
        path: str = "/client.json",
    ) -> Fetched:
        self.resolver = Resolver(names or {HOST: ["127.0.0.1"]})
        fetcher = DocumentFetcher(
            resolver=lambda: self.resolver, allowed=allowed, ssl=self.tls, seconds=seconds
        )
        return await fetcher.fetch(f"https://{host}:{self.port}{path}")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site, None]:
    server_tls, client_tls = certificate(tmp_path, HOST)
    app = web.Application()
    server = TestServer(app, scheme="https")
    found: list[Site] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        found[0].requests.append(request.headers)
        return await found[0].handler(request)

    app.router.add_get("/{rest:.*}", handle)
    await server.start_server(ssl=server_tls)
    assert server.port is not None
    found.append(Site(server.port, client_tls))
    yield found[0]
    await server.close()


async def test_a_document_is_read_by_its_name_without_cookies_or_compression(site: Site) -> None:
    site.handler = site.json('{"client_id": "x"}', Cache_Control="public, max-age=900")
    fetched = await site.fetch()
    assert fetched == Fetched(content={"client_id": "x"}, max_age=900)
    (headers,) = site.requests
    assert headers["Host"] == f"{HOST}:{site.port}"
    assert headers["Accept-Encoding"] == "identity"
    assert "Cookie" not in headers
    assert "Authorization" not in headers


@pytest.mark.row("SEC-C02")
@pytest.mark.row("MCP-J1")
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - nothing is bound to it
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2001:db8::1",
        "2001:0:1::1",
        "2002:a00:1::1",
        "100::1",
        "not an address",
        "2130706433",
        "",
    ],
)
def test_an_address_inside_of_anything_is_not_public(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "104.18.0.1", "2606:4700::6812:1", "2a00:1450::1"])
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public_address(address)


@pytest.mark.row("SEC-C02")
@pytest.mark.row("SEC-C04")
@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"]]
)
async def test_a_name_with_any_address_inside_is_not_connected_to(
    site: Site, addresses: list[str]
) -> None:
    with pytest.raises(FetchRefused):
        await site.fetch(names={HOST: addresses}, allowed=is_public_address)
    assert site.requests == []


async def test_a_name_without_an_address_is_refused(site: Site) -> None:
    with pytest.raises(FetchRefused):
        await site.fetch(names={HOST: []})
    with pytest.raises(FetchUnavailable):
        await site.fetch(names={"other.example.com": ["127.0.0.1"]})


@pytest.mark.row("SEC-C03")
@pytest.mark.row("MCP-J1")
async def test_the_name_is_resolved_once_and_that_address_is_used(site: Site) -> None:
    checked: list[str] = []

    def allowed(address: str) -> bool:
        checked.append(address)
        return True

    await site.fetch(allowed=allowed)
    assert site.resolver.asked == [HOST]
    assert checked == ["127.0.0.1"]
    await site.fetch(allowed=allowed)
    assert site.resolver.asked == [HOST], "every fetch resolves anew"


@pytest.mark.row("SEC-C03")
async def test_the_certificate_has_to_be_the_names(site: Site) -> None:
    with pytest.raises(FetchUnavailable):
        await site.fetch(host="other.example.com", names={"other.example.com": ["127.0.0.1"]})
    assert site.requests == []


@pytest.mark.row("SEC-C05")
@pytest.mark.row("MCP-J1")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(site: Site, status: int) -> None:
    site.handler = site.json("{}", status=status, Location=f"https://{HOST}:{site.port}/other")
    with pytest.raises(FetchRefused):
        await site.fetch()
    assert len(site.requests) == 1


@pytest.mark.row("SEC-C06")
async def test_a_document_over_the_size_is_cut_off(site: Site) -> None:
    padding = " " * (5 * 1024 - 2)
    site.handler = site.json("{}" + padding)
    assert (await site.fetch()).content == {}
    site.handler = site.json("{}" + padding + " ")
    with pytest.raises(FetchRefused):
        await site.fetch()


@pytest.mark.row("SEC-C06")
async def test_a_document_without_end_is_cut_off(site: Site) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 1024)
        except ConnectionError:
            return response

    site.handler = endless
    with pytest.raises(FetchRefused):
        await site.fetch()


@pytest.mark.row("SEC-C06")
async def test_a_compressed_document_is_refused_unopened(site: Site) -> None:
    async def bomb(_: web.Request) -> web.Response:
        return web.Response(
            body=gzip.compress(b" " * 100_000 + b"{}"),
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )

    site.handler = bomb
    with pytest.raises(FetchRefused):
        await site.fetch()


@pytest.mark.row("SEC-C06")
async def test_a_host_that_drips_is_given_up(site: Site) -> None:
    gone = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b"{")
        await gone.wait()
        return response

    site.handler = drip
    with pytest.raises(FetchUnavailable):
        await site.fetch(seconds=0.2)
    gone.set()


@pytest.mark.row("SEC-C06")
async def test_a_host_that_never_stops_dripping_is_given_up_all_the_same(site: Site) -> None:
    gone = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while not gone.is_set():
            try:
                await response.write(b" ")
                await asyncio.wait_for(gone.wait(), 0.02)
            except (ConnectionError, TimeoutError):
                continue
        return response

    site.handler = drip
    with pytest.raises(FetchUnavailable):
        await site.fetch(seconds=0.3)
    gone.set()


@pytest.mark.row("SEC-C07")
@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        ("{}", "text/html"),
        ("{}", "text/plain"),
        ("", "application/json"),
        ("{", "application/json"),
        ("[" * 9 + "]" * 9, "application/json"),
        ('{"a":1,"a":2}', "application/json"),
        ('{"a":NaN}', "application/json"),
    ],
)
async def test_what_is_not_plain_json_is_refused(site: Site, text: str, media_type: str) -> None:
    site.handler = site.json(text, Content_Type=media_type)
    with pytest.raises(FetchRefused):
        await site.fetch()


async def test_a_media_type_that_is_json_by_its_suffix_is_read(site: Site) -> None:
    site.handler = site.json("{}", Content_Type="application/vnd.example+json; charset=utf-8")
    assert (await site.fetch()).content == {}


@pytest.mark.row("SEC-C11")
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (204, FetchRefused),
        (304, FetchRefused),
        (404, FetchRefused),
        (410, FetchRefused),
        (429, FetchUnavailable),
        (500, FetchUnavailable),
        (503, FetchUnavailable),
    ],
)
async def test_any_status_but_200_is_no_document(
    site: Site, status: int, error: type[Exception]
) -> None:
    site.handler = site.json("{}", status=status)
    with pytest.raises(error):
        await site.fetch()


@pytest.mark.row("SEC-C11")
@pytest.mark.parametrize(
    ("said", "max_age"),
    [
        ("", None),
        ("public", None),
        ("max-age=31536000", 31_536_000.0),
        ('Max-Age="60"', 60.0),
        ("no-store", 0.0),
        ("no-cache, max-age=900", 0.0),
        ("s-maxage=5", None),
        ("max-age=x", None),
    ],
)
async def test_how_long_it_may_be_kept_is_read(
    site: Site, said: str, max_age: float | None
) -> None:
    site.handler = site.json("{}", Cache_Control=said)
    assert (await site.fetch()).max_age == max_age


@pytest.mark.parametrize("host", [f"{'a' * 70}.example.com", f"{'a' * 64}.example.com"])
async def test_a_name_that_cannot_be_one_is_refused(host: str) -> None:
    with pytest.raises(FetchRefused):
        await DocumentFetcher().fetch(f"https://{host}/client.json")


async def test_nothing_listening_is_no_verdict(site: Site) -> None:
    site.port = 1
    with pytest.raises(FetchUnavailable):
        await site.fetch()


def test_a_fetcher_needs_nothing_to_be_built() -> None:
    given: dict[str, Any] = vars(DocumentFetcher())
    assert given["_allowed"] is is_public_address
    assert given["_ssl"] is True
