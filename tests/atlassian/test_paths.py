import asyncio
import random
from typing import Any

import pytest
from fakes.cloud import DEMO, Cloud, Keeper
from fakes.gadgets import ROOT, gadgets

from telamon.atlassian.gateway import Gateway
from telamon.atlassian.paths import address, check_template, encode_query
from telamon.atlassian.principal import Principal
from telamon.plugin import InvalidArgument, Site
from telamon.plugin.paths import fill
from telamon.policy import Policies
from telamon.settings import PolicySettings

ITEM = f"{ROOT}/gadget/{{gadget-id}}"


@pytest.mark.row("SEC-I03")
def test_ten_thousand_random_arguments_never_leave_the_base() -> None:
    base = "https://api.atlassian.com/ex/jira/cloud"
    source = random.Random(20)
    nasty = ["..", "/", "\\", "%2e", "%2f", "?", "#", "@", ":", "//", ";", "\u2025", "\ufe52", "é"]
    for _ in range(10_000):
        text = "".join(
            source.choice([*nasty, chr(source.randrange(0x20, 0xD7FF)), "a", "."])
            for _ in range(source.randrange(1, 12))
        )
        try:
            url = address(base, fill(ITEM, {"gadget_id": text}), encode_query({"q": text}))
        except InvalidArgument:
            assert text in (".", "..") or any(ord(c) < 0x20 or ord(c) == 0x7F for c in text)
            continue
        assert str(url).startswith(f"{base}{ROOT}/gadget/")
        assert url.raw_path.count("/") == ITEM.count("/") + 3
        assert list(url.query) == ["q"]
        assert url.query["q"] == text
        assert not url.fragment


@pytest.mark.row("SEC-I01", "SEC-I02")
@pytest.mark.parametrize("value", ["%2e%2e", "%2e%2e%2f", "a/b", "a?x=1", "a#b", "A-1\\..", "é:@"])
async def test_on_the_wire_an_argument_is_one_encoded_segment(keeper: Keeper, value: str) -> None:
    received: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readline())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    grant = await keeper.signed_in()
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = keeper.cloud.settings.model_copy(update={"api_url": f"http://127.0.0.1:{port}"})
        gateway = Gateway(keeper.cloud.http, keeper.custody, settings, keeper.limits, keeper.clock)
        keeper.gateway = gateway
        await keeper.api(grant).get(ITEM, gadget_id=value)
    base = f"/ex/jira/{DEMO.cloud_id}{ROOT}/gadget/"
    target = received[0].split(b" ")[1].decode()
    assert target.startswith(base)
    assert "/" not in target.removeprefix(base)
    assert target.removeprefix(base) == fill("{v}", {"v": value})


@pytest.mark.parametrize("value", ["", ".", "..", "a\x00", "a\r\nHost: evil.example.com"])
async def test_an_unusable_segment_is_refused_before_any_request(
    keeper: Keeper, value: str
) -> None:
    api = keeper.api(await keeper.signed_in())
    with pytest.raises(InvalidArgument):
        await api.get(ITEM, gadget_id=value)
    assert keeper.cloud.requests == []


@pytest.mark.parametrize(
    "template",
    [
        "/rest/other/1/gadget",
        "/rest/gadgets/10/gadget",
        f"{ROOT}/../other",
        f"{ROOT}//evil",
        f"{ROOT}/a?x=1",
        f"{ROOT}/a#x",
        f"{ROOT}/%2e%2e",
        f"{ROOT}/a b",
        f"{ROOT}/x{{y}}",
        "rest/gadgets/1",
        "",
    ],
)
def test_a_template_outside_the_products_api_is_a_fault_of_the_plugin(template: str) -> None:
    with pytest.raises(ValueError, match=r"template|API roots"):
        check_template(gadgets(), template)


def test_a_template_below_a_root_is_taken() -> None:
    for template in (ROOT, ITEM, f"{ROOT}/a.b-c_d/{{x}}/e"):
        check_template(gadgets(api_roots=(ROOT, "/wiki")), template)


@pytest.mark.row("SEC-I05")
def test_query_values_cannot_add_parameters() -> None:
    query: dict[str, Any] = {
        "a": "1&maxResults=9",
        "none": None,
        "flag": True,
        "off": False,
        "list": ["x", "y z"],
        "numbers": (1, 2),
        "n": 1.5,
        "empty": [],
    }
    assert encode_query(query) == (
        "a=1%26maxResults%3D9&flag=true&off=false&list=x&list=y%20z&numbers=1&numbers=2&n=1.5"
    )
    assert encode_query(None) == ""


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        encode_query({"a": "\ud800"})


async def test_a_principal_with_an_odd_cloud_id_gets_no_api(
    keeper: Keeper, atlassian: Cloud
) -> None:
    site = Site(cloud_id="../me", url="https://x.example.com", name="X")
    principal = Principal(
        account_id="a",
        client_id="c",
        family_id="f",
        grant_id="g",
        site=site,
        scopes=frozenset(),
        policy=Policies(PolicySettings()).deployment,
        expires_at=0,
    )
    with pytest.raises(ValueError, match="cloud id"):
        keeper.gateway.api(principal, gadgets())
    assert atlassian.requests == []
