"""From an HTTP request into a session, and from a session's stream back onto HTTP."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import structlog
from aiohttp import web

from telamon.atlassian.principal import Principal
from telamon.endpoint.choice import Choice
from telamon.endpoint.exchange import Exchange
from telamon.endpoint.kernel import (
    BUSY,
    JSONRPCMessage,
    JSONRPCRequest,
    RequestId,
    ServerMessageMetadata,
    is_version_at_least,
)
from telamon.endpoint.lines import notice_loss
from telamon.endpoint.session import Session
from telamon.endpoint.streams import Prime, Reader, Stream
from telamon.endpoint.wire import SSE_HEADERS, Refused, refusal

SESSION_ID = "Mcp-Session-Id"
MOST_RUNNING = 64
Write = Callable[[web.StreamResponse], Awaitable[None]]
_RETRY_SECONDS = 1
log = structlog.get_logger(__name__)


def can_close_streams(session: Session) -> bool:
    """Tell whether the client knows that a connection may end before its stream does."""
    return is_version_at_least(session.version, "2025-11-25")


def open_stream(
    session: Session,
    principal: Principal,
    choice: Choice,
    messages: Sequence[JSONRPCMessage],
) -> Stream | None:
    """Make the stream for the answers to *messages*; None where none of them wants one.

    Raises:
        Refused: 400 for a request id that is in use, 429 for too many requests at once.
    """
    requests = [message for message in messages if isinstance(message, JSONRPCRequest)]
    ids = [message.id for message in requests]
    if len({str(id_) for id_ in ids}) < len(ids) or session.is_running(ids):
        raise Refused(refusal(400, "A request with this id is still running.", id_=ids[0]))
    if session.running + len(ids) > MOST_RUNNING:
        raise too_many_running(ids[0] if ids else None)

    def exchange() -> Exchange:
        return Exchange(principal=principal, choice=choice, listener=session)

    session.offer(principal)
    exchanges = {id_: exchange() for id_ in ids}
    stream = session.open(exchanges) if ids else None
    for message in messages:
        if isinstance(message, JSONRPCRequest) and stream is not None:
            metadata = _metadata(session, stream, message, exchanges[message.id])
        else:
            metadata = ServerMessageMetadata(request_context=exchange())
        session.take(message, metadata)
    return stream


def too_many_running(id_: RequestId | None) -> Refused:
    """Refuse one more request of a session that has enough of them running."""
    return Refused(
        refusal(
            429,
            "Too many requests are running in this session.",
            code=BUSY,
            id_=id_,
            headers={"Retry-After": str(_RETRY_SECONDS)},
        )
    )


def _metadata(
    session: Session, stream: Stream, message: JSONRPCRequest, exchange: Exchange
) -> ServerMessageMetadata:
    async def close(which: Stream) -> None:
        which.detach()

    closable = can_close_streams(session)
    return ServerMessageMetadata(
        request_context=exchange,
        close_sse_stream=partial(close, stream) if closable else None,
        close_standalone_sse_stream=partial(close, session.standing) if closable else None,
        on_request_unanswered=partial(session.cancelled, message.id),
    )


class _Standing(web.StreamResponse):
    """An answer that aiohttp writes behind the handler, as it does with a body.

    What handlers and middlewares kept in memory is free by then; thousands of these sit idle.
    """

    def __init__(self, headers: Mapping[str, str], write: Write, over: Callable[[], None]) -> None:
        super().__init__(headers=headers)
        self._write = write
        self._over = over

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the whole stream, and its end."""
        began = time.monotonic()
        self.headers.clear()  # its client has them; they are a tenth of what an idle stream keeps
        try:
            await self._write(self)
        finally:
            self._over()
            log.info("stream.ended", seconds=round(time.monotonic() - began, 1))
        await super().write_eof(data)


async def stand(
    request: web.Request, headers: Mapping[str, str], write: Write, over: Callable[[], None]
) -> web.StreamResponse:
    """Answer with an event stream that *write* writes; *over* is called behind it, come what may.

    Return the answer at once: nothing waits between here and the writing, where a client that goes
    away could be missed.
    """
    response = _Standing(headers, write, over)
    notice_loss(request)
    try:
        await response.prepare(request)
    except ConnectionResetError:
        over()
        return web.Response()  # nobody is there to get it
    except BaseException:
        over()
        raise
    return response


async def follow(
    request: web.Request, session: Session, stream: Stream, reader: Reader, *, prime: Prime
) -> web.StreamResponse:
    """Answer with an event stream that follows *stream*."""
    response = web.StreamResponse(headers={**SSE_HEADERS, SESSION_ID: session.id})
    notice_loss(request)
    try:
        await response.prepare(request)
        await stream.pump(response, reader, prime=prime)
        await response.write_eof()
    except ConnectionResetError:
        # The client went away; what it did not get waits for it in the stream.
        return response
    return response
