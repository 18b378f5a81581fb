"""Progressive disclosure: look up and call a tool that this connection does not list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from telamon.endpoint.desk import Desk
from telamon.plugin import Tool, tool

_MOST_FOUND = 10
_TITLE_WEIGHT = 3


@tool(access="read", group="tools", title="Find more tools")
async def find_tools(
    desk: Desk,
    *,
    query: Annotated[
        str, Field(min_length=1, max_length=200, description="What you want to do, in a few words.")
    ],
) -> dict[str, Any]:
    """Look for tools that are not listed here, with their input schemas. Run one with callTool."""
    usable = [o.tool for o in desk.catalog.tools.values() if not desk.missing(o.tool)]
    return {
        "tools": [
            {"name": each.name, "description": each.description, "inputSchema": each.schema}
            for each in best(query, usable)
        ]
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Another:
    """What a tool returns to have another one called in its place, with all its checks."""

    name: str
    arguments: Mapping[str, Any]


@tool(access="write", group="tools", title="Call a tool that findTools found", destructive=True)
async def call_tool(
    desk: Desk,  # noqa: ARG001 - the contract: the client comes first
    *,
    name: Annotated[str, Field(min_length=1, max_length=128, description="The tool's name.")],
    arguments: Annotated[
        dict[str, Any] | None, Field(description="Its arguments, as its schema says.")
    ] = None,
) -> Another:
    """Run a tool that findTools found."""
    return Another(name=name, arguments=arguments or {})


def best(query: str, tools: Iterable[Tool[Any]]) -> Sequence[Tool[Any]]:
    """Return the tools in which most of the words occur, best first."""
    words = set(query.lower().split())
    scored = [(_score(words, each), each.name, each) for each in tools]
    ranked = sorted((s for s in scored if s[0]), key=lambda s: (-s[0], s[1]))
    return [each for _, _, each in ranked[:_MOST_FOUND]]


def _score(words: set[str], each: Tool[Any]) -> int:
    name = f"{each.name} {each.title}".lower()
    text = each.description.lower()
    return sum(_TITLE_WEIGHT * (word in name) + (word in text) for word in words)
