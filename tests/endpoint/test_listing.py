from typing import Any

import pytest
from fakes.endpoint_server import McpServer
from fakes.mcp_client import Client, call, initialize, request
from jsonschema import Draft202012Validator

from telamon.endpoint.choice import Choice, read_choice

OWN = [
    "atlassianUserInfo",
    "getAccessibleAtlassianResources",
    "search",
    "fetch",
    "findTools",
    "callTool",
]


async def names(client: Client, query: str = "") -> list[str]:
    return [tool["name"] for tool in await listed(client, query)]


async def listed(client: Client, query: str = "") -> list[dict[str, Any]]:
    plain, client.url = client.url, client.url + query
    answer = await client.modern(request("tools/list"))
    client.url = plain
    tools: list[dict[str, Any]] = answer.result["tools"]
    return tools


@pytest.mark.row("MCP-C32", "MCP-B31")
async def test_the_list_is_the_same_every_time_our_own_first_then_by_name(client: Client) -> None:
    first = await names(client)
    assert first[: len(OWN)] == OWN
    assert first[len(OWN) :] == sorted(first[len(OWN) :])
    assert await names(client) == first


@pytest.mark.row("MCP-C43", "MCP-B31")
async def test_every_schema_is_valid_and_every_product_tool_takes_a_site(client: Client) -> None:
    for tool in await listed(client, "?tools=all"):
        Draft202012Validator.check_schema(tool["inputSchema"])
        assert tool["inputSchema"]["type"] == "object"
        assert ("cloudId" in tool["inputSchema"]["properties"]) == (tool["name"] not in OWN)


@pytest.mark.row("SEC-I18")
async def test_annotations_are_true(client: Client) -> None:
    tools = {tool["name"]: tool["annotations"] for tool in await listed(client, "?tools=all")}
    # A hint is left out where its absence says the same, or where it has no meaning.
    assert tools["getToy"] == {"title": "Read a toy", "readOnlyHint": True}
    assert tools["deleteToy"]["destructiveHint"] is True
    assert tools["paintToy"] == {
        "title": "Paint a toy",
        "readOnlyHint": False,
        "destructiveHint": False,
        "idempotentHint": False,
    }
    assert tools["atlassianUserInfo"]["openWorldHint"] is False


@pytest.mark.row("MCP-C34")
async def test_a_tool_without_its_scopes_is_not_listed(server: McpServer, client: Client) -> None:
    client.token = await server.token(["read:toys"])
    assert (await names(client))[len(OWN) - 2 :] == ["getToy"]


@pytest.mark.row("SEC-G03")
async def test_two_tokens_with_other_scopes_get_their_own_lists(
    server: McpServer, client: Client
) -> None:
    everything = await names(client)
    less = Client(client.http, client.url, await server.token(["read:toys"], account="ben"))
    assert len(await names(less)) < len(everything)
    assert await names(client) == everything


@pytest.mark.parametrize(
    ("query", "some", "none"),
    [
        ("", {"echo", "getToy", "findTools"}, {"order", "lacking"}),
        ("?tools=all", {"echo", "order", "deleteToy"}, {"findTools", "callTool"}),
        ("?toolsets=workshop-shelf,toys-toys", {"lacking", "paintToy"}, {"echo"}),
        ("?capabilities=READ_TOYS,WRITE_WORKSHOP", {"getToy", "order"}, {"paintToy", "echo"}),
        ("?readonly=true&tools=all", {"getToy"}, {"paintToy", "order", "callTool"}),
        ("?tools=none&unknown=1", {"echo"}, {"order"}),
    ],
)
async def test_the_url_chooses_what_is_listed(
    client: Client, query: str, some: set[str], none: set[str]
) -> None:
    found = set(await names(client, query))
    assert some <= found
    assert not none & found


@pytest.mark.parametrize(
    ("query", "known"),
    [
        ("?toolsets=toy-toys,\u202ework", "toys-toys, workshop-"),
        ("?capabilities=read", "READ_TOYS, READ_WORKSHOP"),
    ],
)
async def test_a_choice_that_means_nothing_is_refused_with_the_names_there_are(
    client: Client, query: str, known: str
) -> None:
    client.url += query
    answer = await client.modern(request("tools/list"))
    assert (answer.status, answer.error["code"]) == (400, -32602)
    assert "There is nothing named" in answer.error["message"]
    assert known in answer.error["message"]
    assert "\u202e" not in answer.error["message"]


async def test_a_name_that_means_nothing_beside_one_that_does_is_passed_over(
    client: Client,
) -> None:
    assert "paintToy" in await names(client, "?toolsets=toys-toys,confluence-pages")


def test_no_query_is_the_default_choice() -> None:
    assert read_choice({}) == Choice()


@pytest.mark.row("MCP-C33")
async def test_the_list_says_for_how_long_it_is_good_and_for_whom(client: Client) -> None:
    for _ in range(2):
        result = (await client.modern(request("tools/list"))).result
        assert (result["ttlMs"], result["cacheScope"]) == (300_000, "private")


@pytest.mark.parametrize(
    "method", ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]
)
async def test_a_cursor_is_unknown_because_every_list_is_one_page(
    client: Client, method: str
) -> None:
    answer = await client.modern(request(method, {"cursor": "next"}))
    assert answer.error["code"] == -32602


async def test_a_repeated_list_is_still_checked(client: Client) -> None:
    await names(client)
    answer = await client.modern(request("tools/list", {"_meta": {}, "cursor": 7}))
    assert answer.error["code"] == -32602
    bad = await client.modern(
        request("tools/list"), meta={"io.modelcontextprotocol/clientCapabilities": "text"}
    )
    assert bad.error["code"] == -32602


async def test_nothing_is_listed_before_initialize(client: Client) -> None:
    await names(client)
    await client.start()
    first = await client.post(request("tools/list"))
    assert [tool["name"] for tool in first.result["tools"]][: len(OWN)] == OWN
    again = await client.post([request("tools/list")])
    assert again.status == 400
    repeated = await client.post(request("tools/list", None, "x"))
    assert repeated.last["id"] == "x"
    assert repeated.result == first.result


async def test_two_lists_in_one_batch_are_both_answered(client: Client) -> None:
    await client.start("2025-03-26")
    batch = [request("tools/list", None, 1), call("echo", 2, text="x"), request("ping", None, 3)]
    found = {item["id"]: item["result"] for item in (await client.post(batch)).body}
    assert found[1]["tools"]
    assert found[2]["content"][0]["text"] == "x"
    assert found[3] == {}


async def test_the_same_list_is_given_to_another_session(client: Client) -> None:
    await client.start()
    first = await client.post(request("tools/list"))
    client.session = client.version = None
    assert (await client.post(initialize())).status == 200
    await client.start()
    assert (await client.post(request("tools/list"))).result == first.result
