"""A product whose tools do what a test tells them: wait, flood, fail, ask."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from telamon.plugin import (
    AnyProduct,
    Api,
    Call,
    Hit,
    MissingScope,
    Product,
    Scope,
    Search,
    Tool,
    tool,
)

USE_WORKSHOP = Scope("read:workshop", "look around in the workshop")
BUILD = Scope("write:workshop", "build things in the workshop", "write")


CROWD = 10


class NoSettings(BaseModel):
    pass


class Size(BaseModel):
    size: Literal["small", "large"]


class Colour(BaseModel):
    colour: str


@dataclass
class Workshop:
    """What the tools wait for, and what they did."""

    started: asyncio.Event = field(default_factory=asyncio.Event)
    crowded: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: int = 0
    tick: Callable[[], None] = lambda: None
    done: list[str] = field(default_factory=list)
    apis: list[Api] = field(default_factory=list)
    give: Any = "given"
    hits: Callable[[], list[Hit]] = list


@tool(USE_WORKSHOP, access="read", group="bench", title="Echo")
async def echo(_: Workshop, *, text: str) -> str:
    """Say it again."""
    return text


@tool(USE_WORKSHOP, access="read", group="bench", title="Wait")
async def wait(workshop: Workshop, *, name: str = "wait") -> str:
    """Wait to be released."""
    workshop.started.set()
    workshop.waiting += 1
    if workshop.waiting == CROWD:
        workshop.crowded.set()
    try:
        await workshop.release.wait()
    except asyncio.CancelledError:
        workshop.cancelled += 1
        raise
    else:
        workshop.done.append(name)
    finally:
        workshop.ended.set()
    return f"{name} was released"


@tool(USE_WORKSHOP, access="read", group="bench", title="Knock, then wait")
async def knock(workshop: Workshop, call: Call) -> str:
    """Report progress, then wait to be released."""
    await call.progress(1, 2, "knocked")
    return str(await wait.run(workshop, name="knock"))


@tool(USE_WORKSHOP, access="read", group="bench", title="Flood")
async def flood(_: Workshop, call: Call, *, lines: int, size: int = 10) -> str:
    """Log and report far too much."""
    for number in range(lines):
        await call.log("info", "x" * size)
        await call.progress(number + 1, lines)
        await call.progress(number + 1, lines)
    return "flooded"


@tool(USE_WORKSHOP, access="read", group="bench", title="Pour")
async def pour(workshop: Workshop, call: Call, *, kilobytes: int) -> str:
    """Log many large lines, none of them too soon after the one before."""
    try:
        for _ in range(500):
            workshop.tick()
            await call.log("info", "x" * 1024 * kilobytes)
    except asyncio.CancelledError:
        workshop.cancelled += 1
        raise
    finally:
        workshop.ended.set()
    return "poured"


@tool(USE_WORKSHOP, access="read", group="bench", title="Give")
async def give(workshop: Workshop) -> object:
    """Return what the test put there, or raise it."""
    if isinstance(workshop.give, Exception):
        raise workshop.give
    return workshop.give


@tool(USE_WORKSHOP, BUILD, access="write", group="bench", title="Order", listed=False)
async def order(workshop: Workshop, call: Call, *, thing: str) -> str:
    """Ask two questions, then order the thing."""
    size = await call.ask("size", f"Which size of {thing}?", Size)
    if size.value is None:
        return f"No order: {size.action}."
    colour = await call.ask("colour", f"Which colour of {thing}?", Colour)
    if colour.value is None:
        return f"No order: {colour.action}."
    workshop.done.append(thing)
    return f"Ordered a {size.value.size} {colour.value.colour} {thing}."


@tool(USE_WORKSHOP, access="read", group="shelf", title="Ask for more scopes", listed=False)
async def lacking(_: Workshop) -> str:
    """Fail because Atlassian wants another scope."""
    raise MissingScope("Atlassian wants read:more.", ["read:more"])


async def _search(workshop: Workshop, words: str, limit: int) -> list[Hit]:
    del words, limit
    return workshop.hits()


def make_workshop(workshop: Workshop, *more: Tool[Workshop]) -> AnyProduct:
    """Return the product around *workshop*."""

    def connect(api: Api, settings: NoSettings) -> Workshop:
        del settings
        workshop.apis.append(api)
        return workshop

    return Product(
        name="workshop",
        title="Workshop",
        gateway="workshop",
        api_roots=("/rest/workshop",),
        settings=NoSettings,
        connect=connect,
        tools=(echo, wait, knock, flood, pour, give, order, lacking, *more),
        search=Search(scopes=frozenset({USE_WORKSHOP}), run=_search),
    )
