"""Names that are the only ones of their kind in a session that goes on in several processes.

Each process counts its requests to the client from one. On the wire their ids begin with the
process, so the client never sees two alike, and whoever gets the answer knows where it belongs.
"""

import re
from typing import Any

from telamon.endpoint.kernel import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
)

CANCELLED = "notifications/cancelled"
_ASKED = re.compile(r"(?P<replica>[0-9a-f]{16})\.(?P<number>[0-9]{1,9})", re.ASCII)


def said(message: JSONRPCMessage, replica: str) -> JSONRPCMessage:
    """Return a message to the client as it goes out."""
    if isinstance(message, JSONRPCRequest):
        return message.model_copy(update={"id": f"{replica}.{message.id}"})
    if isinstance(message, JSONRPCNotification) and message.method == CANCELLED:
        params: dict[str, Any] = {**(message.params or {})}
        params["requestId"] = f"{replica}.{params.get('requestId')}"
        return message.model_copy(update={"params": params})
    return message


def heard(answer: JSONRPCResponse | JSONRPCError, replica: str) -> JSONRPCResponse | JSONRPCError:
    """Return the client's answer with the id that this process had given its request.

    An answer to another process's question is no answer to one of ours.
    """
    asked = _ASKED.fullmatch(str(answer.id))
    if asked is None or asked["replica"] != replica:
        return answer
    return answer.model_copy(update={"id": int(asked["number"])})


def asker(id_: RequestId | None) -> str:
    """Return the replica whose request has this id on the wire; empty if it names none."""
    asked = _ASKED.fullmatch(str(id_))
    return asked["replica"] if asked else ""
