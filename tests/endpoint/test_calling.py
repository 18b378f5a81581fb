import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from conftest import FakeClock
from fakes.endpoint_server import BEN_SITE, McpServer, mcp_server
from fakes.endpoint_workshop import Workshop, make_workshop
from fakes.mcp_client import Client, call, request
from pydantic import BaseModel

from telamon.plugin import LimitHit, NotFound, ToolCalled


@pytest.mark.row("MCP-B30", "SEC-J11", "MCP-C44")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "The argument 'toyId' is missing."),
        ({"toyId": "1", "colour": "red"}, "There is no argument 'colour'."),
        ({"toyId": "bear"}, r"The argument 'toyId' is wrong: String should match pattern '^\d+$'"),
        ({"toyId": 1}, "The argument 'toyId' is wrong: Input should be a valid string."),
        ({f"k{n}": n for n in range(10_000)}, "more. Correct the arguments and call again."),
    ],
)
async def test_wrong_arguments_are_a_failed_result_that_names_them(
    server: McpServer, client: Client, arguments: dict[str, Any], sentence: str
) -> None:
    answer = await client.modern(call("getToy", **arguments))
    assert answer.result["isError"] is True
    assert sentence in answer.text
    (event,) = server.events
    assert isinstance(event, ToolCalled)
    assert (event.outcome, event.reason) == ("tool_error", "ValidationError")


@pytest.mark.row("MCP-B30", "SEC-G07")
async def test_an_unknown_tool_is_a_protocol_error(client: Client) -> None:
    answer = await client.modern(call("noSuchTool"))
    assert (answer.status, answer.error["code"]) == (400, -32602)
    assert answer.error["message"] == "Unknown tool: noSuchTool"


@pytest.mark.row("SEC-G07")
@pytest.mark.parametrize(
    "policy", [{"read_only": True}, {"deny_tools": ["order"]}, {"allow_tools": ["echo"]}]
)
async def test_a_tool_that_the_operator_took_away_does_not_exist(
    http: aiohttp.ClientSession, workshop: Workshop, policy: dict[str, Any]
) -> None:
    async with mcp_server([make_workshop(workshop)], policy=policy) as server:
        client = Client(http, server.mcp, await server.token())
        for message in (call("order", thing="desk"), call("callTool", name="order")):
            answer = await client.modern(message)
            assert answer.error["message"].startswith("Unknown tool: ")
        own = await client.modern(call("search", query="x"))
        assert ("error" in own.last) == ("allow_tools" in policy)
    assert workshop.done == []


@pytest.mark.row("SEC-G07")
async def test_a_connection_that_is_read_only_cannot_write(client: Client) -> None:
    client.url += "?readonly=1"
    answer = await client.modern(call("paintToy", toyId="1", colour="red"))
    assert answer.error["message"] == "Unknown tool: paintToy"


async def test_a_tool_error_is_told_in_its_own_words(
    server: McpServer, client: Client, workshop: Workshop
) -> None:
    workshop.give = NotFound("There is no such bench.\u202e")
    answer = await client.modern(call("give"))
    assert answer.result["isError"] is True
    assert answer.text == "There is no such bench."
    (event,) = server.events
    assert isinstance(event, ToolCalled)
    assert (event.outcome, event.reason) == ("tool_error", "NotFound")


