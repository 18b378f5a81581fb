"""Progressive disclosure: look up and call a tool that this connection does not list."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from telamon.catalog import OfferedTool
from telamon.endpoint.desk import Desk
from telamon.plugin import Tool, tool

_MOST_FOUND = 5
_NAME_WEIGHT = 3
_SHORTEST_STEM = 4
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_SAY_NOTHING = (
    "a all an and any as at by can do find for from get give how i in into is it me my of on one "
    "or please show some tell that the their this to tool tools use what which with"
)
_STOP = frozenset(_SAY_NOTHING.split())


@tool(access="read", group="tools", title="Find more tools")
async def find_tools(
    desk: Desk,
    *,
    query: Annotated[
        str, Field(min_length=1, max_length=200, description="What you want to do, in a few words.")
    ],
) -> dict[str, Any]:
    """Look for tools that are not listed here, with their input schemas. Run one with callTool."""
    allowed = [o for o in desk.catalog.tools.values() if desk.allows(o)]
    found = best(query, allowed)
    usable = [o for o in found if not desk.missing(o.tool)]
    listed = [o.tool.name for o in usable if desk.choice.lists(o.product.name, o.tool)]
    lacking = [o.tool.name for o in found if desk.missing(o.tool)]
    return {
        "tools": [
            {
                "name": o.tool.name,
                "description": o.tool.description,
                "inputSchema": o.tool.schema,
            }
            for o in usable
            if o.tool.name not in listed
        ],
        **({"alreadyListed": listed} if listed else {}),
        **({"notApprovedByTheUser": lacking} if lacking else {}),
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


def best(query: str, tools: Iterable[OfferedTool]) -> Sequence[OfferedTool]:
    """Return the tools that fit the words of *query*, best first, at most five.

    A tool fits when one word stands in its name or title and no other tool has more of them; words
    that say nothing ("the", "tool") do not count unless there are no others.
    """
    words = _words(query)
    wanted = (words - _STOP) or words
    scored = sorted(
        ((_score(wanted, each.tool), each.tool.name, each) for each in tools),
        key=lambda entry: (-entry[0], entry[1]),
    )
    least = max(_NAME_WEIGHT, scored[0][0] / 2) if scored else 0
    return [each for score, _, each in scored[:_MOST_FOUND] if score >= least]


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def _score(wanted: set[str], each: Tool[Any]) -> int:
    name, text = _words(f"{each.name} {each.title}"), _words(each.description)
    return sum(
        _NAME_WEIGHT * any(_alike(word, other) for other in name)
        + any(_alike(word, other) for other in text)
        for word in wanted
    )


def _alike(word: str, other: str) -> bool:
    """Whether two words are the same but for an ending: ``delete``, ``deletes``."""
    if word == other:
        return True
    short, long = sorted((word, other), key=len)
    return len(short) >= _SHORTEST_STEM and long.startswith(short)
