"""Which field is meant by a field's id or name, and what is known of a field without asking."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from telamon_jira.values import items

Screen = Mapping[str, dict[str, Any]]
"""Fields by id, as create, edit and transition metadata describe them."""

CUSTOM_ID = re.compile(r"customfield_[0-9]{1,18}")
NAMES_SHOWN = 60


def _system(identifier: str, kind: str, of: str | None = None) -> dict[str, Any]:
    schema = {"type": kind, "system": identifier} | ({"items": of} if of else {})
    return {"name": identifier, "schema": schema}


SYSTEM: Screen = MappingProxyType(
    {
        identifier: _system(identifier, *kind)
        for identifier, kind in {
            "assignee": ("user",),
            "attachment": ("array", "attachment"),
            "comment": ("comments-page",),
            "components": ("array", "component"),
            "description": ("string",),
            "duedate": ("date",),
            "environment": ("string",),
            "fixVersions": ("array", "version"),
            "issuelinks": ("array", "issuelinks"),
            "issuetype": ("issuetype",),
            "labels": ("array", "string"),
            "parent": ("issuelink",),
            "priority": ("priority",),
            "project": ("project",),
            "reporter": ("user",),
            "resolution": ("resolution",),
            "security": ("securitylevel",),
            "summary": ("string",),
            "timetracking": ("timetracking",),
            "versions": ("array", "version"),
            "worklog": ("array", "worklog"),
        }.items()
    }
)
"""The fields that every Jira has, under ids that never change."""


def folded(name: Any) -> str:
    """Return a field's name as names are compared: without regard to case and spacing."""
    return " ".join(str(name).split()).casefold()


def is_id(key: str) -> bool:
    """Say whether *key* is a field's id for sure."""
    return key in SYSTEM or CUSTOM_ID.fullmatch(key) is not None


def needs_screen(key: str, value: Any) -> bool:
    """Say whether only a screen tells which field *key* is, or what text means in it."""
    if key in SYSTEM:
        return False
    texts = items(value) or [value]
    return not is_id(key) or any(isinstance(text, str) for text in texts)


def asks_for_screen(values: Mapping[str, Any]) -> bool:
    """Say whether *values* can only be understood with a screen."""
    return any(needs_screen(key, value) for key, value in values.items())


def resolve(keys: Iterable[str], screen: Screen) -> tuple[dict[str, str], list[str]]:
    """Return the field ids of *keys* as far as they are clear, and what is wrong with the others.

    Without a screen only ids are clear.
    """
    found: dict[str, str] = {}
    problems: list[str] = []
    for key in keys:
        meant = [key] if is_id(key) or key in screen else _called(key, screen)
        if not meant:
            problems.append(_unknown(key, screen))
        elif len(meant) > 1:
            problems.append(f"{key!r} names several fields, use an id: {_listed(meant, screen)}.")
        elif meant[0] in found.values():
            problems.append(f"{meant[0]} is given twice.")
        else:
            found[key] = meant[0]
    return found, problems


def _called(key: str, screen: Screen) -> list[str]:
    wanted = folded(key)
    named = [found for found, meta in screen.items() if folded(meta.get("name")) == wanted]
    return named or [identifier for identifier in screen if identifier.casefold() == wanted]


def _listed(identifiers: Iterable[str], screen: Screen) -> str:
    return ", ".join(f"{screen[found].get('name')} ({found})" for found in identifiers)


def _unknown(key: str, screen: Screen) -> str:
    names = {str(meta.get("name")): identifier for identifier, meta in screen.items()}
    lowered = {name.casefold(): name for name in names}
    near = [lowered[found] for found in get_close_matches(key.casefold(), lowered)]
    if near:
        return f"There is no field {key!r} here; near: {', '.join(near)}."
    more = ", …" if len(names) > NAMES_SHOWN else ""
    return f"There is no field {key!r} here; there are: {', '.join([*names][:NAMES_SHOWN])}{more}."
