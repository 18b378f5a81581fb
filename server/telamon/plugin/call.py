"""What the server gives a running tool: progress, log lines, and a question to the user."""

from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

AnswerT = TypeVar("AnswerT", bound=BaseModel)

LogLevel = Literal["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer(Generic[AnswerT]):
    """What the user did with a question. ``value`` is there exactly when *action* is ``accept``."""

    action: Literal["accept", "decline", "cancel"]
    value: AnswerT | None = None


class Call(Protocol):
    """The running call; a tool that wants it takes it as its second positional parameter."""

    async def progress(
        self, done: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Report progress, where the client asked for it. *done* has to grow from call to call."""
        ...

    async def log(self, level: LogLevel, message: str) -> None:
        """Send a log line to the client, where it asked for that level."""
        ...

    async def ask(self, key: str, question: str, answer: type[AnswerT], /) -> Answer[AnswerT]:
        """Put *question* to the user as a form with the flat, primitive fields of *answer*.

        *key* names the question within this tool. **Ask before you change anything**: on revision
        2026-07-28 the client answers by sending the call again, so the coroutine runs anew from its
        start and this returns at once (MCP, "multi round-trip requests").

        Raises:
            CannotAsk: The client did not declare elicitation.
        """
        ...
