"""The running call that a tool gets: progress, log lines, and questions to the user."""

from typing import get_args

from telamon.clock import Clock
from telamon.endpoint.asking import Questions
from telamon.endpoint.exchange import Context, exchange_of
from telamon.endpoint.invisible import visible_text
from telamon.endpoint.kernel import MODERN_PROTOCOL_VERSIONS, types
from telamon.endpoint.pace import Pace
from telamon.plugin import Answer, LogLevel
from telamon.plugin.call import AnswerT

_LEVELS: tuple[LogLevel, ...] = get_args(LogLevel)
_LEVEL_KEY = "io.modelcontextprotocol/logLevel"


class RunningCall:
    """Implements :class:`telamon.plugin.Call`."""

    def __init__(
        self, context: Context, params: types.CallToolRequestParams, logger: str, clock: Clock
    ) -> None:
        self._context = context
        self._questions = Questions(context, params)
        self._logger = logger
        self._levels = _wanted_levels(context)
        self._pace = Pace(clock)
        self._done = float("-inf")
        self._waiting: tuple[float, float | None, str | None] | None = None
        self._left_out = 0

    async def progress(
        self, done: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Report progress; a report that does not grow is left out, a flood of them merged."""
        if done <= self._done:
            return
        self._done = done
        self._waiting = (done, total, visible_text(message) if message else message)
        if self._pace.allows():
            await self._report()

    async def log(self, level: LogLevel, message: str) -> None:
        """Send a log line, if the client asked for this level and did not get too many."""
        if level not in self._levels:
            return
        if not self._pace.allows():
            self._left_out += 1
            return
        await self._say(level, message)

    async def ask(self, key: str, question: str, answer: type[AnswerT], /) -> Answer[AnswerT]:
        """Put *question* to the user."""
        return await self._questions.ask(key, question, answer)

    async def ask_first(self, key: str, question: str, answer: type[AnswerT], /) -> Answer[AnswerT]:
        """Put *question* to the user, whatever came along with the call unasked."""
        return await self._questions.ask(key, question, answer, unasked=False)

    async def finish(self) -> None:
        """Say what the pace held back; nothing of it may come behind the answer."""
        await self._report()
        if self._left_out:
            await self._say("warning", f"{self._left_out} log lines were left out.")
            self._left_out = 0

    async def _report(self) -> None:
        if self._waiting is not None:
            done, total, message = self._waiting
            self._waiting = None
            await self._context.session.report_progress(done, total, message)

    async def _say(self, level: LogLevel, message: str) -> None:
        params = types.LoggingMessageNotificationParams(
            level=level, logger=self._logger, data=visible_text(message)
        )
        await self._context.session.send_notification(
            types.LoggingMessageNotification(params=params),
            related_request_id=self._context.request_id,
        )


def _wanted_levels(context: Context) -> frozenset[LogLevel]:
    """Return the levels that may be sent for this request (MCP 2026-07-28, logging; 2025, logging).

    Since 2026-07-28 each request says so itself, and without a word nothing may be sent.
    """
    if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
        level = (context.meta or {}).get(_LEVEL_KEY)
    else:
        listener = exchange_of(context).listener
        level = listener.log_level if listener else None
    if level not in _LEVELS:
        return frozenset()
    return frozenset(_LEVELS[_LEVELS.index(level) :])
