"""Logging: one JSON line an event for machines, readable colours on a terminal, no secret ever.

Everything ends in structlog: our own events and the standard library's records of other packages.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from telamon.settings import LogSettings

_SECRET_KEYS = re.compile(
    r"(?i)^(.*(secret|password|authorization|cookie|verifier|assertion|_token|_code)|code|state|token)$"
)
_SECRET_TEXT = re.compile(
    r"tlm_(?:at|rt|ac|cs)_[\w-]+"
    r"|(?i:bearer|basic)\s+[\w.~+/=-]{6,}"
    r"|eyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?"
    r"|AT(?:ATT|OA)[\w=-]{8,}"
    r"|(?<=[?&\s'\"])(?:code|state|code_verifier|refresh_token|access_token|client_secret)=[^&\s'\"]+"
    r"|(?<=['\"])(?:refresh_token|access_token|client_secret|code_verifier|code|state)['\"]\s*:\s*['\"][^'\"]+"
)
_CONTROL = {c: f"\\x{c:02x}" for c in [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]}
MASK = "***"

_QUIET = {
    "authlib": logging.INFO,
    "aiohttp": logging.INFO,
    "asyncio": logging.INFO,
    "mcp": logging.INFO,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "aiosqlite": logging.WARNING,
}
"""Packages and the least level they may log at: below it are tokens, SQL, or nothing of use."""

Event = MutableMapping[str, Any]


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Mask secrets by their key's name and by their shape, in every string of *event*."""
    return {key: _masked(key, value) for key, value in event.items()}


def _masked(key: str, value: object) -> object:
    if value is not None and _SECRET_KEYS.match(key) and not isinstance(value, bool | int | float):
        return MASK
    if isinstance(value, str):
        return _SECRET_TEXT.sub(MASK, value).translate(_CONTROL)
    if isinstance(value, dict):
        members = cast("dict[object, object]", value)
        return {name: _masked(str(name), item) for name, item in members.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", item) for item in cast("list[object]", value)]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return _SECRET_TEXT.sub(MASK, str(value))


def set_up(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send every log line of the process through one formatter to *stream* (stderr by default)."""
    out = stream or sys.stderr
    console = settings.format == "console" or (settings.format == "auto" and out.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    tail: list[structlog.typing.Processor] = (
        [redact, structlog.dev.ConsoleRenderer(colors=out.isatty())]
        if console
        else [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(tail if not console else [structlog.processors.format_exc_info, *tail]),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
