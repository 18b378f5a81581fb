"""Streamable HTTP of 2026-07-28: one POST, one answer, nothing kept.

The request's own task does the work, so a client that goes away cancels it (the runner has
``handler_cancellation=True``). The answer is JSON unless something has to be said before it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import anyio
from aiohttp import web

from telamon.endpoint.bearer import Admission
from telamon.endpoint.choice import read_choice
from telamon.endpoint.exchange import Exchange
from telamon.endpoint.gate import Gate
from telamon.endpoint.kernel import (
    ERROR_CODE_HTTP_STATUS,
    HEADER_MISMATCH,
    CallOptions,
    Connection,
    InboundLadderRejection,
    InboundModernRoute,
    JSONRPCNotification,
    JSONRPCRequest,
    NoBackChannelError,
    RequestId,
    Server,
    ServerMessageMetadata,
    TransportContext,
    classify_inbound_request,
    find_duplicated_routing_header,
    modern_error_data,
    progress_token_from_params,
    serve_one,
    unsupported_protocol_version_rejection,
    validate_mcp_param_headers,
)
from telamon.endpoint.lines import Lines, notice_loss
from telamon.endpoint.subscriptions import Subscription, Subscriptions
from telamon.endpoint.wire import (
    PING,
    SSE_HEADERS,
    Refused,
    accepts,
    answer_bytes,
    cut_error,
    error_body,
    event,
    read_message,
    refusal,
)
from telamon.plugin import Json
from telamon.web.answers import encode_json

VERSION = "MCP-Protocol-Version"


class Reply:
    """The answer to one POST; the kernel's dispatch context, and a line that is kept alive."""

    def __init__(self, request: web.Request, message: JSONRPCRequest, exchange: Exchange) -> None:
        self.request_id: RequestId = message.id
        self.transport = TransportContext(
            kind="streamable-http", can_send_request=False, headers=request.headers
        )
        self.message_metadata = ServerMessageMetadata(request_context=exchange)
        self.can_send_request = False
        self._request = request
        self._token = progress_token_from_params(message.params)
        self._task = asyncio.current_task()
        self._stream: web.StreamResponse | None = None
        self._writing = asyncio.Lock()
        self._idle = False
        self._ping: asyncio.Task[None] | None = None
        self._missed = 0
        self._cut = False

    @property
    def cancel_requested(self) -> anyio.Event:
        """Never set: closing the connection is how this revision cancels."""
        return anyio.Event()

    async def send_raw_request(
        self,
        method: str,
        params: Mapping[str, Any] | None,  # noqa: ARG002 - the kernel's protocol
        opts: CallOptions | None = None,  # noqa: ARG002 - as above
    ) -> dict[str, Any]:
        """Refuse: this revision has no requests to the client."""
        raise NoBackChannelError(method)

    async def notify(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        opts: CallOptions | None = None,  # noqa: ARG002 - the kernel's protocol
    ) -> None:
        """Send a notification ahead of the answer."""
        body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            body["params"] = dict(params)
        await self._write(event(encode_json(body)))

    async def progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Report progress, if the client gave a token for it."""
        if self._token is None:
            return
        said = {"progressToken": self._token, "progress": progress}
        said |= {} if total is None else {"total": total}
        await self.notify(
            "notifications/progress", said if message is None else {**said, "message": message}
        )

    async def finish(self, body: bytes, status: int) -> web.StreamResponse:
        """Send the answer itself."""
        if self._ping is not None:
            self._ping.cancel()
        if self._stream is None:
            return web.Response(
                body=body,
                status=status,
                content_type="application/json",
                headers={"Cache-Control": "no-store"},
            )
        await self._write(event(body))
        await self._stream.write_eof()
        return self._stream

    async def _write(self, data: bytes) -> None:
        async with self._writing:
            if self._stream is None:
                self._stream = web.StreamResponse(headers=SSE_HEADERS)
                notice_loss(self._request)
                await self._stream.prepare(self._request)
            self._idle = False
            await self._stream.write(data)

    def beat(self) -> None:
        """Send a keep-alive after a beat of silence; drop a client that lets two of them wait."""
        if self._ping is not None and not self._ping.done():
            self._missed += 1
            if self._missed > 1:
                self.drop()
        elif self._idle:
            self._missed = 0
            self._ping = asyncio.create_task(self._keep_alive(), name="keep-alive")
        self._idle = True

    async def _keep_alive(self) -> None:
        try:
            await self._write(PING)
        except ConnectionResetError:
            self.leave()

    def leave(self) -> None:
        """Stop the work: nobody is there, or may be there any longer, to hear its answer."""
        if self._task is not None:
            self._task.cancel()

    def cut(self) -> None:
        """Stop the work and say so."""
        if self._task is not None:
            self._cut = True
            self._task.cancel()

    def was_cut(self) -> bool:
        """Tell whether it was :meth:`cut` that cancelled the work, and take the request back."""
        if self._cut and self._task is not None:
            self._task.uncancel()
        return self._cut

    def drop(self) -> None:
        """Cut the connection."""
        if self._request.transport is not None:
            self._request.transport.abort()


class Modern:
    """Serves the requests whose ``MCP-Protocol-Version`` is not one of the handshake revisions."""

    def __init__(
        self,
        server: Server[Any],
        subscriptions: Subscriptions,
        lines: Lines,
        gate: Gate,
        resource: str,
    ) -> None:
        self._server = server
        self._subscriptions = subscriptions
        self._lines = lines
        self._gate = gate
        self._resource = resource

    async def post(
        self, request: web.Request, admission: Admission, data: Json
    ) -> web.StreamResponse:
        """Answer one request; take note of one notification."""
        if accepts(request) != (True, True):
            raise Refused(refusal(406, "Accept must list application/json and text/event-stream."))
        message = read_message(data)
        if isinstance(message, JSONRPCNotification):
            rejected = unsupported_protocol_version_rejection(request.headers.get(VERSION, ""))
            if rejected is not None:
                raise _rejected(rejected, None)
            return web.Response(status=202)
        if not isinstance(message, JSONRPCRequest):
            raise Refused(refusal(400, "The body must be one JSON-RPC request or notification."))
        route = self._route(request, message, data)
        self._gate.pass_(message, admission.principal, self._resource)
        exchange = Exchange(principal=admission.principal, choice=read_choice(request.query))
        reply = Reply(request, message, exchange)
        try:
            with self._lines.hold(reply, admission):
                body, status = await self._answer(reply, route, message, exchange)
                if exchange.honoured is None:
                    return await reply.finish(body, status)
            subscription = Subscription(message.id, exchange.honoured, body)
            return await self._subscriptions.follow(request, admission, subscription)
        except ConnectionResetError:
            return web.Response()  # nobody is there to get it

    def _route(
        self, request: web.Request, message: JSONRPCRequest, data: Json
    ) -> InboundModernRoute:
        twice = find_duplicated_routing_header(request.headers.items())
        if twice is not None:
            said = f"The {twice} header appears more than once."
            raise _rejected(InboundLadderRejection(HEADER_MISMATCH, said), message.id)
        route = classify_inbound_request(data, headers=request.headers)
        if isinstance(route, InboundLadderRejection):
            raise _rejected(route, message.id)
        rejected = self._check_parameters(request, message)
        if rejected is not None:
            raise _rejected(rejected, message.id)
        return route

    def _check_parameters(
        self, request: web.Request, message: JSONRPCRequest
    ) -> InboundLadderRejection | None:
        """Compare the ``Mcp-Param-*`` headers with the arguments that they mirror (C15)."""
        params = message.params or {}
        name: Any = params.get("name")
        arguments: Any = params.get("arguments") or {}
        find = self._server.get_tool_input_schema
        if message.method != "tools/call" or find is None or not isinstance(name, str):
            return None
        schema = find(name)
        if schema is None or not isinstance(arguments, dict):
            return None
        return validate_mcp_param_headers(
            schema, cast("dict[str, Any]", arguments), request.headers
        )

    async def _answer(
        self, reply: Reply, route: InboundModernRoute, message: JSONRPCRequest, exchange: Exchange
    ) -> tuple[bytes, int]:
        connection = Connection.from_envelope(
            route.protocol_version, route.client_info, route.client_capabilities
        )
        status = 200
        try:
            result = await serve_one(
                self._server,
                reply,
                message.method,
                message.params,
                connection=connection,
                lifespan_state=None,
            )
            body = answer_bytes(message.id, exchange.encoded or encode_json(result))
        except asyncio.CancelledError:
            if not reply.was_cut():
                raise
            error = cut_error()
            body = encode_json(error_body(error.code, error.message, id_=message.id))
        except Exception as error:  # noqa: BLE001 - the kernel's border: it maps and logs them all
            data = modern_error_data(error)
            status = ERROR_CODE_HTTP_STATUS.get(data.code, 200)
            body = encode_json(error_body(data.code, data.message, id_=message.id, data=data.data))
        return body, status


def _rejected(rejection: InboundLadderRejection, id_: RequestId | None) -> Refused:
    status = ERROR_CODE_HTTP_STATUS.get(rejection.code, 400)
    message, data = rejection.message, rejection.data
    return Refused(refusal(status, message, code=rejection.code, id_=id_, data=data))
