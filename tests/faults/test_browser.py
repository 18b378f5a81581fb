"""A sign-in in a real browser that frames, forges, goes back, and has two tabs open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fakes.chromium import Tab, a_tab, another_tab, program
from fakes.serve_process import Served, Walk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(program() is None, reason="there is no Chromium here"),
]
HEADING = "document.querySelector('h1').innerText"
APP = "The app has the code."


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with a_tab(tmp_path / "profile") as tab:
        yield tab


@dataclass(kw_only=True)
class App:
    """A program on the user's computer that listens for codes."""

    walk: Walk
    port: int
    came: list[dict[str, list[str]]]

    def authorize_url(self) -> tuple[str, str]:
        """A fresh authorization request, and its state."""
        url, state, _ = self.walk.authorize_url()
        return url.replace("localhost%3A3334", f"localhost%3A{self.port}"), state


@asynccontextmanager
async def app(server: Served) -> AsyncIterator[App]:
    came: list[dict[str, list[str]]] = []

    async def listen(request: web.Request) -> web.Response:
        came.append(parse_qs(request.query_string))
        return web.Response(text=APP)

    program = web.Application()
    program.router.add_get("/oauth/callback", listen)
    async with TestServer(program, host="localhost") as listening:
        walk = server.walk()
        await walk.discover()
        await walk.register()
        yield App(walk=walk, port=listening.port or 0, came=came)


@asynccontextmanager
async def foreign(html: str) -> AsyncIterator[str]:
    """A page of somebody else, on another site than ours."""

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    site = web.Application()
    site.router.add_get("/", show)
    async with TestServer(site, host="127.0.0.1") as running:
        yield f"http://127.0.0.1:{running.port}/"


async def press(tab: Tab, decision: str) -> None:
    """Press a button, and wait for the page that follows."""
    async with tab.leading_on():
        await tab.value(f"document.querySelector('button[value={decision}]').click()")


async def back(tab: Tab) -> None:
    async with tab.leading_on():
        await tab.value("history.back()")


async def to_the_app(tab: Tab) -> None:
    """From our page by way of Atlassian's to the program."""
    await press(tab, "approve")
    await press(tab, "accept")
    if await tab.value("document.body.innerText") != APP:
        await press(tab, "approve")
    assert await tab.value("document.body.innerText") == APP


@pytest.mark.row("SEC-S13")
async def test_no_page_of_ours_shows_in_a_frame_of_another(server: Served, tab: Tab) -> None:
    await server.start()
    async with app(server) as program:
        url, _ = program.authorize_url()
        for place in (f"{server.home}/", url, f"{server.home}/connections"):
            source = place.replace("&", "&amp;")
            async with foreign(f"<iframe src='{source}'></iframe>") as evil:
                tab.complaints.clear()
                await tab.open(evil)
                shown = await tab.value("document.querySelector('iframe').contentDocument === null")
                assert shown is True  # what stands in the frame is an error page of the browser
                assert any("frame-ancestors 'none'" in said for said in tab.complaints)


@pytest.mark.row("SEC-S08", "SEC-S07")
async def test_a_foreign_page_cannot_approve_with_the_users_cookies(
    server: Served, tab: Tab
) -> None:
    await server.start()
    async with app(server) as program:
        url, _ = program.authorize_url()
        await tab.open(url)
        ours = await tab.value("location.href")
        fields = await tab.value(
            "JSON.stringify([...new FormData(document.querySelector('form[method=post]'))])"
        )
        hidden = fields.replace("'", "&#39;").replace('"', "&quot;")
        script = (
            "const f = document.querySelector('form');"
            "for (const [n, v] of JSON.parse(f.dataset.all)) {"
            "const i = document.createElement('input'); i.name = n; i.value = v; f.append(i) }"
            "document.querySelector('button').click()"
        )
        action = ours.partition("?")[0]
        html = (
            f"<form method=post action='{action}' data-all='{hidden}'>"
            "<button name=decision value=approve>Win a prize</button></form>"
        )
        async with foreign(html) as evil:
            await tab.open(evil)
            async with tab.leading_on():
                await tab.value(script)
            assert await tab.value("location.origin") == server.home
            assert await tab.value("document.querySelector('button[value=accept]')") is None
            assert server.events("http.request")[-1]["status"] == 403
        # The user's own page is still good.
        await tab.open(ours)
        await to_the_app(tab)
        assert len(program.came) == 1


@pytest.mark.row("SEC-S09")
async def test_two_tabs_are_two_sign_ins(server: Served, tab: Tab) -> None:
    await server.start()
    async with app(server) as program, another_tab(tab.address) as second:
        states = []
        for each in (tab, second):
            url, state = program.authorize_url()
            states.append(state)
            await each.open(url)
        await to_the_app(tab)
        await to_the_app(second)
        assert [came["state"] for came in program.came] == [[state] for state in states]
        assert len({came["code"][0] for came in program.came}) == 2


@pytest.mark.row("SEC-S09", "SEC-S06")
async def test_the_back_button_leads_nowhere_twice(server: Served, tab: Tab) -> None:
    await server.start()
    async with app(server) as program:
        first, _ = program.authorize_url()
        second, state = program.authorize_url()
        await tab.open(first)
        await tab.open(second)
        # Back to another sign-in's page, and forth again: both pages are live.
        await back(tab)
        assert await tab.value("document.querySelector('button[value=approve]') !== null")
        await tab.open(second)
        await press(tab, "approve")
        assert await tab.value("location.origin") == server.upstream
        # Back from Atlassian: what was approved there is not approved again.
        await back(tab)
        assert await tab.value("location.origin") == server.home
        async with tab.leading_on():
            await tab.value("history.forward()")
        await press(tab, "accept")
        if await tab.value("document.body.innerText") != APP:
            await press(tab, "approve")
        (came,) = program.came
        assert came["state"] == [state]
        # Back from the program: no second code.
        await back(tab)
        assert await tab.value("document.querySelector('button[value=approve]')") is None
        assert len(program.came) == 1


@pytest.mark.row("SEC-S20")
async def test_no_script_sees_a_cookie_and_none_outlives_the_sign_in_as_it_was(
    server: Served, tab: Tab
) -> None:
    await server.start()
    async with app(server) as program:
        url, _ = program.authorize_url()
        await tab.open(url)
        assert await tab.value("document.cookie") == ""
        before = await cookies(tab, server)
        assert before
        await to_the_app(tab)
        after = await cookies(tab, server)
        assert {name: kept for name, kept in after.items() if before.get(name) == kept} == {}
        for cookie in (await tab.send("Network.getCookies", {"urls": [server.home]}))["cookies"]:
            assert cookie["httpOnly"]
            assert (cookie["sameSite"], cookie["path"]) == ("Lax", "/")
        assert await tab.value("document.cookie") == ""


async def cookies(tab: Tab, server: Served) -> dict[str, str]:
    """What the browser keeps for our host."""
    kept = (await tab.send("Network.getCookies", {"urls": [server.home]}))["cookies"]
    return {each["name"]: each["value"] for each in kept}
