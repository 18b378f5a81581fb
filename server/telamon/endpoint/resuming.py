"""Streams that began in another process: replayed from the database, and followed while it lives.

The other process goes on writing what it sends, and says so; here it is read and passed on. Should
that process die, its streams are ended here, with an error for every request that it still owes.
"""

from dataclasses import dataclass

import structlog
from aiohttp import web

from telamon.clock import Clock
from telamon.endpoint.bearer import Admission
from telamon.endpoint.delivery import SESSION_ID
from telamon.endpoint.kernel import JSONRPCError, RequestId
from telamon.endpoint.lines import Lines, notice_loss
from telamon.endpoint.presence import Presence
from telamon.endpoint.session import Session
from telamon.endpoint.streams import Reader
from telamon.endpoint.wire import (
    PING,
    SSE_HEADERS,
    Refused,
    event,
    lost_error,
    message_bytes,
    refusal,
)
from telamon.storage import Storage, StorageUnavailable, StoredStream, Unsealable
from telamon.storage.mcp_sessions import ENDED
from telamon.storage.mcp_streams import WRITTEN

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What an event id names: the process, its stream, and the last event that was seen."""

    owner: str
    number: int
    seq: int

    @property
    def name(self) -> str:
        """The stream's name."""
        return f"{self.owner}-{self.number}"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Follower:
    """Somebody who reads a stream of another process, here."""

    session: bytes
    name: str
    owner: str
    reader: Reader


class Resuming:
    """The readers of other processes' streams."""

    def __init__(self, storage: Storage, presence: Presence, lines: Lines, clock: Clock) -> None:
        self._keys = storage.mcp_sessions
        self._streams = storage.mcp_streams
        self._presence = presence
        self._lines = lines
        self._clock = clock
        self._followers: set[_Follower] = set()
        storage.notifications.subscribe(WRITTEN, self._written, missed=self._wake_all)
        storage.notifications.subscribe(ENDED, self._session_ended)

    async def follow(
        self,
        request: web.Request,
        admission: Admission,
        session: Session,
        place: Place,
    ) -> web.StreamResponse:
        """Answer with what came behind *place*.

        Raises:
            Refused: 404, there is no such stream in this session, or not any more.
        """
        owner, name, after = place.owner, place.name, place.seq
        key = self._keys.key(session.id)
        if await self._read(key, name, after) is None:
            raise Refused(refusal(404, "Unknown Last-Event-ID"))
        reader = Reader(request.transport, after)
        follower = _Follower(session=key, name=name, owner=owner, reader=reader)
        response = web.StreamResponse(headers={**SSE_HEADERS, SESSION_ID: session.id})
        notice_loss(request)
        log.info("stream.followed", owner=owner)
        self._followers.add(follower)
        session.followers += 1
        try:
            with self._lines.hold(reader, admission):
                await response.prepare(request)
                # What this process has of its own it has in memory: the rest of it is lost too.
                if owner == self._presence.id or not await self._presence.lives(owner):
                    await self._end(follower)
                await self._pump(response, follower)
                await response.write_eof()
        except ConnectionResetError:
            return response
        except StorageUnavailable:
            await response.write_eof()  # the client comes back for the rest
        finally:
            session.followers -= 1
            self._followers.discard(follower)
        return response

    async def _pump(self, response: web.StreamResponse, follower: _Follower) -> None:
        reader = follower.reader
        while True:
            reader.wake.clear()
            stored = await self._read(follower.session, follower.name, reader.sent)
            for seq, data in stored.events if stored else ():
                await response.write(event(data, id_=f"{follower.name}-{seq}"))
                reader.sent = seq
                reader.wrote()
            if reader.ping:
                reader.ping = False
                await response.write(PING)
                reader.wrote()
            if stored is None or stored.ended or reader.left:
                return
            await reader.wake.wait()

    async def _read(self, session: bytes, name: str, after: int) -> StoredStream | None:
        try:
            return await self._streams.read(session, name, after)
        except Unsealable:
            log.exception("stream.unsealable")
            return None

    async def beat(self) -> None:
        """End the streams whose process has died."""
        for owner in {follower.owner for follower in self._followers}:
            if not await self._presence.lives(owner):
                for follower in [each for each in self._followers if each.owner == owner]:
                    await self._end(follower)

    async def _end(self, follower: _Follower) -> None:
        ended = await self._streams.finish(
            follower.session,
            follower.name,
            _lost,
            after=follower.reader.sent,
            now=self._clock(),
        )
        if ended:
            log.warning("stream.lost", owner=follower.owner)
        follower.reader.wake.set()

    def _written(self, places: str) -> None:
        written = set(places.splitlines())
        for follower in self._followers:
            if f"{follower.session.hex()}/{follower.name}" in written:
                follower.reader.wake.set()

    def _session_ended(self, key: str) -> None:
        for follower in self._followers:
            if follower.session.hex() == key:
                follower.reader.leave()

    def _wake_all(self) -> None:
        for follower in self._followers:
            follower.reader.wake.set()


def _lost(id_: RequestId, changes: bool) -> bytes:
    error = lost_error(changes=changes)
    return message_bytes(JSONRPCError(jsonrpc="2.0", id=id_, error=error))