@pytest.mark.row("SEC-G05")
async def test_an_unknown_fault_is_told_in_general_words_with_its_number(
    client: Client, workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    workshop.give = RuntimeError("secret-detail")
    answer = await client.modern(call("give"))
    assert answer.result["isError"] is True
    assert "secret-detail" not in answer.text
    number = answer.text.rsplit(" ", 1)[1].rstrip(".")
    assert number in capsys.readouterr().out


async def test_what_json_cannot_say_is_an_unknown_fault(client: Client, workshop: Workshop) -> None:
    workshop.give = object()
    assert "error id" in (await client.modern(call("give"))).text


async def test_a_fault_in_a_tools_own_model_is_not_blamed_on_the_caller(
    client: Client, workshop: Workshop
) -> None:
    class Inner(BaseModel):
        number: int

    try:
        Inner.model_validate({})
    except ValueError as error:
        workshop.give = error
    assert "error id" in (await client.modern(call("give"))).text


@pytest.mark.row("SEC-G02")
@pytest.mark.parametrize("cloud", [BEN_SITE.cloud_id, "two.example.com", BEN_SITE.url, 7])
async def test_another_sites_id_is_refused_before_anything_is_asked(
    server: McpServer, client: Client, cloud: Any
) -> None:
    answer = await client.modern(call("getToy", toyId="1", cloudId=cloud))
    assert answer.result["isError"] is True
    assert "one.example.com" in answer.text
    assert server.gateway.given == []


@pytest.mark.row("SEC-G02")
@pytest.mark.parametrize(
    "cloud",
    ["11111111-1111-4111-8111-111111111111", "One.Example.com", "https://one.example.com/browse"],
)
async def test_any_name_of_the_own_site_is_accepted(client: Client, cloud: str) -> None:
    answer = await client.modern(call("getToy", toyId="1", cloudId=cloud))
    assert answer.text == '{"id":"1","name":"Bear"}'


@pytest.mark.row("SEC-L06")
async def test_every_call_is_announced(server: McpServer, client: Client) -> None:
    await client.modern(call("getToy", toyId="1"))
    (event,) = server.events
    assert isinstance(event, ToolCalled)
    assert (event.tool, event.product, event.access) == ("getToy", "toys", "read")
    assert (event.account_id, event.client_id, event.outcome) == ("ada", "client-1", "ok")


@pytest.mark.row("SEC-L09")
@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_one_users_calls_are_limited_and_others_are_not(
    server: McpServer, client: Client, workshop: Workshop, era: str
) -> None:
    if era == "legacy":
        await client.start()
    post = client.modern if era == "modern" else client.post
    running = [asyncio.ensure_future(post(call("wait", number))) for number in range(10)]
    await workshop.crowded.wait()
    refused = await post(call("echo", 11, text="too much"))
    assert refused.error["code"] == -32000
    assert refused.error["data"] == {"retryAfter": 1}
    assert LimitHit(limit="concurrent_calls", key="ada") in server.events
    ben = Client(client.http, client.url, await server.token(account="ben"))
    assert (await ben.modern(call("echo", text="fine"))).text == "fine"
    workshop.release.set()
    await asyncio.gather(*running)
    assert (await post(call("echo", 12, text="again"))).text == "again"


@pytest.mark.row("SEC-L09", "MCP-C44")
async def test_calls_are_limited_by_the_minute(
    workshop: Workshop, http: aiohttp.ClientSession, clock: FakeClock
) -> None:
    limits = {"calls_per_minute": 2}
    async with mcp_server([make_workshop(workshop)], clock=clock, limits=limits) as server:
        client = Client(http, server.mcp, await server.token())
        for _ in range(2):
            assert (await client.modern(call("echo", text="x"))).text == "x"
        refused = await client.modern(call("echo", text="x"))
        assert refused.error["data"] == {"retryAfter": 30}
        clock.advance(30)
        assert (await client.modern(call("echo", text="x"))).text == "x"


@pytest.mark.row("SEC-G03", "SEC-G04", "SEC-G05")
async def test_two_users_on_two_sites_never_see_each_others_data(
    server: McpServer, client: Client
) -> None:
    users = [
        Client(client.http, client.url, await server.token(account=account, site=site))
        for account, site in [("ada", None), ("ben", BEN_SITE)]
        if site is not None
    ] + [client]
    for each in users:
        await each.start()

    async def one(each: Client, number: int) -> tuple[bool, bool]:
        mark = f"{each.token}-{number}"
        message = call("echo", number, text=mark)
        modern = await each.modern(message)
        legacy = await each.post(message)
        return modern.text == mark, legacy.text == mark

    async def in_turn(each: Client) -> list[tuple[bool, bool]]:
        return [await one(each, number) for number in range(25)]

    results = await asyncio.gather(*(in_turn(each) for each in users for _ in range(1)))
    assert all(pair == (True, True) for found in results for pair in found)


@dataclass
class Compact:
    name: str
    note: str | None = None


@pytest.mark.row("SEC-J05", "SEC-I15", "SEC-N28")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a \ud800 b", "a \ufffd b"),
        ("tag\U000e0041 zero\u200bwidth \u202ebidi", "tag zerowidth bidi"),
        ("line\u2028end\r\n\ndata: x", "line\u2028end\r\n\ndata: x"),
        (Compact("n"), '{"name":"n"}'),
        ({"a": None, "b": [Compact("x\u200b")]}, '{"b":[{"name":"x"}]}'),
        (None, "Done."),
    ],
)
@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_results_are_compact_and_clean(
    client: Client, workshop: Workshop, value: Any, text: str, era: str
) -> None:
    workshop.give = value
    if era == "legacy":
        await client.start()
        answer = await client.post(call("give"))
    else:
        answer = await client.modern(call("give"))
    assert answer.text == text


async def test_a_result_over_the_cap_is_cut_and_says_so(
    workshop: Workshop, http: aiohttp.ClientSession
) -> None:
    workshop.give = "ä" * 1000
    async with mcp_server([make_workshop(workshop)], limits={"result_bytes": 101}) as server:
        client = Client(http, server.mcp, await server.token())
        text = (await client.modern(call("give"))).text
    kept, _, rest = text.partition("\n")
    assert kept == "ä" * 50
    assert "has 2000 bytes and at most 101 are sent" in rest


async def test_a_missing_scope_that_atlassian_finds_is_told_in_words(client: Client) -> None:
    assert (await client.modern(call("lacking"))).text == "Atlassian wants read:more."


async def test_the_id_of_a_request_may_be_any_string(client: Client) -> None:
    id_ = 'a"b\\c\u2028\U0001f600'
    answer = await client.modern(request("tools/list", None, id_))
    assert answer.last["id"] == id_
