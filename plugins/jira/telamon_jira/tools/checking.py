"""Checking an issue before it is created, against what the create screen of its type says."""

from collections.abc import Mapping
from typing import Any

from telamon.plugin import Forbidden, InvalidArgument, NotFound
from telamon_jira.form import NOT_ASKED_FOR, Form


async def problems_of(form: Form, values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with *values*, as far as can be known without creating the issue."""
    try:
        screen = await form.screen()
        wrong = await form.problems(values)
    except (InvalidArgument, Forbidden, NotFound) as problem:
        return [str(problem)]
    given = form.given
    missing = [
        f"{meta.get('name')} ({name}) is required."
        for name, meta in screen.items()
        if meta.get("required") and not meta.get("hasDefaultValue") and not given.get(name)
    ]
    unknown = [
        f"{name}: this type of issue has no such field."
        for name in given
        if name not in screen and name not in NOT_ASKED_FOR
    ]
    return [*missing, *unknown, *wrong]
