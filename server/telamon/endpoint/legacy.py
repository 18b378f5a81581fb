"""Streamable HTTP of the handshake revisions: 2025-03-26, 2025-06-18 and 2025-11-25.

A client that goes away cancels nothing here: the session's loop owns the work, and the answer waits
in its stream for whoever comes back with ``Last-Event-ID``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from telamon.endpoint.bearer import Admission
from telamon.endpoint.choice import read_choice
from telamon.endpoint.delivery import SESSION_ID, can_close_streams, follow, open_stream, stand
from telamon.endpoint.elsewhere import Elsewhere
from telamon.endpoint.gate import Gate
from telamon.endpoint.kernel import (
    HANDSHAKE_PROTOCOL_VERSIONS,
    LATEST_HANDSHAKE_VERSION,
    JSONRPCMessage,
    JSONRPCRequest,
)
from telamon.endpoint.lines import Lines, Seat
from telamon.endpoint.resuming import Place
from telamon.endpoint.session import STANDING, Session
from telamon.endpoint.sessions import Sessions
from telamon.endpoint.streams import Prime, Reader, Stream
from telamon.endpoint.wire import SSE_HEADERS, Refused, accepts, read_message, refusal
from telamon.plugin import Json

BATCH_REVISION = "2025-03-26"
_MOST_IN_BATCH = 50
_EVENT_ID = re.compile(r"(?P<owner>[0-9a-f]{16})-(?P<stream>\d{1,12})-(?P<seq>\d{1,9})", re.ASCII)


class Legacy:
    """Serves the requests that carry a handshake revision, or none, in ``MCP-Protocol-Version``."""

    def __init__(
        self, sessions: Sessions, elsewhere: Elsewhere, lines: Lines, gate: Gate, resource: str
    ) -> None:
        self._sessions = sessions
        self._elsewhere = elsewhere
        self._lines = lines
        self._gate = gate
        self._resource = resource

    async def post(
        self, request: web.Request, admission: Admission, data: Json
    ) -> web.StreamResponse:
        """Take one message, or the batch that 2025-03-26 knew."""
        if accepts(request) != (True, True):
            raise Refused(refusal(406, "Accept must list application/json and text/event-stream."))
        first = None if isinstance(data, list) else read_message(data)
        if isinstance(first, JSONRPCRequest) and first.method == "initialize":
            session = await self._initialize(request, admission, first)
            messages: Sequence[JSONRPCMessage] = [first]
        else:
            session = await self._session(request, admission)
            messages = [first] if first is not None else _batch(data, session)
        principal = admission.principal
        for message in messages:
            self._gate.pass_(message, principal, self._resource)
        messages = await self._elsewhere.crossing.route(session, messages)
        stream = open_stream(session, principal, read_choice(request.query), messages)
        if stream is None:
            return web.Response(status=202, headers={SESSION_ID: session.id})
        answering = _Answering(session, stream, messages, batch=isinstance(data, list))
        return await self._answer(request, admission, answering)

    async def _initialize(
        self, request: web.Request, admission: Admission, message: JSONRPCRequest
    ) -> Session:
        if SESSION_ID in request.headers:
            await self._session(request, admission)
            raise Refused(refusal(400, "This session is initialized already.", id_=message.id))
        params = message.params or {}
        asked = params.get("protocolVersion")
        known = asked in HANDSHAKE_PROTOCOL_VERSIONS
        version = str(asked) if known else LATEST_HANDSHAKE_VERSION
        return await self._sessions.start(admission.principal, version, params)

    async def _session(self, request: web.Request, admission: Admission) -> Session:
        id_ = request.headers.get(SESSION_ID)
        if not id_:
            raise Refused(refusal(400, "The Mcp-Session-Id header is missing."))
        return await self._sessions.find(id_, admission.principal)

    async def _answer(
        self, request: web.Request, admission: Admission, answering: "_Answering"
    ) -> web.StreamResponse:
        """Answer with JSON if nothing but the answer is to be said, else with an event stream."""
        session, stream = answering.session, answering.stream
        reader = stream.attach(request, after=0)
        streamed = False
        try:
            with self._lines.hold(reader, admission):
                if await stream.quiet(reader):
                    return _json(session, stream, batch=answering.batch)
                streamed = True
                owed = [
                    (each.id, self._gate.changes(each, admission.principal))
                    for each in answering.messages
                    if isinstance(each, JSONRPCRequest)
                ]
                await self._elsewhere.keep(session, stream, owed)
                prime: Prime = "first" if can_close_streams(session) else "never"
                return await follow(request, session, stream, reader, prime=prime)
        finally:
            stream.release(reader)
            if not streamed:
                session.forget(stream)
            elif stream.ended:
                session.finish(stream)

    async def get(self, request: web.Request, admission: Admission) -> web.StreamResponse:
        """Open the session's own stream, or go on with any of its streams."""
        if not accepts(request)[1]:
            raise Refused(refusal(406, "Accept must list text/event-stream."))
        session = await self._session(request, admission)
        last = request.headers.get("Last-Event-ID")
        if not last:
            if session.standing.reader is not None:
                raise Refused(refusal(409, "This session's stream is open already."))
            return await self._open(request, admission, session, session.standing)
        place = _place(last)
        ours = place.owner == session.replica
        if place.number == STANDING and (not ours or place.seq > session.standing.seq):
            # It ended with its connection, or when this process let go of the session for a while,
            # and carried nothing but what may be said again.
            return await self._open(request, admission, session, session.standing, moved=True)
        stream = session.find(place.number) if ours else None
        if stream is not None:
            if place.seq > stream.seq:
                raise _no_such_event()
            return await self._open(request, admission, session, stream, after=place.seq)
        return await self._elsewhere.resume(request, admission, session, place)

    async def _open(
        self,
        request: web.Request,
        admission: Admission,
        session: Session,
        stream: Stream,
        *,
        after: int | None = None,
        moved: bool = False,
    ) -> web.StreamResponse:
        standing = stream.number == STANDING
        seat = self._lines.stand(admission.principal) if standing else None
        reader = stream.attach(request, after=after)
        prime: Prime = "never" if after is None or not can_close_streams(session) else "behind"
        if standing:
            self._elsewhere.crossing.claim(session)
        if moved:
            self._elsewhere.changes.tell_lately(session)
        headers = {**SSE_HEADERS, SESSION_ID: session.id}
        write = partial(self._write, admission, stream, reader, prime)
        return await stand(request, headers, write, partial(_over, stream, reader, seat))

    async def _write(
        self,
        admission: Admission,
        stream: Stream,
        reader: Reader,
        prime: Prime,
        response: web.StreamResponse,
    ) -> None:
        with self._lines.hold(reader, admission):
            await stream.pump(response, reader, prime=prime)

    async def delete(self, request: web.Request, admission: Admission) -> web.Response:
        """End the session."""
        await self._sessions.delete(await self._session(request, admission))
        return web.Response(status=204)


