"""A sign-in in a real browser: its cookies, its origin rules, its content policy."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fakes.authorization_world import ISSUER, Setup
from fakes.loopback_tls import certificate
from fakes.sign_in_browser import PROGRAM, Tab, chromium

from telamon.storage import Client

Serve = Callable[..., Awaitable[Setup]]
HOST = "mcp.example.com"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium"),
]


async def add(setup: Setup, redirect_uri: str) -> str:
    client = Client(
        client_id="the-client",
        kind="dynamic",
        name="The client",
        redirect_uris=(redirect_uri,),
        auth_method="none",
        scopes=(),
        metadata={},
        created_at=setup.clock.now,
        last_used_at=setup.clock.now,
    )
    await setup.storage.clients.add(client)
    return client.client_id


async def to_the_last_page(setup: Setup, tab: Tab, redirect_uri: str) -> None:
    client_id = await add(setup, redirect_uri)
    await tab.go(setup.authorize_url(client_id, redirect_uri=redirect_uri))
    assert await tab.read("document.querySelector('h1').innerText") == (
        "Allow The client to use your Atlassian account?"
    )
    assert await tab.read("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
    await tab.click("button[value=approve]")
    assert await tab.read("location.origin") == setup.upstream
    await tab.click("button[value=accept]")
    assert await tab.read("document.querySelector('h1').innerText") == "Choose a site"
    assert await tab.read("document.cookie") == ""


@pytest.mark.row("SEC-S18")
async def test_a_browser_takes_the_code_to_a_program_on_the_computer(
    serve: Serve, tmp_path: Path
) -> None:
    server_tls, _ = certificate(tmp_path, HOST)
    setup = await serve(tls=server_tls)
    came: list[str] = []

    async def listen(request: web.Request) -> web.Response:
        came.append(str(request.rel_url))
        return web.Response(text="You may close this window.")

    program = web.Application()
    program.router.add_get("/callback", listen)
    port = urlsplit(setup.base).port or 0
    async with TestServer(program) as listening, chromium(tmp_path, HOST, port) as tab:
        await to_the_last_page(setup, tab, f"http://localhost:{listening.port}/callback")
        await tab.click("button[value=approve]")
        assert await tab.read("document.body.innerText") == "You may close this window."
    (url,) = came
    answer = parse_qs(urlsplit(url).query)
    assert answer["iss"] == [ISSUER]
    assert answer["state"] == ["the-state"]
    assert len(answer["code"]) == 1


@pytest.mark.row("SEC-S18")
async def test_a_browser_opens_a_private_scheme(serve: Serve, tmp_path: Path) -> None:
    server_tls, _ = certificate(tmp_path, HOST)
    setup = await serve(tls=server_tls)
    uri = "cursor://anysphere.cursor-mcp/oauth/callback"
    async with chromium(tmp_path, HOST, urlsplit(setup.base).port or 0) as tab:
        await to_the_last_page(setup, tab, uri)
        await tab.call(
            "Runtime.evaluate", expression="document.querySelector('[value=approve]').click()"
        )
        asked = await tab.event("Page.frameRequestedNavigation", url=f"{uri}?code=tlm_ac_")
        assert f"iss={ISSUER.replace(':', '%3A').replace('/', '%2F')}" in asked["url"]
        assert await tab.read("document.querySelector('h1').innerText") == "You are signed in"


@pytest.mark.row("SEC-S11")
async def test_a_browser_takes_a_denial_along(serve: Serve, tmp_path: Path) -> None:
    server_tls, _ = certificate(tmp_path, HOST)
    setup = await serve(tls=server_tls)
    uri = "cursor://anysphere.cursor-mcp/oauth/callback"
    async with chromium(tmp_path, HOST, urlsplit(setup.base).port or 0) as tab:
        client_id = await add(setup, uri)
        await tab.go(setup.authorize_url(client_id, redirect_uri=uri))
        await tab.click("button[value=deny]")
        assert await tab.read("document.querySelector('h1').innerText") == "Nothing was allowed"
