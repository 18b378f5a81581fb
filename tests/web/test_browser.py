"""What only a browser can tell: that the policy fits the pages, and the pages fit the screen."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.chromium import Tab, a_tab, program

from telamon.addresses import Addresses
from telamon.plugin import Scope
from telamon.web import problems
from telamon.web.landing import landing
from telamon.web.middleware import setup_web
from telamon.web.pages import Pages

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(program() is None, reason="there is no Chromium here"),
]

SCOPES = [
    Scope("read:jira-work", "read issues"),
    Scope("write:jira-work", "create and change issues", "write"),
]
PRODUCT = {"name": "jira", "title": "Jira", "scopes": SCOPES, "only_in": None, "deleting": ()}
LONG = "https://a-very-long-name-that-nobody-broke-anywhere.example.com/" + "callback" * 10
MAIN = "document.querySelector('main')"
FOCUS = "document.activeElement"
OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.name = ''; d.open = true })"
FORM = """
{% extends "layout.html" %}{% import "macros.html" as ui %}
{% block title %}Form{% endblock %}
{% block main %}<h1>Form</h1>
<form method="post" action="/form">
{{ ui.scope_list(product, false) }}
<div class="actions">{{ ui.button("Deny", "decision", "deny", "quiet") }}
{{ ui.button("Approve", "decision", "approve") }}</div>
</form>{% endblock %}
"""


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with a_tab(tmp_path / "profile") as tab:
        yield tab


@pytest.fixture
async def home(aiohttp_server: Any, unused_tcp_port: int) -> str:
    """A server with the start page, a problem page, and a form that ends at another origin."""
    addresses = Addresses(f"http://127.0.0.1:{unused_tcp_port}")
    pages = Pages(addresses)
    client_app = web.Application()
    client_app.router.add_get("/callback", callback)
    client = await aiohttp_server(client_app)

    async def problem(_: web.Request) -> web.Response:
        return pages.problem(problems.redirect_refused(LONG, client_name="An app " * 20))

    async def show(_: web.Request) -> web.Response:
        headers = pages.problem(problems.unavailable()).headers
        return web.Response(text=form.render(product=PRODUCT), headers=headers)

    async def decide(request: web.Request) -> web.Response:
        fields = await request.post()
        raise web.HTTPSeeOther(client.make_url(f"/callback?{fields['decision']!s}"))

    form = pages._templates.from_string(FORM)
    app = web.Application()
    setup_web(app, addresses, pages)
    app.add_routes(landing(pages, addresses, ["Jira", "Confluence"]))
    app.add_routes(
        [web.get("/problem", problem), web.get("/form", show), web.post("/form", decide)]
    )
    await aiohttp_server(app, port=unused_tcp_port)
    return addresses.issuer


async def callback(_: web.Request) -> web.Response:
    return web.Response(text="The app has the code.")


@pytest.mark.row("SEC-S13", "SEC-S14")
@pytest.mark.parametrize("path", ["/", "/problem", "/form"])
async def test_the_browser_finds_nothing_to_block_and_the_style_applies(
    tab: Tab, home: str, path: str
) -> None:
    await tab.open(home + path)
    assert tab.complaints == []
    assert (
        await tab.value("getComputedStyle(document.querySelector('main')).borderRadius") == "12px"
    )
    assert await tab.value("document.querySelectorAll('h1').length") == 1


@pytest.mark.row("SEC-S14")
async def test_a_script_that_got_into_a_page_does_not_run(tab: Tab, home: str) -> None:
    await tab.open(home)
    added = "const s = document.createElement('script'); s.text = 'window.ran = 1';"
    await tab.value(f"{added} document.body.append(s)")
    assert await tab.value("window.ran === undefined") is True
    assert any("Content Security Policy" in said for said in tab.complaints)


@pytest.mark.parametrize("path", ["/", "/problem", "/form"])
async def test_no_page_is_wider_than_a_small_phone(tab: Tab, home: str, path: str) -> None:
    await tab.open(home + path, width=320)
    await tab.value(
        "document.querySelectorAll('details').forEach(d => { d.name = ''; d.open = 1 })"
    )
    assert await tab.value("document.documentElement.scrollWidth") == 320


async def test_the_page_follows_the_dark_scheme(tab: Tab, home: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    await tab.open(home, scheme="light")
    light = await tab.value(ground)
    await tab.open(home, scheme="dark")
    assert (light, await tab.value(ground)) == ("rgb(246, 245, 241)", "rgb(20, 23, 26)")


async def test_everything_is_reached_by_keyboard_and_shows_its_focus(tab: Tab, home: str) -> None:
    await tab.open(home + "/form")
    reached = []
    for _ in range(6):
        await tab.press("Tab")
        focus = "document.activeElement"
        reached.append(
            await tab.value(f"{focus}.value || {focus}.textContent.trim() || {focus}.name")
        )
        assert await tab.value(f"getComputedStyle({focus}).outlineWidth") == "3px"
    assert reached == [
        "Telamon",
        "jira",
        "Read: 1 permission",
        "write:jira-work",
        "deny",
        "approve",
    ]


async def test_enter_in_a_box_denies_rather_than_approves(tab: Tab, home: str) -> None:
    await tab.open(home + "/form")
    await tab.value("document.querySelector('[name=scope]').focus()")
    async with tab.leading_on():
        await tab.press("Enter")
    assert await tab.value("location.search") == "?deny"


@pytest.mark.row("SEC-S18", "SEC-S17")
async def test_a_form_may_end_at_the_app_on_another_origin(tab: Tab, home: str) -> None:
    await tab.open(home + "/form")
    async with tab.leading_on():
        await tab.value("document.querySelector('button[value=approve]').click()")
    assert await tab.value("document.body.textContent") == "The app has the code."
    assert await tab.value("location.search") == "?approve"
    assert await tab.value("document.referrer") == ""
    assert tab.complaints == []


async def test_one_click_selects_all_that_is_to_be_copied(tab: Tab, home: str) -> None:
    await tab.open(home)
    place = "document.querySelector('pre').getBoundingClientRect()"
    x, y = await tab.value(f"[{place}.x + 30, {place}.y + {place}.height / 2]")
    await tab.click(x, y)
    assert (await tab.value("getSelection().toString()")).strip() == f"{home}/v1/mcp"
