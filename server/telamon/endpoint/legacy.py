"""Streamable HTTP of the handshake revisions: 2025-03-26, 2025-06-18 and 2025-11-25.

A client that goes away cancels nothing here: the session's loop owns the work, and the answer waits
in its stream for whoever comes back with ``Last-Event-ID``.
"""

import re
from collections.abc import Sequence

from aiohttp import web

from telamon.endpoint.bearer import Admission
from telamon.endpoint.delivery import SESSION_ID, can_close_streams, follow, open_stream
from telamon.endpoint.gate import Gate
from telamon.endpoint.kernel import (
    HANDSHAKE_PROTOCOL_VERSIONS,
    LATEST_HANDSHAKE_VERSION,
    JSONRPCMessage,
    JSONRPCRequest,
)
from telamon.endpoint.lines import Lines
from telamon.endpoint.session import STANDING, Session
from telamon.endpoint.sessions import Sessions
from telamon.endpoint.streams import Prime, Reader, Stream
from telamon.endpoint.wire import Refused, accepts, read_message, refusal
from telamon.plugin import Json

BATCH_REVISION = "2025-03-26"
_MOST_IN_BATCH = 50
_EVENT_ID = re.compile(r"(?P<stream>\d{1,9})-(?P<seq>\d{1,9})", re.ASCII)


class Legacy:
    """Serves the requests that carry a handshake revision, or none, in ``MCP-Protocol-Version``."""

    def __init__(self, sessions: Sessions, lines: Lines, gate: Gate, resource: str) -> None:
        self._sessions = sessions
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
        for message in messages:
            self._gate.pass_(message, admission.principal, self._resource)
        stream = open_stream(session, admission, request, messages)
        if stream is None:
            return web.Response(status=202, headers={SESSION_ID: session.id})
        return await self._answer(request, admission, session, stream, batch=isinstance(data, list))

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
        self,
        request: web.Request,
        admission: Admission,
        session: Session,
        stream: Stream,
        *,
        batch: bool,
    ) -> web.StreamResponse:
        """Answer with JSON if nothing but the answer is to be said, else with an event stream."""
        reader = stream.attach(request, after=0)
        streamed = False
        try:
            with self._lines.hold(reader, admission):
                if await stream.quiet(reader):
                    return _json(session, stream, batch=batch)
                streamed = True
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
        if last:
            stream, after = _place(session, last)
            reader = stream.attach(request, after=after)
        elif session.standing.reader is not None:
            raise Refused(refusal(409, "This session's stream is open already."))
        else:
            stream = session.standing
            reader = stream.attach(request)
        prime: Prime = "behind" if last and can_close_streams(session) else "never"
        try:
            with self._lines.hold(reader, admission):
                return await self._follow(request, admission, session, stream, reader, prime=prime)
        finally:
            stream.release(reader)

    async def _follow(
        self,
        request: web.Request,
        admission: Admission,
        session: Session,
        stream: Stream,
        reader: Reader,
        *,
        prime: Prime,
    ) -> web.StreamResponse:
        if stream.number != STANDING:
            return await follow(request, session, stream, reader, prime=prime)
        with self._lines.stand(admission.principal):
            return await follow(request, session, stream, reader, prime=prime)

    async def delete(self, request: web.Request, admission: Admission) -> web.Response:
        """End the session."""
        self._sessions.end(await self._session(request, admission))
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


def _place(session: Session, last: str) -> tuple[Stream, int]:
    """Return the stream and the place in it that an event id of this session names."""
    found = _EVENT_ID.fullmatch(last)
    stream = session.find(int(found["stream"])) if found else None
    if found is None or stream is None or int(found["seq"]) > stream.seq:
        raise Refused(refusal(404, "Unknown Last-Event-ID"))
    return stream, int(found["seq"])


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
