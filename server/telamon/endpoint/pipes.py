"""The two ends that a session hands to the kernel's loop: messages in, messages out."""

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from types import TracebackType
from typing import Self

from telamon.endpoint.kernel import SessionMessage
from telamon.endpoint.waking import Wake


class Inbox:
    """Messages on their way to the loop, each with the context variables of its request."""

    __slots__ = ("_closed", "_waiting", "_wake", "last_context")

    def __init__(self) -> None:
        self.last_context: Context | None = None
        self._waiting: list[tuple[Context, SessionMessage]] = []
        self._wake = Wake()
        self._closed = False

    def put(self, message: SessionMessage) -> None:
        """Hand *message* over."""
        if not self._closed:
            self._waiting.append((copy_context(), message))
            self._wake.set()

    def close(self) -> None:
        """Let the loop end behind what was handed over."""
        self._closed = True
        self._wake.set()

    async def receive(self) -> SessionMessage:
        """Return the next message; the kernel's loops iterate instead."""
        return await self.__anext__()

    async def aclose(self) -> None:
        """Close; the kernel does it when its loop is over."""
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        self.last_context, message = self._waiting.pop(0)
        return message

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()


class Outbox:
    """Messages on their way out, handed to *route* one by one."""

    __slots__ = ("_route",)

    def __init__(self, route: Callable[[SessionMessage], None]) -> None:
        self._route = route

    async def send(self, item: SessionMessage, /) -> None:
        """Route *item*, and let its reader run before the next one comes."""
        self._route(item)
        await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Nothing to close: the streams belong to the session."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Nothing to close."""
