"""What an operation's handler is, and small answers that many of them give."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.view import View

Handler = Callable[..., SandboxResponse]
"""``handler(view, **path parameters in snake_case)``."""

Routes = Mapping[str, Handler]
"""Handlers by ``"GET /rest/api/3/issue/{issueIdOrKey}"``."""


def ok(body: Any) -> SandboxResponse:
    """Answer 200 with *body*."""
    return SandboxResponse(body=body)


def created(body: Any) -> SandboxResponse:
    """Answer 201 with *body*."""
    return SandboxResponse(status=201, body=body)


def nothing() -> SandboxResponse:
    """Answer 204."""
    return SandboxResponse(status=204)


def counted(
    view: View,
    found: Sequence[Any],
    shape: Callable[[Any], Any],
    *,
    default: int = 50,
    maximum: int = 100,
    name: str = "values",
) -> SandboxResponse:
    """Answer one page of a list that is counted by ``startAt`` and ``maxResults``."""
    start = view.number("startAt", 0)
    size = view.number("maxResults", default, maximum)
    shown = found[start : start + size]
    body: dict[str, Any] = {"startAt": start, "maxResults": size, "total": len(found)}
    if name == "values":
        body["isLast"] = start + len(shown) >= len(found)
        body["self"] = view.rest("")
    return ok(body | {name: [shape(item) for item in shown]})


def whole_number(value: Any, name: str) -> int:
    """Return an id from a body or a path."""
    if isinstance(value, bool) or not str(value).isdigit():
        raise Refused(400, f"'{value}' is not a valid value for '{name}'.")
    return int(value)
