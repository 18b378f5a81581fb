"""One session of the handshake revisions: its kernel loop, and the streams its messages go out on.

A session belongs to one user, one client and one site; for anybody else it does not exist.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextvars import Context as Variables
from typing import Any

from telamon.atlassian.principal import Principal
from telamon.clock import Clock
from telamon.endpoint.exchange import Exchange
from telamon.endpoint.kernel import (
    REQUEST_CANCELLED,
    InitializationOptions,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCResponse,
    RequestId,
    Server,
    ServerMessageMetadata,
    SessionMessage,
    serve_loop,
    types,
)
from telamon.endpoint.naming import heard, said
from telamon.endpoint.pipes import Inbox, Outbox
from telamon.endpoint.streams import Stream
from telamon.endpoint.wire import answer_bytes, cut_error, message_bytes
from telamon.plugin import LogLevel
from telamon.policy import Policy

STANDING = 0
"""The number of the stream that carries what no request asked for: the GET stream."""

_KEPT_STREAMS = 32
_KEPT_BYTES = 1024 * 1024
_KEPT_SECONDS = 60.0


class Session:
    """One client's session, as far as it goes on in this process.

    With *one_stream* every message goes out on the standing stream, as HTTP+SSE has it. *replica*
    is this process; it stands in the ids of events and of the requests to the client, so that each
    of them is the only one of its kind wherever else the session goes on. *numbers* are those of
    its streams; another session object of the same id must not get one of them again.
    *keep_log_level* stores the level that the client chose.
    """

    def __init__(
        self,
        *,
        owner: str,
        account_id: str,
        version: str,
        clock: Clock,
        numbers: Iterator[int],
        one_stream: bool = False,
        id_: str | None = None,
        replica: str = "0",
        keep_log_level: Callable[[str, LogLevel], Awaitable[None]] | None = None,
    ) -> None:
        self.id = id_ or secrets.token_urlsafe(32)
        self.owner = owner
        self.account_id = account_id
        self.version = version
        self.replica = replica
        self.seen_at = self.noted_at = clock()
        self._clock = clock
        self._keep_log_level = keep_log_level
        self.log_level: LogLevel = "info"
        self.inbox = Inbox()
        self.standing = Stream(STANDING, owner=replica)
        self._offered: tuple[frozenset[str], Policy] | None = None
        self.one_stream = one_stream
        self.followers = 0
        self._streams: dict[int, Stream] = {}
        self._running: dict[str, tuple[RequestId, Stream, Exchange]] = {}
        self._winding_down = False
        self._finished: dict[int, float] = {}
        self._numbers = numbers
        self._loop: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a request runs or a stream is open, be it one of another replica's."""
        streams = (self.standing, *self._streams.values())
        reading = any(stream.reader is not None for stream in streams)
        return bool(self._running) or reading or self.followers > 0

    def start(self, server: Server[Any], options: InitializationOptions) -> asyncio.Task[None]:
        """Start the kernel's loop, in a context of its own and not in its first request's."""
        loop = serve_loop(
            server,
            self.inbox,
            Outbox(self._route),
            lifespan_state=None,
            session_id=self.id,
            init_options=options,
        )
        self._loop = asyncio.create_task(loop, name="mcp session", context=Variables())
        return self._loop

    def take(self, message: JSONRPCMessage, metadata: ServerMessageMetadata | None = None) -> None:
        """Hand the loop a message of the client's."""
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            message = heard(message, self.replica)
        self.inbox.put(SessionMessage(message, metadata=metadata))

    async def choose_log_level(self, level: LogLevel) -> None:
        """Send log lines of *level* and above, wherever the session goes on."""
        self.log_level = level
        if self._keep_log_level is not None:
            await self._keep_log_level(self.id, level)

    def tell(self, method: str) -> None:
        """Send a notification that no request asked for."""
        self.standing.push(message_bytes(JSONRPCNotification(jsonrpc="2.0", method=method)))

    def offer(self, principal: Principal) -> None:
        """Note what *principal* is offered; tell the client where that has changed.

        A client that asked for more scopes, or less, goes on in the same session.
        """
        offered = principal.scopes, principal.policy
        if self._offered not in (None, offered):
            for kind in ("tools", "prompts", "resources"):
                self.tell(f"notifications/{kind}/list_changed")
        self._offered = offered

    def end(self) -> None:
        """End the loop, which cancels what still runs, and every stream."""
        self.inbox.close()
        for stream in (self.standing, *self._streams.values()):
            stream.end()

    def is_running(self, ids: Collection[RequestId]) -> bool:
        """Tell whether one of *ids* is still being worked on; the kernel takes "7" for 7."""
        return any(str(id_) in self._running for id_ in ids)

    @property
    def running(self) -> int:
        """How many requests are being worked on."""
        return len(self._running)

    def open(self, requests: Mapping[RequestId, Exchange]) -> Stream:
        """Make the stream on which the answers to *requests* go out."""
        if self.one_stream:
            stream = self.standing
        else:
            number = next(self._numbers)
            stream = Stream(number, [str(id_) for id_ in requests], owner=self.replica)
            self._streams[number] = stream
        self._running |= {str(id_): (id_, stream, exchange) for id_, exchange in requests.items()}
        return stream

    def find(self, number: int) -> Stream | None:
        """Return the stream of this number, as long as it can be read again."""
        return self.standing if number == STANDING else self._streams.get(number)

    def forget(self, stream: Stream) -> None:
        """Drop a stream that nobody can come back to; its requests go on."""
        self._streams.pop(stream.number, None)
        self._finished.pop(stream.number, None)

    def finish(self, stream: Stream) -> None:
        """Keep a finished stream for a while, within bounds: its client may have lost the end.

        The newest one is kept however large it is.
        """
        if stream.number not in self._streams:
            return
        self._finished.setdefault(stream.number, self._clock())
        while len(self._finished) > 1 and (
            len(self._finished) > _KEPT_STREAMS or self._kept_bytes() > _KEPT_BYTES
        ):
            self.forget(self._streams[next(iter(self._finished))])

    def _kept_bytes(self) -> int:
        return sum(self._streams[number].size for number in self._finished)

    def sweep(self) -> None:
        """Drop the streams that finished long enough ago."""
        for stream in list(self._streams.values()):
            if stream.ended and stream.reader is None:  # it may have ended while it was read again
                self.finish(stream)
        now = self._clock()
        for number, at in list(self._finished.items()):
            if now - at >= _KEPT_SECONDS:
                self.forget(self._streams[number])

    def wind_down(self) -> None:
        """End the standing stream as soon as it waits for no answer."""
        self._winding_down = True
        if not (self.one_stream and self._running):
            self.standing.end(come_back=True)

    def cut(self) -> None:
        """Answer everything that still runs: the server stops, and nobody knows how far it got."""
        for id_, _, _ in list(self._running.values()):
            self._route(SessionMessage(JSONRPCError(jsonrpc="2.0", id=id_, error=cut_error())))

    async def cancelled(self, id_: RequestId) -> None:
        """Answer a request that the client cancelled: in this era its stream cannot end without."""
        error = types.ErrorData(code=REQUEST_CANCELLED, message="Request cancelled")
        self._route(SessionMessage(JSONRPCError(jsonrpc="2.0", id=id_, error=error)))

    def _route(self, outgoing: SessionMessage) -> None:
        message = outgoing.message
        if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
            name = str(message.id)
            if (run := self._running.pop(name, None)) is not None:
                _, stream, exchange = run
                stream.push(_encode(message, exchange.encoded), answers=name)
                if stream.ended and stream.reader is None:
                    self.finish(stream)
            if self._winding_down:
                self.wind_down()
            return
        metadata = outgoing.metadata
        related = (
            metadata.related_request_id if isinstance(metadata, ServerMessageMetadata) else None
        )
        encoded = message_bytes(said(message, self.replica))
        if related is None:
            self.standing.push(encoded)
        elif (run := self._running.get(str(related))) is not None:
            run[1].push(encoded)


def _encode(message: JSONRPCResponse | JSONRPCError, encoded: bytes | None) -> bytes:
    if encoded is None or isinstance(message, JSONRPCError):
        return message_bytes(message)
    return answer_bytes(message.id, encoded)
