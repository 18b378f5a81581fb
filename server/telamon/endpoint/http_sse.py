"""HTTP+SSE of revision 2024-11-05: a stream to listen on, and an address to post to.

The stream is the session: when it ends, the session does.
"""

import json
from functools import partial

from aiohttp import web

from telamon.endpoint.bearer import Admission
from telamon.endpoint.choice import read_choice
from telamon.endpoint.crossing import Crossing
from telamon.endpoint.delivery import open_stream, stand
from telamon.endpoint.exchange import owner_of
from telamon.endpoint.gate import Gate
from telamon.endpoint.lines import Lines, Seat
from telamon.endpoint.session import Session
from telamon.endpoint.sessions import Sessions
from telamon.endpoint.streams import Reader, Stream
from telamon.endpoint.wire import SSE_HEADERS, Refused, accepts, read_message, refusal
from telamon.plugin import Json

REVISION = "2024-11-05"
SESSION_ID = "sessionId"


class HttpSse:
    """Serves ``GET /v1/sse`` and ``POST /v1/sse/message``."""

    def __init__(
        self, sessions: Sessions, crossing: Crossing, lines: Lines, gate: Gate, resource: str
    ) -> None:
        self._sessions = sessions
        self._crossing = crossing
        self._lines = lines
        self._gate = gate
        self._resource = resource

    async def open(self, request: web.Request, admission: Admission) -> web.StreamResponse:
        """Open the stream; its first event says where to post."""
        if not accepts(request)[1]:
            raise Refused(refusal(406, "Accept must list text/event-stream."))
        seat = self._lines.stand(admission.principal)
        try:
            session = await self._sessions.start(admission.principal, REVISION, {}, one_stream=True)
        except BaseException:
            seat.leave()
            raise
        # Relative, so that it is of our origin whatever name the client knows us by.
        address = f"{request.path}/message?{SESSION_ID}={session.id}"
        if query := request.rel_url.raw_query_string:
            address = f"{address}&{query}"
        reader = session.standing.attach(request)
        write = partial(self._write, admission, session.standing, reader, address)
        return await stand(request, SSE_HEADERS, write, partial(self._over, session, seat))

    async def _write(
        self,
        admission: Admission,
        stream: Stream,
        reader: Reader,
        address: str,
        response: web.StreamResponse,
    ) -> None:
        with self._lines.hold(reader, admission):
            await response.write(f"event: endpoint\r\ndata: {address}\r\n\r\n".encode())
            await stream.pump(response, reader, ids=False)

    def _over(self, session: Session, seat: Seat) -> None:
        session.standing.reader = None
        self._sessions.end(session)
        seat.leave()

    async def post(self, request: web.Request, admission: Admission, data: Json) -> web.Response:
        """Take one message; its answer goes out on the stream, whichever process holds it."""
        id_ = request.query.get(SESSION_ID)
        if not id_:
            raise Refused(refusal(400, "The sessionId parameter is missing."))
        principal = admission.principal
        session = self._sessions.held(id_, owner_of(principal), one_stream=True)
        message = read_message(data)
        self._gate.pass_(message, principal, self._resource)
        if session is None:
            query = json.dumps(list(request.query.items()))
            return await self._crossing.hand_over(id_, admission, message, query)
        open_stream(session, principal, read_choice(request.query), [message])
        return web.Response(status=202, text="Accepted")
