"""A load generator cheaper than what it loads: prepared bytes in, ends of answers counted."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What one run gave. ``latencies`` are seconds, unsorted."""

    seconds: float = 0.0
    answers: int = 0
    failures: int = 0
    flooded: float = 0.0
    """Requests in a second that somebody else made meanwhile."""
    latencies: list[float] = field(default_factory=list[float])

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return self.answers / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Return the latency that *share* of the answers stayed within, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Connection(asyncio.Protocol):
    """One keep-alive connection: sends bytes, resolves with the head and body of the answer."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._waiting: asyncio.Future[bytes] | None = None
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("closed"))

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        """Send *request*; the future gives the whole answer."""
        self._waiting = asyncio.get_running_loop().create_future()
        if self._lost:
            self._waiting.set_exception(ConnectionError("closed"))
        else:
            self.transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._waiting is None or self._waiting.done():
            return
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lower = bytes(self._buffer[:head]).lower()
        length = lower.find(b"content-length:")
        if length >= 0:
            end = lower.find(b"\r", length)
            size = int(lower[length + 15 : end if end >= 0 else None])
            if len(self._buffer) < head + 4 + size:
                return
        elif b"chunked" in lower and not self._buffer.endswith(b"0\r\n\r\n"):
            return
        answer = bytes(self._buffer)
        self._buffer.clear()
        self._waiting.set_result(answer)


async def connect(port: int) -> Connection:
    """Open a connection to a server on loopback."""
    _, protocol = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return protocol


async def run(ask: list[Callable[[], Awaitable[bool]]], seconds: float) -> Outcome:
    """Let each of *ask* call again and again; each says whether its answer was right."""
    outcome = Outcome()
    began = time.perf_counter()
    end = began + seconds

    async def worker(one: Callable[[], Awaitable[bool]]) -> None:
        while (start := time.perf_counter()) < end:
            right = await one()
            outcome.latencies.append(time.perf_counter() - start)
            outcome.answers += right
            outcome.failures += not right

    await asyncio.gather(*(worker(one) for one in ask))
    outcome.seconds = time.perf_counter() - began
    return outcome
