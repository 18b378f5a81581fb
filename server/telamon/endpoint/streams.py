"""One stream of a session: a bounded log of events, and the one HTTP answer that reads it.

Everything a session sends goes into a stream's log first. A reader has a place in that log; it can
leave and another one can go on behind the last event it saw (``Last-Event-ID``). A reader that
falls further behind than the log is long loses its connection, never anybody's memory.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Literal

from aiohttp import web

from telamon.endpoint.waking import Wake
from telamon.endpoint.wire import PING, event

MOST_EVENTS = 64
MOST_BYTES = 256 * 1024
RETRY_MILLISECONDS = 1000
RETRY = b"retry: %d\r\n\r\n" % RETRY_MILLISECONDS

Prime = Literal["first", "behind", "never"]
Logged = tuple[int, bytes, str | None]
"""An event's number, its JSON text, and the request that it answers."""


class Reader:
    """An HTTP answer that follows a stream. ``sent`` is the number of the last event written."""

    __slots__ = ("_idle", "_missed", "_transport", "left", "ping", "sent", "wake")

    def __init__(self, transport: asyncio.BaseTransport | None, sent: int) -> None:
        self._transport = transport
        self.sent = sent
        self.wake = Wake()
        self.ping = False
        self.left = False
        self._idle = False
        self._missed = 0

    def leave(self) -> None:
        """Finish the answer in good order; the stream goes on without it."""
        self.left = True
        self.wake.set()

    def cut(self) -> None:
        """Nothing to do: its session answers what still runs, and ends the stream."""

    def drop(self) -> None:
        """Cut the connection at once: its client does not read."""
        self.leave()
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()

    def beat(self) -> None:
        """Ask for a keep-alive after a beat of silence; drop a reader that lets two wait."""
        if self.ping:
            self._missed += 1
            if self._missed > 1:
                self.drop()
        elif self._idle:
            self.ping = True
            self.wake.set()
        self._idle = True

    def wrote(self) -> None:
        """Note that something reached the connection."""
        self._idle = False
        self._missed = 0


class Stream:
    """A log of numbered events.

    *waiting* are the requests it owes an answer, with the last of which it ends; without any it
    goes on until the session ends. *owner* is the replica that it belongs to: with it an event's id
    is the only one of its kind in the session, wherever its client comes back.
    """

    __slots__ = (
        "_log",
        "_waiting",
        "come_back",
        "ended",
        "name",
        "note",
        "number",
        "only_answers",
        "reader",
        "seq",
        "size",
    )

    def __init__(self, number: int, waiting: Collection[str] = (), *, owner: str = "0") -> None:
        self.number = number
        self.name = f"{owner}-{number}"
        self.note: Callable[[Stream, Logged], None] | None = None
        self.seq = 0
        self.ended = False
        self.come_back = False
        self.only_answers = True
        self.reader: Reader | None = None
        self._waiting = frozenset(waiting)
        self._log: list[Logged] = []  # short, and much smaller than a deque
        self.size = 0

    def push(self, data: bytes, *, answers: str | None = None) -> None:
        """Append one JSON text; *answers* is the request it answers."""
        if self.ended:
            return
        self.seq += 1
        logged = (self.seq, data, answers)
        self._log.append(logged)
        self.size += len(data)
        self._shorten(len(data))
        if answers is None:
            self.only_answers = False
        elif answers in self._waiting:
            self._waiting -= {answers}
            self.ended = not self._waiting
        if self.note is not None:
            self.note(self, logged)
        self._wake()

    def _shorten(self, newest: int) -> None:
        """Keep the log within its bounds; the newest event stays however large it is."""
        while len(self._log) > 1 and (
            len(self._log) > MOST_EVENTS or self.size - newest > MOST_BYTES
        ):
            seq, data, _ = self._log.pop(0)
            self.size -= len(data)
            if self.reader is not None and seq > self.reader.sent:
                self.reader.drop()

    def end(self, *, come_back: bool = False) -> None:
        """Take no more events; the reader writes what is left and finishes.

        *come_back* tells the client that another stream may be opened, and when.
        """
        self.ended = True
        self.come_back |= come_back
        self._wake()

    def detach(self) -> None:
        """Finish the reader's connection while the stream goes on (MCP 2025-11-25)."""
        self.only_answers = False
        if self.reader is not None:
            self.reader.leave()

    def attach(self, request: web.Request, *, after: int | None = None) -> Reader:
        """Make *request* the reader, behind event *after*; an earlier reader has to leave."""
        if self.reader is not None:
            self.reader.leave()
        self.reader = Reader(request.transport, self.seq if after is None else after)
        return self.reader

    def release(self, reader: Reader) -> None:
        """Let *reader* go, unless another one has taken its place."""
        if self.reader is reader:
            self.reader = None

    def answers(self) -> list[bytes]:
        """Return every event still in the log, oldest first."""
        return [data for _, data, _ in self._log]

    @property
    def log(self) -> Sequence[Logged]:
        """What can be read again, oldest first."""
        return tuple(self._log)

    def _wake(self) -> None:
        if self.reader is not None:
            self.reader.wake.set()

    async def quiet(self, reader: Reader) -> bool:
        """Wait until the answer is complete; True if it is nothing but the answer.

        False means that only an event stream can carry it: a notification or a request came first,
        a keep-alive is due, or the answers of a batch grow large.
        """
        while (
            self.only_answers
            and self.size <= MOST_BYTES // 2
            and not (self.ended or reader.ping or reader.left)
        ):
            reader.wake.clear()
            await reader.wake.wait()
        return self.ended and self.only_answers

    async def pump(
        self,
        response: web.StreamResponse,
        reader: Reader,
        *,
        ids: bool = True,
        prime: Prime = "never",
    ) -> None:
        """Write the log from the reader's place on, until the stream ends or the reader leaves.

        *prime* says when the reader gets an event without data from which it can come back: before
        anything else on a stream's first connection, but only behind a replay. In front of it, it
        would make a second loss skip the rest of the replay.
        """
        if prime == "first":
            await response.write(self._prime(reader.sent))
        while True:
            reader.wake.clear()
            await self._write(response, reader, ids=ids)
            if reader.sent < self._newest():
                continue
            if prime == "behind" and not self.ended:
                prime = "never"
                self.seq += 1
                reader.sent = self.seq
                await response.write(self._prime(self.seq))
            elif reader.ping:
                reader.ping = False
                await response.write(PING)
                reader.wrote()
            if self.ended or reader.left:
                if self.come_back:
                    await response.write(RETRY)
                return
            await reader.wake.wait()

    async def _write(self, response: web.StreamResponse, reader: Reader, *, ids: bool) -> None:
        for seq, data, _ in list(self._log):
            if seq > reader.sent:
                name = f"{self.name}-{seq}" if ids else None
                await response.write(event(data, id_=name))
                reader.sent = seq
                reader.wrote()
        if not ids:  # nobody can come back for it
            self._log = [each for each in self._log if each[0] > reader.sent]
            self.size = sum(len(data) for _, data, _ in self._log)

    def _newest(self) -> int:
        return self._log[-1][0] if self._log else 0

    def _prime(self, seq: int) -> bytes:
        return b"id: %s-%d\r\nretry: %d\r\ndata: \r\n\r\n" % (
            self.name.encode(),
            seq,
            RETRY_MILLISECONDS,
        )
