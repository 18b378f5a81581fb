import base64
import hashlib
import json
import re
import shlex
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from jinja2 import UndefinedError
from pytest_aiohttp.plugin import AiohttpClient

from telamon.addresses import Addresses
from telamon.web import problems
from telamon.web.landing import client_settings, install_links, landing
from telamon.web.pages import Pages
from telamon.web.problems import Problem

CALLBACK = "http://localhost:3334/oauth/callback"
HOSTILE = '"><script>alert(1)</script>'
PROBLEMS = [
    problems.did_not_finish(),
    problems.did_not_finish("It was denied."),
    problems.redirect_refused("http://localhost:3334/oauth/callback"),
    problems.callback_misconfigured("https://mcp.example.com/oauth/atlassian/callback"),
    problems.access_denied(site="example.atlassian.net"),
    problems.access_denied(),
    problems.no_data(["write:jira-work"]),
    problems.no_data(),
    problems.atlassian_unavailable(),
    problems.too_often("12"),
    problems.unavailable(),
    problems.not_understood(404),
    problems.not_understood(405),
    problems.unexpected("0123456789abcdef"),
]


def body(text: str | None) -> str:
    assert text is not None
    return text


@pytest.mark.row("SEC-S13", "SEC-S14", "SEC-S19")
def test_every_page_carries_the_security_headers(pages: Pages) -> None:
    headers = pages.problem(problems.unavailable(), status=503).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Permissions-Policy"].startswith("camera=()")
    policy = headers["Content-Security-Policy"].split("; ")
    assert {
        "default-src 'none'",
        "script-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "img-src 'self'",
    } <= set(policy)


@pytest.mark.row("SEC-S18")
def test_the_policy_leaves_form_action_out_because_chromium_applies_it_to_redirects(
    pages: Pages,
) -> None:
    policy = pages.problem(problems.unavailable()).headers["Content-Security-Policy"]
    assert "form-action" not in policy


def test_the_policy_allows_exactly_the_style_that_the_page_has(pages: Pages) -> None:
    page = pages.problem(problems.unavailable())
    style = re.findall(r"<style>(.*?)</style>", body(page.text), re.DOTALL)
    assert len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.headers["Content-Security-Policy"]


@pytest.mark.row("SEC-S14")
def test_what_others_wrote_is_escaped_in_a_page(pages: Pages) -> None:
    problem = Problem(title=HOSTILE, happened=HOSTILE, to_do=(HOSTILE,), details={"App": HOSTILE})
    said = body(pages.problem(problem).text)
    assert "<script" not in said
    assert said.count("&lt;script&gt;") == 5


@pytest.mark.row("R10", "R11", "R12", "R13", "SEC-S16")
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.title)
def test_each_problem_says_what_happened_what_to_do_and_what_was_not_changed(
    pages: Pages, problem: Problem
) -> None:
    page = pages.problem(problem, status=400)
    said = body(page.text)
    assert page.status == 400
    for part in (problem.title, problem.happened, problem.unchanged, *problem.to_do):
        assert part
        assert part.replace("'", "&#39;") in said
    for name, value in problem.details.items():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in said


@pytest.mark.row("R11")
def test_a_refused_redirect_names_the_callback_and_says_to_allow_list_it() -> None:
    problem = problems.redirect_refused(
        "http://localhost:3334/oauth/callback", client_name="An app"
    )
    assert problem.details == {
        "App": "An app",
        "Return address": CALLBACK,
    }
    said = " ".join(problem.to_do)
    assert "allow-list" in said
    assert "firewall" in said


@pytest.mark.row("R12")
def test_denied_access_sends_people_to_their_site_administrator() -> None:
    assert "administrator of your Atlassian site" in " ".join(problems.access_denied().to_do)


@pytest.mark.row("R13")
def test_missing_permissions_are_named() -> None:
    problem = problems.no_data(["read:page:confluence", "write:jira-work"])
    assert problem.details == {"Missing permissions": "read:page:confluence, write:jira-work"}


def test_a_page_that_lacks_a_value_is_an_error_not_a_gap(pages: Pages) -> None:
    with pytest.raises(UndefinedError):
        pages.page("problem")


