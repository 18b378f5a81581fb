"""What can go wrong outside of tools, as JSON-RPC errors: reading, prompts, completion."""

import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import structlog
from pydantic import BaseModel, ValidationError

from telamon.endpoint.exchange import Context
from telamon.endpoint.invisible import visible_text
from telamon.endpoint.kernel import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    MODERN_PROTOCOL_VERSIONS,
    MCPError,
)
from telamon.endpoint.results import wrong_arguments
from telamon.plugin import InvalidArgument, NotFound, ToolError

_NOT_FOUND_BEFORE_2026 = -32002
log = structlog.get_logger(__name__)


@contextmanager
def readable_errors(
    context: Context,
    *,
    arguments: type[BaseModel] | None = None,
    not_found: Mapping[str, str] | None = None,
) -> Generator[None]:
    """Turn what a plugin raises into a JSON-RPC error with its sentence.

    *arguments* is the model whose faults are the caller's; *not_found* is the data of an error
    about a thing that is not there.

    Raises:
        MCPError: -32602 for the caller's faults, -32603 for anything else.
    """
    try:
        yield
    except NotFound as error:
        modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
        code = INVALID_PARAMS if modern else _NOT_FOUND_BEFORE_2026
        raise MCPError(code, visible_text(str(error)), not_found) from None
    except InvalidArgument as error:
        raise MCPError(INVALID_PARAMS, visible_text(str(error))) from None
    except ToolError as error:
        raise MCPError(INTERNAL_ERROR, visible_text(str(error))) from None
    except Exception as error:
        if (
            isinstance(error, ValidationError)
            and arguments is not None
            and error.title == arguments.__name__
        ):
            raise MCPError(INVALID_PARAMS, wrong_arguments(error)) from None
        # The plugin's fault, whatever it is: it is logged, and the caller gets its number.
        error_id = secrets.token_hex(6)
        log.exception("plugin.failed", method=context.method, error_id=error_id)
        raise MCPError(INTERNAL_ERROR, f"Internal error {error_id}") from None
