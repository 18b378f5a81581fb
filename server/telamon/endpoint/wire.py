"""JSON-RPC over HTTP: what is read, in which words it is refused, and how an event is framed."""

from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web
from pydantic import ValidationError

from telamon.endpoint.kernel import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    PARSE_ERROR,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
    types,
)
from telamon.plugin import Json
from telamon.settings import LimitSettings
from telamon.web.answers import encode_json, json_answer
from telamon.web.body import BadJson, parse_json, read_body

SSE_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
PING = b": ping\r\n\r\n"
_LINE_ENDS = (("\u2028", b"\\u2028"), ("\u2029", b"\\u2029"), ("\x85", b"\\u0085"))
_LINE_BYTES = tuple((character.encode(), escape) for character, escape in _LINE_ENDS)
_LONGEST_ID = 1024
_LARGEST_ID = 2**63


class Refused(Exception):
    """The request goes no further; ``response`` says why."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


def error_body(code: int, message: str, *, id_: RequestId | None = None, data: Json = None) -> Json:
    """Return a JSON-RPC error; ``id`` is null where the request's could not be read."""
    error = {"code": code, "message": message}
    return {
        "jsonrpc": "2.0",
        "id": id_,
        "error": error if data is None else {**error, "data": data},
    }


def refusal(
    status: int,
    message: str,
    *,
    code: int = INVALID_REQUEST,
    id_: RequestId | None = None,
    data: Json = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Answer *status* with a JSON-RPC error, which a modern client tells from a proxy's (C23)."""
    return json_answer(
        error_body(code, message, id_=id_, data=data), status=status, headers=headers
    )


def cut_error() -> types.ErrorData:
    """Return the error of a request that the end of the server cut off.

    It may have done anything or nothing: a client must not repeat a change without looking.
    """
    message = "The server stopped before this request was finished; its outcome is unknown."
    return types.ErrorData(code=INTERNAL_ERROR, message=message)


def lost_error(*, changes: bool) -> types.ErrorData:
    """Return the error of a request that ended with the process that ran it."""
    message = "The process that ran this request has died; its outcome is unknown."
    advice = "It may have changed something: look before you repeat it."
    if not changes:
        advice = "It only reads: repeat it."
    return types.ErrorData(code=INTERNAL_ERROR, message=f"{message} {advice}")


def accepts(request: web.Request) -> tuple[bool, bool]:
    """Tell whether the client takes JSON, and whether it takes an event stream."""
    ranges = {
        part.partition(";")[0].strip().lower()
        for part in ",".join(request.headers.getall("Accept", ())).split(",")
    }
    anything = "*/*" in ranges
    return (
        anything or bool(ranges & {"application/json", "application/*"}),
        anything or bool(ranges & {"text/event-stream", "text/*"}),
    )


async def read_json(request: web.Request, limits: LimitSettings) -> Json:
    """Return the parsed body.

    Raises:
        Refused: 400, 408, 413 or 415, each with a JSON-RPC error (SECURITY J01 to J04, R02 to R05).
    """
    if request.content_type != "application/json":
        raise Refused(refusal(415, "The Content-Type must be application/json."))
    try:
        raw = await read_body(request, limit=limits.request_bytes, seconds=limits.body_seconds)
        return parse_json(raw)
    except BadJson as error:
        raise Refused(refusal(400, f"Parse error: {error}.", code=PARSE_ERROR)) from None
    except web.HTTPException as error:
        answer = refusal(error.status, error.text or error.reason)
        if error.keep_alive is False:
            answer.force_close()
        raise Refused(answer) from None


def read_message(data: Json) -> JSONRPCMessage:
    """Return the one JSON-RPC message that *data* is.

    Raises:
        Refused: It is none (SECURITY J06, J07, J09).
    """
    if not isinstance(data, dict):
        raise Refused(refusal(400, "The body must be one JSON-RPC message."))
    body = cast("dict[str, Any]", data)
    id_ = body.get("id")
    known = _is_id(id_)
    if "id" in body and not known and "error" not in body:
        raise Refused(refusal(400, "The request id must be a string or an integer."))
    shape: type[JSONRPCMessage]
    if "method" in body:
        shape = JSONRPCRequest if "id" in body else JSONRPCNotification
    else:
        shape = JSONRPCResponse if "result" in body else JSONRPCError
    try:
        return shape.model_validate(body)
    except ValidationError:
        message = "The body is not a valid JSON-RPC message."
        raise Refused(refusal(400, message, id_=id_ if known else None)) from None


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_ID
    return type(value) is int and -_LARGEST_ID <= value < _LARGEST_ID


def event(data: bytes, *, id_: str | None = None) -> bytes:
    """Frame one JSON text as an SSE event.

    JSON has no raw line feed; the line ends that only some parsers know are escaped here.
    """
    for raw, escape in _LINE_BYTES:
        if raw in data:
            data = data.replace(raw, escape)
    line = b"" if id_ is None else b"id: %s\r\n" % id_.encode()
    return b"event: message\r\n%sdata: %s\r\n\r\n" % (line, data)


def answer_bytes(id_: RequestId, encoded: bytes) -> bytes:
    """Put an encoded result into its JSON-RPC answer without decoding it."""
    return b'{"jsonrpc":"2.0","id":%s,"result":%s}' % (encode_json(id_), encoded)


def message_bytes(message: JSONRPCMessage) -> bytes:
    """Encode one outgoing message."""
    body: dict[str, Any] = {"jsonrpc": "2.0"}
    if not isinstance(message, JSONRPCNotification):
        body["id"] = message.id
    if isinstance(message, JSONRPCResponse):
        body["result"] = message.result
    elif isinstance(message, JSONRPCError):
        body["error"] = message.error.model_dump(mode="json", exclude_none=True)
    else:
        body["method"] = message.method
        if message.params is not None:
            body["params"] = message.params
    return encode_json(body)
