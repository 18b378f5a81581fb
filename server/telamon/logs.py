"""Logging: one JSON line an event for machines, readable colours on a terminal, no secret ever.

Everything ends in structlog: our own events and the standard library's records of other packages.
A thread of its own writes the lines, so that nobody waits for a sink that does not read.
"""

import io
import logging
import os
import queue
import re
import sys
import threading
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any, Self, TextIO, cast

import structlog

from telamon.settings import LogSettings

_SECRET_KEYS = re.compile(
    r"(?i)^(.*(secret|password|authorization|cookie|verifier|assertion|_token|_code)"
    r"|code|state|token|txn|csrf|tlm_sid)$"
)
_SECRET_TEXT = re.compile(
    r"tlm_(?:at|rt|ac|cs)_[\w-]+"
    r"|(?i:bearer|basic)\s+[\w.~+/=-]{6,}"
    r"|eyJ[\w-]{6,1024}\.[\w-]+(?:\.[\w-]*)?"
    r"|AT(?:ATT|OA)[\w=-]{8,}"
    r"|(?<!\w)(?:code|state|txn|csrf|tlm_sid|code_verifier|refresh_token|access_token|client_secret)"
    r"=[^&;\s'\"]+"
    r"|(?<!\w)(?:csrf|tlm_sid|code_verifier|refresh_token|access_token|client_secret):\s*[^\s'\"]+"
    r"|(?<=['\"])(?:txn|csrf|refresh_token|access_token|client_secret|code_verifier|code|state)['\"]"
    r"\s*:\s*['\"][^'\"]+"
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

WAITING_LINES = 4096
"""How many lines wait for a slow sink; the next ones are counted and dropped (SECURITY L05)."""

STOP_SECONDS = 1.0

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


class Sink(logging.Handler):
    """Formats every record where it is logged, and writes it to *stream* from a thread.

    As a context manager it writes what waits before it ends.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.dropped = 0
        self._stream = stream
        self._waiting: queue.Queue[str | None] = queue.Queue(WAITING_LINES)
        self._thread = threading.Thread(target=self._write_all, name="logs", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line of *record*; count it if there is no room."""
        try:
            self._waiting.put_nowait(self.format(record) + "\n")
        except queue.Full:
            self.dropped += 1
        except Exception:  # noqa: BLE001 - the standard library's way: a log line fails nobody
            self.handleError(record)

    def _write_all(self) -> None:
        write = _writing(self._stream)
        while (line := self._waiting.get()) is not None:
            try:
                write(line)
            except OSError:
                # The sink is gone or full, and there is no other one to say so; others may follow.
                self.dropped += 1

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Write what waits, for at most so many *seconds*; later lines go nowhere."""
        try:
            self._waiting.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.stop()


def _writing(stream: TextIO) -> Callable[[str], object]:
    """Return what writes to *stream*, past its buffer where it has a file descriptor.

    A thread that hangs within the buffer would hold its lock, and the interpreter cannot end then.
    """
    try:
        descriptor = stream.fileno()
    except io.UnsupportedOperation:
        return stream.write

    def write(line: str) -> None:
        left = line.encode(errors="backslashreplace")
        while left:
            left = left[os.write(descriptor, left) :]

    return write


def dropped() -> int:
    """Return how many lines the process's log has lost."""
    return sum(each.dropped for each in logging.getLogger().handlers if isinstance(each, Sink))


def set_up(settings: LogSettings, stream: TextIO | None = None) -> Sink:
    """Send every log line of the process through one formatter to *stream* (stderr by default).

    Leave the sink that is returned, or stop it, before the process ends: lines may wait in it.
    """
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
    handler = Sink(out)
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
    return handler
