"""Every tool against the demo: each answers, and asks Atlassian only for what is documented."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from architecture.tool_table import rows
from facts.requests import check, find
from flows.tour import TOUR, Stop, tour

from telamon.demo.clients import StatelessClient
from telamon.demo.journey import Journey
from telamon.demo.running import demo

EVERYTHING = {"access": ["read", "write", "delete", "manage"]}
MISDESCRIBED = frozenset({"/rest/api/3/bulk/issues/move"})
"""Its schema requires two names that it does not have; its example has the right ones."""
ROWS = tuple(rows())
INSIDE = {"callTool": "getJiraIssue"}
"""Which tool the tour has it call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A stop of the tour, and what it asked of Atlassian meanwhile."""

    stop: Stop
    requests: list[dict[str, Any]]


def declared(tool: str) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Return a tool's scopes and operations; those of search and fetch are several products'."""
    found = [row for row in ROWS if row.name == INSIDE.get(tool, tool)]
    scopes = frozenset(scope for row in found for scope in row.scopes)
    return scopes, frozenset(operation for row in found for operation in row.operations)


async def toured() -> tuple[set[str], list[Done]]:
    """Sign in as Ada, list all tools, call each; returns the names and what was done."""
    done: list[Done] = []
    async with (
        demo(0, policy=EVERYTHING) as telamon,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        home = telamon.settings.public_url
        journey = Journey(http=http, home=home, say=lambda _step, _outcome: None)
        await journey.discover()
        await journey.register()
        await journey.sign_in()
        await journey.redeem()
        url = f"{journey.state['resource']}?tools=all"
        client = StatelessClient(http, url, journey.state["pair"]["access_token"])
        listed = {tool["name"] for tool in (await client.call("tools/list"))["tools"]}
        journal = f"{home}/_atlassian/_sandbox/requests"
        await http.delete(journal)

        async def call(tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
            result = await client.call("tools/call", {"name": tool, "arguments": arguments})
            assert not result.get("isError"), f"{tool} {dict(arguments)}: {result['content']}"
            return result

        async for stop in tour(call):
            async with http.get(journal) as answer:
                asked = (await answer.json())["requests"]
            await http.delete(journal)
            done.append(Done(stop=stop, requests=[each for each in asked if each["product"]]))
    return listed, done


async def test_every_tool_answers_and_asks_as_documented_within_its_scopes() -> None:
    listed, done = await toured()
    assert listed | {"findTools", "callTool"} == {tool for tool, _ in TOUR}
    problems: list[str] = []
    for each in done:
        tool = each.stop.tool
        scopes, operations = declared(tool)
        for request in each.requests:
            said = f"{tool}: {request['method']} {request['path']}"
            if beyond := set(request["scopes"]) - scopes:
                problems.append(f"{said} used {beyond}")
            wrong = check(
                request["product"],
                request["method"],
                request["path"],
                request["query"],
                request["body"],
            )
            if request["template"] not in MISDESCRIBED:
                problems += [f"{said}: {problem}" for problem in wrong]
            if request["status"] >= 400:
                problems.append(f"{said} was answered with {request['status']}")
            if not among(request, operations):
                problems.append(f"{said} is not in docs/tools.md")
    assert problems == []


def among(request: Mapping[str, Any], operations: frozenset[tuple[str, str]]) -> bool:
    """Whether what was asked is one of the operations that the page names for the tool."""
    asked = find(request["product"], request["method"], request["path"])
    return any(
        method == request["method"] and find(request["product"], method, path) == asked
        for method, path in operations
    )
