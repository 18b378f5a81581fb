"""What is kept of a client's ``initialize``, and how it is said again to the kernel elsewhere."""

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, cast

from telamon.endpoint.exchange import Exchange
from telamon.endpoint.kernel import (
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    ServerMessageMetadata,
)
from telamon.endpoint.session import Session
from telamon.plugin import Json
from telamon.storage import McpSession

_LONGEST_WORD = 200
_MOST_CAPABILITIES = 50
_LONGEST_CAPABILITY = 200


def kept(initialize: Json) -> Mapping[str, Json]:
    """Return what is worth noting of the parameters of ``initialize``: who it is, what it can do.

    A client may have written anything there, of any shape and size. A capability that says more
    than a few words is kept without them.
    """
    said = _object(initialize)
    client, capabilities = _object(said.get("clientInfo")), _object(said.get("capabilities"))
    return {
        "protocolVersion": _word(said.get("protocolVersion")),
        "clientInfo": {name: _word(client.get(name)) for name in ("name", "version")},
        "capabilities": {
            str(_word(name)): _capability(capabilities[name])
            for name in sorted(capabilities)[:_MOST_CAPABILITIES]
        },
    }


def repeat(session: Session, record: McpSession, exchange: Exchange) -> None:
    """Shake hands with the session's loop as the client did with another process's.

    Nobody waits for the answer, so it goes nowhere.
    """
    capabilities: Json = record.initialize.get("capabilities")
    if isinstance(capabilities, list):  # as releases with schema 0001 wrote it
        capabilities = _bare(cast("list[str]", capabilities))
    params = {
        **record.initialize,
        "protocolVersion": record.protocol_version,
        "capabilities": capabilities,
    }
    handshake: tuple[JSONRPCMessage, ...] = (
        JSONRPCRequest(jsonrpc="2.0", id=secrets.token_hex(16), method="initialize", params=params),
        JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized"),
    )
    for message in handshake:
        session.take(message, ServerMessageMetadata(request_context=exchange))


def _bare(names: Iterable[str]) -> dict[str, Json]:
    return {str(name): {} for name in names}


def _capability(value: Json) -> Json:
    return value if len(json.dumps(value)) <= _LONGEST_CAPABILITY else {}


def _object(value: Json) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _word(value: Json) -> str | None:
    return value[:_LONGEST_WORD] if isinstance(value, str) else None
