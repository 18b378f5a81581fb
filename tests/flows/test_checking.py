"""``telamon check`` against a server that runs."""

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from telamon.checking import findings, product_findings
from telamon.demo.journey import Journey
from telamon.demo.running import demo
from telamon.loader import load

PLUGINS = ("confluence", "jira")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def test_a_sound_deployment_has_no_faults() -> None:
    async with demo(0) as telamon:
        found = {f.what: f.level async for f in findings(telamon.settings, time.time)}
    assert found["storage"] == found["atlassian"] == found["clock"] == "ok"


@pytest.mark.parametrize(
    ("atlassian", "warned"),
    [
        ({}, True),
        ({"allowed_sites": ["demo-site.example.com"]}, False),
        ({"allowed_email_domains": ["example.com"]}, False),
    ],
)
async def test_who_lets_anybody_in_is_warned(
    atlassian: dict[str, list[str]], *, warned: bool
) -> None:
    async with demo(0, atlassian=atlassian) as telamon:
        found = {f.what async for f in findings(telamon.settings, time.time)}
    assert ("people" in found) is warned


async def test_a_clock_that_is_off_is_told_with_its_remedy() -> None:
    async with demo(0) as telamon:
        said = [f async for f in findings(telamon.settings, lambda: time.time() + 3600)]
    (clock,) = [f for f in said if f.what == "clock"]
    assert clock.level == "fault"
    assert "NTP" in clock.said


async def test_each_product_is_tried_as_an_account(http: aiohttp.ClientSession) -> None:
    async with demo(0) as telamon:
        journey = Journey(http=http, home=telamon.settings.public_url, say=lambda _s, _o: None)
        await journey.discover()
        await journey.register()
        await journey.sign_in()
        (grant,) = await telamon.storage.grants.list(limit=10)
        loaded = load(PLUGINS, {})
        found = [
            f async for f in product_findings(telamon.settings, loaded, grant.account_id, time.time)
        ]
        assert [(f.what, f.level) for f in found] == [("confluence", "ok"), ("jira", "ok")]
        (nobody,) = [
            f async for f in product_findings(telamon.settings, loaded, "nobody", time.time)
        ]
        assert nobody.level == "fault"
        assert "grants list" in nobody.said
