"""Work that belongs to the application, not to the request that caused it.

A client that goes away cancels its handler; an Atlassian refresh and its commit must finish all the
same. Start them here and wait with ``await asyncio.shield(task)``.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Tasks:
    """Holds running tasks, reports those that fail unobserved, and waits for them at the end."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Run *work* in a task of its own that lives as long as it needs."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("task.failed", task=task.get_name(), error=type(error).__name__)

    async def drain(self, seconds: float) -> int:
        """Wait up to *seconds* for all work, then cancel the rest; returns how many were cut."""
        if not self._running:
            return 0
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            log.error("task.cut", task=task.get_name())
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)
