"""Writes the events of resumable streams behind their backs, so that they outlive this process.

Only where several processes share a database. A client never waits for an event to be stored, but
for the note that its stream exists: an event id that it has seen is good everywhere. Answers that
are plain JSON have no ids, and nothing of them is written.
"""

import asyncio
from collections.abc import Sequence
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
log = structlog.get_logger(__name__)


class Recorder:
    """One queue for all streams of this process, emptied in batches."""

    def __init__(self, streams: McpStreams, tasks: Tasks, clock: Clock) -> None:
        self._streams = streams
        self._tasks = tasks
        self._clock = clock
        self._waiting: list[StreamEntry] = []
        self._begun: list[asyncio.Future[None]] = []
        self._bytes = 0
        self._writing: asyncio.Task[None] | None = None

    async def begin(
        self, session: bytes, stream: Stream, waiting: Sequence[tuple[RequestId, bool]]
    ) -> None:
        """Keep everything that goes into *stream*, from its beginning on.

        *waiting* are its requests, each with whether it may change something. Returns when the
        stream can be resumed anywhere, or when the storage cannot tell.
        """
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._begun.append(begun)
        self._put(StreamEntry(session=session, stream=stream.name, waiting=waiting))
        for logged in stream.log:
            self._note(session, stream, logged)
        stream.note = partial(self._note, session)
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

    def _put(self, entry: StreamEntry) -> None:
        if self._bytes > _MOST_BYTES and entry.waiting is None:
            log.warning("events.not_recorded", lost=1)
            return
        self._waiting.append(entry)
        self._bytes += len(entry.data)
        if self._writing is None:
            self._writing = self._tasks.start(self._write(), name="record events")

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                beginnings = sum(entry.waiting is not None for entry in batch)
                begun, self._begun = self._begun[:beginnings], self._begun[beginnings:]
                self._bytes -= sum(len(entry.data) for entry in batch)
                try:
                    await self._streams.record(batch, self._clock())
                except StorageUnavailable:
                    log.warning("events.not_recorded", lost=len(batch))
                finally:
                    for waiting in begun:
                        if not waiting.done():  # its client may have gone meanwhile
                            waiting.set_result(None)
        finally:
            self._writing = None

    async def written(self) -> None:
        """Wait until everything is written that was there to write."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
