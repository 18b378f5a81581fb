"""From an HTTP request into a session, and from a session's stream back onto HTTP."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web

from telamon.endpoint.bearer import Admission
from telamon.endpoint.choice import read_choice
from telamon.endpoint.exchange import Exchange
from telamon.endpoint.kernel import (
    BUSY,
    JSONRPCMessage,
    JSONRPCRequest,
    ServerMessageMetadata,
    SessionMessage,
    is_version_at_least,
)
from telamon.endpoint.lines import notice_loss
from telamon.endpoint.session import Session
from telamon.endpoint.streams import Prime, Reader, Stream
from telamon.endpoint.wire import SSE_HEADERS, Refused, refusal

SESSION_ID = "Mcp-Session-Id"
_MOST_RUNNING = 64
_RETRY_SECONDS = 1


def can_close_streams(session: Session) -> bool:
    """Tell whether the client knows that a connection may end before its stream does."""
    return is_version_at_least(session.version, "2025-11-25")


def open_stream(
    session: Session,
    admission: Admission,
    request: web.Request,
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
    if session.running + len(ids) > _MOST_RUNNING:
        raise Refused(
            refusal(
                429,
                "Too many requests are running in this session.",
                code=BUSY,
                id_=ids[0] if ids else None,
                headers={"Retry-After": str(_RETRY_SECONDS)},
            )
        )
    exchanges = {id_: _exchange(session, admission, request) for id_ in ids}
    stream = session.open(exchanges) if ids else None
    for message in messages:
        if isinstance(message, JSONRPCRequest) and stream is not None:
            metadata = _metadata(session, stream, message, exchanges[message.id])
        else:
            exchange = _exchange(session, admission, request)
            metadata = ServerMessageMetadata(request_context=exchange)
        session.inbox.put(SessionMessage(message, metadata=metadata))
    return stream


def _exchange(session: Session, admission: Admission, request: web.Request) -> Exchange:
    return Exchange(
        principal=admission.principal, choice=read_choice(request.query), listener=session
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
