"""Ask the user before something is deleted, where the operator wants that."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import BaseModel, Field

from telamon.endpoint.invisible import visible_text
from telamon.plugin import Answer, CannotAsk, Forbidden

_KEY = "confirm"
_LONGEST = 120
"""How many characters of one argument are shown: a long one must not hide the next."""


class Confirmation(BaseModel):
    """The form."""

    delete: bool = Field(title="Yes, delete it", strict=True)


Ask = Callable[[str, str, type[Confirmation]], Awaitable[Answer[Confirmation]]]


async def confirm(ask: Ask, title: str, arguments: Mapping[str, Any]) -> None:
    """Return when the user said yes to running the tool *title* with *arguments*.

    *ask* puts a question, as :meth:`telamon.plugin.Call.ask` does.

    Raises:
        CannotAsk: The client cannot put questions to its user, so nothing is deleted.
        Forbidden: The user said anything but yes.
    """
    shown = ", ".join(f"{_cut(name)}: {_cut(value)}" for name, value in arguments.items())
    try:
        answer = await ask(_KEY, f"{title}? The app wants to do this: {{{shown}}}", Confirmation)
    except CannotAsk as error:
        raise CannotAsk(
            "The operator of this server wants the user asked before anything is deleted, and this "
            "client cannot ask (MCP elicitation). Nothing was deleted."
        ) from error
    if answer.value is None or not answer.value.delete:
        raise Forbidden("The user did not confirm it. Nothing was deleted.")


def _cut(value: object) -> str:
    said = visible_text(json.dumps(value, ensure_ascii=False))
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
