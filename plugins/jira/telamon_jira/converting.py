"""Where documents become Markdown and Markdown documents: large ones leave the event loop alone."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from telamon.plugin import Json
from telamon_jira.values import items, members

LARGE = 64 * 1024
"""Characters; what is larger is converted in a thread, while others are served."""

_NODE = 20
"""What a value counts at least, so that many small ones are large too."""

T = TypeVar("T")


async def converted(work: Callable[[], T], *weighed: Json) -> T:
    """Return what *work* makes of *weighed*; in a thread if that is much."""
    return await asyncio.to_thread(work) if larger(list(weighed), LARGE) else work()


def larger(value: Json, limit: int) -> bool:
    """Say whether parsed JSON is larger than about *limit* characters, looking no further."""
    size = 0
    waiting = [value]
    while waiting and size <= limit:
        one = waiting.pop()
        size += _NODE
        if isinstance(one, str):
            size += len(one)
        elif isinstance(one, dict):
            waiting.extend(members(one).values())
        elif isinstance(one, list):
            waiting.extend(items(one))
    return size > limit
