"""What the operator takes away from some people, at the moment of a call."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from fakes.endpoint_server import BEN_SITE, McpServer, mcp_server
from fakes.mcp_client import Answer, Client, call, read_event, request
from fakes.products import make_product

from telamon.endpoint.confirming import confirm
from telamon.plugin.testing import FakeCall

TOYS = {
    ("GET", "/rest/toys/1"): {"id": "1", "name": "Bear"},
    ("GET", "/rest/toys"): {"toys": [{"id": "1", "name": "Bear"}]},
    ("DELETE", "/rest/toys/1"): None,
}
EVERYTHING = ["read", "write", "delete"]
DELETE = call("deleteToy", toyId="1")
FORMS: dict[str, Any] = {"elicitation": {}}
Serving = Callable[..., Any]


@pytest.fixture
def serving(http: aiohttp.ClientSession) -> Serving:
    @asynccontextmanager
    async def serve(**policy: Any) -> AsyncIterator[tuple[McpServer, Client]]:
        async with mcp_server([make_product()], answers=TOYS, policy=policy) as server:
            yield server, Client(http, server.mcp, await server.token())

    return serve


async def listed(client: Client) -> set[str]:
    client.url += "?tools=all"
    answer = await client.modern(request("tools/list"))
    client.url = client.url.removesuffix("?tools=all")
    return {tool["name"] for tool in answer.result["tools"]}


def sent(server: McpServer) -> list[tuple[str, str]]:
    return [(r.method, r.path) for _, _, api in server.gateway.given for r in api.requests]


@pytest.mark.row("SEC-G07")
@pytest.mark.parametrize(
    "rule",
    [
        {"accounts": ["ben"], "access": ["read"]},
        {"accounts": ["ben"], "read_only": True},
        {"accounts": ["ben"], "deny_tools": ["deleteToy", "paintToy"]},
        {"accounts": ["ben"], "products": {"toys": {"access": ["read"]}}},
        {"email_domains": ["b.example.com"], "read_only": True},
        {"sites": ["two.example.com"], "read_only": True},
    ],
)
async def test_what_a_rule_takes_away_is_unknown_to_that_person_alone(
    serving: Serving, http: aiohttp.ClientSession, rule: dict[str, Any]
) -> None:
    async with serving(access=EVERYTHING, rules=[rule]) as (server, ada):
        await server.grant("ada")
        await server.grant("ben", email="ben@b.example.com")
        ben = Client(http, server.mcp, await server.token(account="ben", site=BEN_SITE))
        assert {"deleteToy", "paintToy"} <= await listed(ada)
        assert not {"deleteToy", "paintToy"} & await listed(ben)
        assert (await ben.modern(call("getToy", toyId="1"))).text
        for message in (DELETE, call("callTool", name="deleteToy", arguments={"toyId": "1"})):
            answer = await ben.modern(message)
            assert (answer.status, answer.error["code"]) == (400, -32602)
            assert answer.error["message"].startswith("Unknown tool: ")
        if await _has(ben, "findTools"):
            found = await ben.modern(call("findTools", query="throw a toy away"))
            assert "deleteToy" not in found.text
        assert "Unknown" not in str((await ada.modern(call("paintToy", toyId="1"))).messages)
        assert {method for method, _ in sent(server)} == {"GET"}


async def _has(client: Client, name: str) -> bool:
    return name in await listed(client)


@pytest.mark.row("SEC-G07")
async def test_a_denied_tool_is_unknown_even_where_its_scope_is_missing_too(
    serving: Serving, http: aiohttp.ClientSession
) -> None:
    rule = {"accounts": ["ben"], "deny_tools": ["deleteToy"]}
    async with serving(access=EVERYTHING, rules=[rule]) as (server, _):
        tokens = [await server.token(["read:toys"], account=name) for name in ("ada", "ben")]
        ada, ben = (Client(http, server.mcp, token) for token in tokens)
        assert (await ada.modern(DELETE)).status == 403
        answer = await ben.modern(DELETE)
        assert (answer.status, answer.error["message"]) == (400, "Unknown tool: deleteToy")


@pytest.mark.row("SEC-G07")
async def test_a_denied_call_tool_is_unknown_whatever_it_was_to_call(
    serving: Serving, http: aiohttp.ClientSession
) -> None:
    async with serving(access=EVERYTHING, deny_tools=["callTool"]) as (server, _):
        client = Client(http, server.mcp, await server.token(["read:toys"]))
        for name in ("deleteToy", "getToy", "noSuchTool"):
            answer = await client.modern(call("callTool", name=name, arguments={}))
            assert (answer.status, answer.error["message"]) == (400, "Unknown tool: callTool")


async def test_who_may_not_read_finds_no_resource_prompt_or_hit(
    serving: Serving, http: aiohttp.ClientSession
) -> None:
    rule = {"accounts": ["ben"], "products": {"toys": {"access": ["write"]}}}
    async with serving(rules=[rule]) as (server, ada):
        ben = Client(http, server.mcp, await server.token(account="ben"))
        read = request("resources/read", {"uri": "toys://one.example.com/toy/1"})
        prompt = request("prompts/get", {"name": "tidyUp"})
        for client, seen in ((ada, True), (ben, False)):
            templates = await client.modern(request("resources/templates/list"))
            assert bool(templates.result["resourceTemplates"]) is seen
            prompts = await client.modern(request("prompts/list"))
            assert bool(prompts.result["prompts"]) is seen
            assert ("result" in (await client.modern(read)).last) is seen
            assert ("result" in (await client.modern(prompt)).last) is seen
            assert ("Bear" in (await client.modern(call("search", query="x"))).text) is seen
            fetched = await client.modern(call("fetch", id="https://one.example.com/toys/1"))
            assert ("Bear" in fetched.text) is seen


@pytest.mark.row("SEC-G07")
async def test_without_a_known_address_a_rule_for_addresses_leaves_nothing(
    serving: Serving,
) -> None:
    rule = {"email_domains": ["b.example.com"], "read_only": True}
    async with serving(rules=[rule]) as (server, ada):
        assert "getToy" not in await listed(ada)
        answer = await ada.modern(call("getToy", toyId="1"))
        assert answer.error["message"] == "Unknown tool: getToy"
        assert sent(server) == []


def confirmed(first: Answer, **content: Any) -> dict[str, Any]:
    again = call("deleteToy", toyId="1")
    again["params"]["inputResponses"] = {
        next(iter(first.result["inputRequests"])): {"action": "accept", "content": content}
    }
    again["params"]["requestState"] = first.result["requestState"]
    return again


CONFIRM = {"access": EVERYTHING, "confirm_deletes": True}


async def test_the_user_is_asked_before_anything_is_deleted(serving: Serving) -> None:
    async with serving(**CONFIRM) as (server, client):
        first = await client.modern(DELETE, capabilities=FORMS)
        (asked,) = first.result["inputRequests"].values()
        assert asked["params"]["message"] == (
            'Throw a toy away? The app wants to do this: {"toyId": "1"}'
        )
        assert sent(server) == []
        second = await client.modern(confirmed(first, delete=True), capabilities=FORMS)
        # The tool's own question comes after the operator's.
        (own,) = second.result["inputRequests"].values()
        assert own["params"]["message"] == "Throw toy 1 away?"


@pytest.mark.parametrize("content", [{"delete": False}, {}])
async def test_without_a_yes_nothing_is_deleted(serving: Serving, content: dict[str, bool]) -> None:
    async with serving(**CONFIRM) as (server, client):
        first = await client.modern(DELETE, capabilities=FORMS)
        second = await client.modern(confirmed(first, **content), capabilities=FORMS)
        assert "Gone" not in str(second.messages)
        assert sent(server) == []


@pytest.mark.row("SEC-G07", "MCP-C42")
async def test_a_yes_to_a_question_that_was_not_put_is_no_yes(serving: Serving) -> None:
    async with serving(**CONFIRM) as (server, client):
        first = await client.modern(DELETE, capabilities=FORMS)
        unasked = confirmed(first, delete=True)
        del unasked["params"]["requestState"]
        asked_again = await client.modern(unasked, capabilities=FORMS)
        assert asked_again.result["inputRequests"] == first.result["inputRequests"]
        assert sent(server) == []


@pytest.mark.row("SEC-G07", "SEC-N06")
@pytest.mark.parametrize(
    "other",
    [
        call("deleteToy", toyId="2"),
        call("deleteToy", toyId="1", cloudId="one.example.com"),
        call("callTool", name="deleteToy", arguments={"toyId": "1"}),
        call("paintToy", toyId="1", colour="red"),
    ],
)
async def test_a_yes_is_for_one_tool_with_its_arguments(
    serving: Serving, other: dict[str, Any]
) -> None:
    async with serving(**CONFIRM) as (server, client):
        first = await client.modern(DELETE, capabilities=FORMS)
        yes = confirmed(first, delete=True)["params"]
        for part in ("inputResponses", "requestState"):
            other["params"][part] = yes[part]
        answer = await client.modern(other, capabilities=FORMS)
        assert (answer.status, answer.error["code"]) == (400, -32602)
        assert sent(server) == []


@pytest.mark.row("SEC-G07")
async def test_call_tool_asks_as_well(serving: Serving) -> None:
    message = call("callTool", name="deleteToy", arguments={"toyId": "1"})
    async with serving(**CONFIRM) as (server, client):
        answer = await client.modern(message, capabilities=FORMS)
        (asked,) = answer.result["inputRequests"].values()
        assert asked["params"]["message"].startswith("Throw a toy away? ")
        assert "this client cannot ask" in (await client.modern(message)).text
        assert sent(server) == []


@pytest.mark.row("SEC-G07")
@pytest.mark.parametrize("said", ["yes", "true", 1, [True], {"delete": True}, None])
async def test_nothing_but_true_is_a_yes(serving: Serving, said: Any) -> None:
    async with serving(**CONFIRM) as (server, client):
        first = await client.modern(DELETE, capabilities=FORMS)
        second = await client.modern(confirmed(first, delete=said), capabilities=FORMS)
        assert (second.status, second.error["code"]) == (400, -32602)
        assert sent(server) == []


async def test_before_2026_the_question_comes_on_the_stream(serving: Serving) -> None:
    async with serving(**CONFIRM) as (server, client):
        await client.start("2025-11-25", elicitation={})
        async with client.sent(DELETE) as response:
            while (event := await read_event(response)) is not None and not event.data:
                pass
            assert event is not None
            assert event.message["method"] == "elicitation/create"
            answer = {"jsonrpc": "2.0", "id": event.message["id"], "result": {"action": "decline"}}
            async with client.sent(answer) as accepted:
                assert accepted.status == 202
            while (event := await read_event(response)) is not None and not event.data:
                pass
            assert event is not None
            assert event.message["result"]["isError"] is True
        assert sent(server) == []


async def test_a_client_that_cannot_ask_deletes_nothing(serving: Serving) -> None:
    async with serving(**CONFIRM) as (server, client):
        answer = await client.modern(DELETE)
        assert answer.result["isError"] is True
        assert "this client cannot ask" in answer.text
        assert sent(server) == []


async def test_nobody_is_asked_about_a_call_that_cannot_work(serving: Serving) -> None:
    async with serving(**CONFIRM) as (_, client):
        answer = await client.modern(call("deleteToy", toyId="bear"), capabilities=FORMS)
        assert answer.result["isError"] is True
        assert "toyId" in answer.text


async def test_a_long_question_is_cut(serving: Serving) -> None:
    async with serving(**CONFIRM) as (_, client):
        answer = await client.modern(call("deleteToy", toyId="1" * 2000), capabilities=FORMS)
        (asked,) = answer.result["inputRequests"].values()
        assert len(asked["params"]["message"]) < 600


@pytest.mark.row("SEC-G07")
async def test_no_long_argument_hides_another_one() -> None:
    user = FakeCall(answers={"confirm": {"delete": True}})
    await confirm(user.ask, "Throw a toy away", {"reason": "Because. " * 200, "toyId": "77"})
    ((_, question),) = user.asked
    assert question.endswith('…, "toyId": "77"}')
    assert len(question) < 600


@pytest.mark.row("SEC-G07")
async def test_what_is_denied_completes_like_what_does_not_exist(
    serving: Serving, http: aiohttp.ClientSession
) -> None:
    rule = {"accounts": ["ben"], "products": {"toys": {"access": ["write"]}}}
    async with serving(rules=[rule]) as (server, ada):
        ben = Client(http, server.mcp, await server.token(account="ben"))
        toy, room = "toys://{site}/toy/{key}", {"name": "room", "value": ""}
        site = {"name": "site", "value": ""}
        denied = [
            ({"type": "ref/prompt", "name": "tidyUp"}, room),
            ({"type": "ref/resource", "uri": toy}, {"name": "key", "value": ""}),
            ({"type": "ref/resource", "uri": toy}, site),
        ]
        missing = request(
            "completion/complete",
            {"ref": {"type": "ref/prompt", "name": "noSuch"}, "argument": room},
        )
        unknown = await ben.modern(missing)
        assert unknown.error["code"] == -32602
        for ref, argument in denied:
            message = request("completion/complete", {"ref": ref, "argument": argument})
            assert "result" in (await ada.modern(message)).last
            assert (await ben.modern(message)).error == unknown.error


@pytest.mark.row("SEC-G07")
async def test_a_denied_toolset_is_none_to_that_person(
    serving: Serving, http: aiohttp.ClientSession
) -> None:
    rule = {"accounts": ["ben"], "products": {"toys": {"access": ["read"]}}}
    async with serving(access=EVERYTHING, rules=[rule]) as (server, ada):
        token = await server.token(account="ben")
        message = request("tools/list")
        ben = Client(http, f"{server.mcp}?capabilities=DELETE_TOYS", token)
        delete = await ben.modern(message)
        ben.url = f"{server.mcp}?capabilities=HIDE_TOYS"
        made_up = await ben.modern(message)
        assert (delete.status, delete.error["code"]) == (400, -32602)
        said = made_up.error["message"].replace("HIDE_TOYS", "DELETE_TOYS")
        assert delete.error["message"] == said
        assert "WRITE_TOYS" not in said
        ada.url += "?capabilities=DELETE_TOYS"
        assert "result" in (await ada.modern(message)).last
