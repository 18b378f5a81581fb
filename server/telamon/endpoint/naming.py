"""Names that are the only ones of their kind in a session that goes on in several processes.

Each process counts its requests to the client from one. On the wire their ids begin with the
process, so the client never sees two alike, and whoever gets the answer knows where it belongs.
"""

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


def said(message: JSONRPCMessage, replica: str) -> JSONRPCMessage:
    """Return a message to the client as it goes out."""
    if isinstance(message, JSONRPCRequest):
        return message.model_copy(update={"id": f"{replica}.{message.id}"})
    if isinstance(message, JSONRPCNotification) and message.method == CANCELLED:
        params: dict[str, Any] = {**(message.params or {})}
        params["requestId"] = f"{replica}.{params.get('requestId')}"
        return message.model_copy(update={"params": params})
    return message


def heard(answer: JSONRPCResponse | JSONRPCError) -> JSONRPCResponse | JSONRPCError:
    """Return the client's answer with the id that this process had given its request."""
    _, dot, number = str(answer.id).rpartition(".")
    return answer.model_copy(update={"id": int(number)}) if dot and number.isdecimal() else answer


def asker(id_: RequestId | None) -> str:
    """Return the replica whose request has this id on the wire; empty if it names none."""
    return str(id_).rpartition(".")[0]