def _batch(data: Json, session: Session) -> list[JSONRPCMessage]:
    if session.version != BATCH_REVISION:
        raise Refused(refusal(400, "Batches are not part of this protocol version."))
    if not 0 < len(data) <= _MOST_IN_BATCH:
        raise Refused(refusal(400, f"A batch has 1 to {_MOST_IN_BATCH} messages."))
    messages = [read_message(item) for item in data]
    if any(isinstance(each, JSONRPCRequest) and each.method == "initialize" for each in messages):
        raise Refused(refusal(400, "initialize must not be part of a batch."))
    return messages


def _over(stream: Stream, reader: Reader, seat: Seat | None) -> None:
    stream.release(reader)
    if seat is not None:
        seat.leave()


@dataclass(frozen=True, slots=True)
class _Answering:
    """What is to be answered, and on which stream."""

    session: Session
    stream: Stream
    messages: Sequence[JSONRPCMessage]
    batch: bool


def _place(last: str) -> Place:
    """Return what an event id names: the process, its stream, and the place in it."""
    found = _EVENT_ID.fullmatch(last)
    if found is None:
        raise _no_such_event()
    return Place(owner=found["owner"], number=int(found["stream"]), seq=int(found["seq"]))


def _no_such_event() -> Refused:
    return Refused(refusal(404, "Unknown Last-Event-ID"))


def _json(session: Session, stream: Stream, *, batch: bool) -> web.Response:
    answers = stream.answers()
    if not answers:
        return refusal(404, "Session not found")
    body = b"[%s]" % b",".join(answers) if batch else answers[0]
    return web.Response(
        body=body,
        content_type="application/json",
        headers={SESSION_ID: session.id, "Cache-Control": "no-store"},
    )
