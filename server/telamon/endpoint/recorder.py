"""Writes the events of resumable streams behind their backs, so that they outlive this process.

Only where several processes share a database. A client never waits for an event to be stored, but
for the note that its stream exists: an event id that it has seen is good everywhere. What cannot be
written just now waits for the storage to come back, for half a minute. Answers that are plain JSON
have no ids, and nothing of them is written.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial

import structlog

from telamon.clock import Clock
from telamon.endpoint.kernel import RequestId
from telamon.endpoint.streams import Logged, Stream
from telamon.storage import StorageUnavailable, StreamEntry
from telamon.storage.mcp_streams import McpStreams
from telamon.tasks import Tasks

_BATCH = 200
_MOST_BYTES = 16 * 1024 * 1024
_PAUSE_SECONDS = 1.0
_MOST_FAILURES = 30
log = structlog.get_logger(__name__)


_Waiting = tuple[StreamEntry, asyncio.Future[None] | None]
"""What is to be written, and for its beginning who waits until it is."""


class Recorder:
    """One queue for all streams of this process, emptied in batches."""

    def __init__(self, streams: McpStreams, tasks: Tasks, clock: Clock) -> None:
        self._streams = streams
        self._tasks = tasks
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._bytes = 0
        self._failures = 0
        self._writing: asyncio.Task[None] | None = None

    async def begin(
        self, session: bytes, stream: Stream, waiting: Sequence[tuple[RequestId, bool]]
    ) -> None:
        """Keep everything that goes into *stream*, from its beginning on.

        *waiting* are its requests, each with whether it may change something. Returns when the
        stream can be resumed anywhere, or when the storage cannot tell.
        """
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put(StreamEntry(session=session, stream=stream.name, waiting=waiting), begun)
        for logged in stream.log:
            self._note(session, stream, logged)
        stream.note = partial(self._note, session)
        if not self._failures:
            await begun

    def _note(self, session: bytes, stream: Stream, logged: Logged) -> None:
        seq, data, answers = logged
        self._put(
            StreamEntry(
                session=session,
                stream=stream.name,
                seq=seq,
                data=data,
                answers=answers,
                last=stream.ended and seq == stream.seq,
                first=stream.log[0][0],
                size=stream.size,
            )
        )

    def _put(self, entry: StreamEntry, begun: asyncio.Future[None] | None = None) -> None:
        if self._bytes > _MOST_BYTES and begun is None:
            log.warning("events.not_recorded", lost=1)
            return
        self._waiting.append((entry, begun))
        self._bytes += len(entry.data)
        if self._writing is None:
            self._writing = self._tasks.start(self._write(), name="record events")

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                try:
                    await self._streams.record([entry for entry, _ in batch], self._clock())
                    self._failures = 0
                except StorageUnavailable:
                    self._failures += 1
                    _release(self._waiting)
                finally:
                    _release(batch)
                if 0 < self._failures <= _MOST_FAILURES:
                    self._waiting = batch + self._waiting
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                if self._failures:
                    log.warning("events.not_recorded", lost=len(batch))
                self._bytes -= sum(len(entry.data) for entry, _ in batch)
        finally:
            self._writing = None

    async def written(self, seconds: float) -> None:
        """Wait until everything is written that was there to write, for so many *seconds*."""
        if self._writing is None:
            return
        _, late = await asyncio.wait([self._writing], timeout=seconds)
        for task in late:
            log.warning("events.not_recorded", lost=len(self._waiting))
            task.cancel()


def _release(entries: Iterable[_Waiting]) -> None:
    for _, begun in entries:
        if begun is not None and not begun.done():  # its client may have gone meanwhile
            begun.set_result(None)
