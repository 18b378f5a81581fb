"""Every page in a real Chromium, without script; pictures of them are kept to be looked at."""

from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from fakes.demo_process import Demo
from fakes.person import SHOTS, Person

pytestmark = [pytest.mark.node, pytest.mark.browser]
LOOKS: list[dict[str, Any]] = [
    {"prefix": "wide-", "width": 1000, "height": 900},
    {"prefix": "phone-dark-", "width": 390, "height": 844, "dark": True},
]


@pytest.mark.parametrize("look", LOOKS, ids=["wide", "phone"])
async def test_the_start_page_names_the_address(
    demo: Demo, person: Person, look: dict[str, Any]
) -> None:
    seen = await person.visit(f"{demo.home}/", shots=str(SHOTS), **look)
    assert demo.mcp in seen["text"]
    assert seen["problems"] == []


@pytest.mark.parametrize("look", LOOKS, ids=["wide", "phone"])
async def test_a_person_signs_in_to_see_the_connections(
    demo: Demo, person: Person, look: dict[str, Any]
) -> None:
    seen = await person.visit(f"{demo.home}/connections", shots=str(SHOTS), **look)
    assert seen["at"].startswith(f"{demo.home}/connections")
    assert "Ada Example" in seen["text"]
    assert seen["problems"] == []


@pytest.mark.row("R11")
async def test_a_callback_that_was_not_registered_is_named_with_what_to_do(
    demo: Demo, person: Person
) -> None:
    body = {"client_name": "Desktop", "redirect_uris": ["http://localhost:3334/oauth/callback"]}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{demo.home}/register", json=body) as registered,
    ):
        client_id = (await registered.json())["client_id"]
    other = "http://localhost:3334/another/callback"
    query = urlencode({"response_type": "code", "client_id": client_id, "redirect_uri": other})
    seen = await person.visit(f"{demo.home}/authorize?{query}", shots=str(SHOTS), prefix="problem-")
    assert seen["answer"] is None
    assert other in seen["text"]
    assert "What to do" in seen["text"]