@pytest.mark.parametrize("name", ["problem", "landing"])
def test_a_page_is_one_accessible_document_without_script(
    pages: Pages, addresses: Addresses, name: str
) -> None:
    values: dict[str, Any] = {
        "problem": problems.unexpected("id"),
        "products": ["Jira", "Confluence"],
        "settings": client_settings(addresses),
        "links": install_links(addresses),
    }
    said = body(pages.page(name, **values).text)
    assert said.startswith("<!doctype html>")
    assert '<html lang="en">' in said
    assert said.count("<h1>") == 1
    assert [said.count(f"<{mark}>") for mark in ("header", "main", "footer")] == [1, 1, 1]
    assert "width=device-width" in said
    assert not re.search(r"<script|\son\w+=|\sstyle=|javascript:|<img|https?://fonts", said)
    levels = [int(level) for level in re.findall(r"<h(\d)", said)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    named = re.findall(r"\sid=\"([^\"]+)\"", said)
    assert len(named) == len(set(named))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *(
            (ink, ground)
            for ink in ("ink", "soft", "accent")
            for ground in ("sheet", "ground", "well")
        ),
        ("on-accent", "accent"),
        ("on-accent", "accent-hover"),
        ("note", "sheet"),
        ("careful", "sheet"),
        ("problem", "sheet"),
        ("problem", "well"),
    ],
)
def test_text_has_the_contrast_of_wcag_aa_in_both_schemes(
    pages: Pages, scheme: int, ink: str, ground: str
) -> None:
    said = body(pages.problem(problems.unavailable()).text)
    found = re.findall(r":root \{(.*?)\}", said, re.DOTALL)[scheme]
    colours = {
        name: f"#{''.join(c * 2 for c in value)}" if len(value) == 3 else f"#{value}"
        for name, value in re.findall(r"--([\w-]+): #([0-9a-f]+);", found)
    }
    assert contrast(colours[ink], colours[ground]) >= 4.5


async def test_the_start_page_is_answered_with_its_icon(
    pages: Pages, addresses: Addresses, aiohttp_client: AiohttpClient
) -> None:
    app = web.Application()
    app.add_routes(landing(pages, addresses, ["Jira", "Confluence"]))
    client = await aiohttp_client(app)
    page = await client.get("/")
    assert page.status == 200
    assert page.content_type == "text/html"
    assert "script-src 'none'" in page.headers["Content-Security-Policy"]
    assert "Connect your AI client to Jira and Confluence" in await page.text()
    icon = await client.get("/favicon.svg")
    assert icon.content_type == "image/svg+xml"
    assert icon.headers["Content-Security-Policy"] == "default-src 'none'"
    assert "<circle" in await icon.text()


@pytest.mark.row("R9", "R10", "R11", "R12", "R13")
async def test_the_start_page_helps_with_what_goes_wrong(
    pages: Pages, addresses: Addresses, aiohttp_client: AiohttpClient
) -> None:
    app = web.Application()
    app.add_routes(landing(pages, addresses, []))
    said = await (await (await aiohttp_client(app)).get("/")).text()
    assert "Connect your AI client to Atlassian" in said
    for words in (
        "No browser window opens",
        "starting again is safe",
        "http://localhost:3334/oauth/callback",
        "allow-list",
        "administrator of your Atlassian site",
        "Sign in again from your client",
    ):
        assert words in said


def test_the_settings_are_what_each_client_reads(addresses: Addresses) -> None:
    settings = client_settings(addresses)
    url = "https://mcp.example.com/v1/mcp"
    assert settings["claude_code"] == f"claude mcp add --transport http telamon {url}"
    assert json.loads(settings["cursor"]) == {"mcpServers": {"telamon": {"url": url}}}
    assert json.loads(settings["vscode"]) == {"servers": {"telamon": {"type": "http", "url": url}}}
    desktop = json.loads(settings["claude_desktop"])["mcpServers"]["telamon"]
    assert shlex.join([desktop["command"], *desktop["args"]]) == settings["mcp_remote"]
    code = shlex.split(settings["vscode_command"])
    assert code[:2] == ["code", "--add-mcp"]
    assert json.loads(code[2]) == {"name": "telamon", "type": "http", "url": url}


def test_the_cursor_link_carries_the_settings(addresses: Addresses) -> None:
    link = urlsplit(install_links(addresses)["cursor"])
    assert (link.scheme, link.netloc, link.path) == (
        "cursor",
        "anysphere.cursor-deeplink",
        "/mcp/install",
    )
    values = parse_qs(link.query)
    assert values["name"] == ["telamon"]
    assert json.loads(base64.b64decode(values["config"][0])) == {"url": addresses.mcp}
