"""The one place that reaches into the ``mcp`` package: everything of its kernel that we build on.

The package is pinned to one minor version; a contract test imports these names and uses them, so
that an upgrade that moves one of them fails here and nowhere else.
"""

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.runner import modern_error_data, serve_loop, serve_one
from mcp.shared.dispatcher import CallOptions
from mcp.shared.exceptions import MCPError, NoBackChannelError
from mcp.shared.inbound import (
    ERROR_CODE_HTTP_STATUS,
    InboundLadderRejection,
    InboundModernRoute,
    classify_inbound_request,
    find_duplicated_routing_header,
    unsupported_protocol_version_rejection,
    validate_mcp_param_headers,
)
from mcp.shared.jsonrpc_dispatcher import progress_token_from_params
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp.shared.transport_context import TransportContext
from mcp_types.jsonrpc import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
    jsonrpc_message_adapter,
)
from mcp_types.methods import validate_client_request
from mcp_types.version import (
    HANDSHAKE_PROTOCOL_VERSIONS,
    LATEST_HANDSHAKE_VERSION,
    MODERN_PROTOCOL_VERSIONS,
    is_version_at_least,
)

REQUEST_CANCELLED = -32800
"""What a cancelled request of the handshake era is answered with, so that its stream can end."""

BUSY = -32000
"""Server-defined: the caller reached a limit; ``data.retryAfter`` says for how many seconds."""

__all__ = [
    "BUSY",
    "ERROR_CODE_HTTP_STATUS",
    "HANDSHAKE_PROTOCOL_VERSIONS",
    "HEADER_MISMATCH",
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "LATEST_HANDSHAKE_VERSION",
    "METHOD_NOT_FOUND",
    "MODERN_PROTOCOL_VERSIONS",
    "PARSE_ERROR",
    "REQUEST_CANCELLED",
    "SUBSCRIPTION_ID_META_KEY",
    "CacheHint",
    "CallNext",
    "CallOptions",
    "Connection",
    "HandlerResult",
    "InboundLadderRejection",
    "InboundModernRoute",
    "InitializationOptions",
    "JSONRPCError",
    "JSONRPCMessage",
    "JSONRPCNotification",
    "JSONRPCRequest",
    "JSONRPCResponse",
    "MCPError",
    "NoBackChannelError",
    "NotificationOptions",
    "RequestId",
    "RequestStateBoundary",
    "RequestStateSecurity",
    "Server",
    "ServerMessageMetadata",
    "ServerRequestContext",
    "SessionMessage",
    "TransportContext",
    "classify_inbound_request",
    "find_duplicated_routing_header",
    "is_version_at_least",
    "jsonrpc_message_adapter",
    "modern_error_data",
    "progress_token_from_params",
    "serve_loop",
    "serve_one",
    "types",
    "unsupported_protocol_version_rejection",
    "validate_client_request",
    "validate_mcp_param_headers",
]
