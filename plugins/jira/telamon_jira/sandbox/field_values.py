"""Setting fields: a value as the REST API takes it becomes a stored one, or a refusal in words."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from telamon.adf import plain_text
from telamon_jira.sandbox import shapes
from telamon_jira.sandbox.definitions import (
    EPIC,
    ISSUE_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    SEVERITIES,
    STATUSES,
)
from telamon_jira.sandbox.fields import Field
from telamon_jira.sandbox.state import Project
from telamon_jira.sandbox.view import View
from telamon_jira.values import items, members

DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
SPAN = re.compile(r"(\d+(?:\.\d+)?)([wdhm])")
UNITS = MappingProxyType({"w": 144_000, "d": 28_800, "h": 3_600, "m": 60})


class WrongValue(Exception):
    """The value does not fit the field; the text is what Jira says about it."""


def parse(view: View, project: Project, field: Field, value: Any) -> Any:
    """Return what is stored for *value*; ``None`` and an empty text empty the field."""
    if value is None or (value == "" and field.kind != "text"):
        if field.kind in ("issuetype", "priority", "project"):
            raise WrongValue(f"{field.name} is required.")
        return None
    return _PARSERS[field.kind](view, project, value)


def seconds(text: str) -> int:
    """Return the seconds of a duration in Jira's notation."""
    parts = text.split()
    found = [SPAN.fullmatch(part) for part in parts]
    if not parts or not all(found):
        raise WrongValue(f"The duration '{text}' is not valid; use a form like 3w 4d 12h 5m.")
    return int(sum(float(match[1]) * UNITS[match[2]] for match in found if match))


def is_document(value: Any) -> bool:
    """Say whether *value* looks like an ADF document."""
    found = members(value)
    return (
        found.get("type") == "doc"
        and found.get("version") == 1
        and isinstance(found.get("content"), list)
    )


def _text(_view: View, _project: Project, value: Any) -> str:
    if not isinstance(value, str):
        raise WrongValue("Operation value must be a string")
    if not value.strip():
        raise WrongValue("You must specify a summary of the issue.")
    if len(value) > 255 or "\n" in value:
        raise WrongValue("Summary must be one line of at most 255 characters.")
    return value


def _document(_view: View, _project: Project, value: Any) -> Any:
    if not is_document(value):
        raise WrongValue(
            "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
        )
    return value


def _number(_view: View, _project: Project, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongValue("Operation value must be a number")
    return float(value)


def _date(_view: View, _project: Project, value: Any) -> str:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise WrongValue(
            "Operation value must be a string in the format yyyy-MM-dd"  # as Jira words it
        )
    return value


def _labels(_view: View, _project: Project, value: Any) -> list[str]:
    labels = items(value)
    if not isinstance(value, list) or not all(isinstance(label, str) for label in labels):
        raise WrongValue("Operation value must be an array of strings")
    for label in labels:
        if " " in label:
            raise WrongValue(f"The label '{label}' contains spaces which is invalid.")
    return list(dict.fromkeys(labels))


def _choice(
    known: Mapping[str, str], label: str, name: str = "name"
) -> Callable[[View, Project, Any], str]:
    def choose(_view: View, _project: Project, value: Any) -> str:
        found = members(value)
        wanted = str(found.get(name, "")).casefold()
        for identifier, called in known.items():
            if identifier == found.get("id") or called.casefold() == wanted:
                return identifier
        raise WrongValue(f"The {label} selected is invalid.")

    return choose


def _issue_type(view: View, project: Project, value: Any) -> str:
    known = {identifier: ISSUE_TYPES[identifier].name for identifier in project.issue_types}
    return _choice(known, "issue type")(view, project, value)


def _user(view: View, _project: Project, value: Any) -> str:
    found = members(value)
    account_id = found.get("accountId") or found.get("id")
    if not isinstance(account_id, str) or view.user(account_id) is None:
        raise WrongValue("Specify a valid value for the user: there is no such account id.")
    return account_id


def _parent(view: View, project: Project, value: Any) -> int:
    found = members(value)
    parent = view.state.find_issue(str(found.get("key") or found.get("id") or ""))
    if parent is None or not view.may_see(view.project_of(parent)):
        raise WrongValue("Could not find issue by id or key.")
    if parent.project != project.key and parent.values["issuetype"] != EPIC:
        raise WrongValue("The parent has to be in the same project.")
    return parent.id


def _named(collection: str, label: str) -> Callable[[View, Project, Any], list[str]]:
    def choose(_view: View, project: Project, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise WrongValue("data was not an array")
        known = getattr(project, collection)
        chosen: list[str] = []
        for item in items(value):
            found = members(item)
            match = next((k for k in known if found.get("id") == k.id), None) or next(
                (k for k in known if found.get("name") == k.name), None
            )
            if match is None:
                raise WrongValue(f"{label} name '{found.get('name')}' is not valid")
            chosen.append(match.id)
        return chosen

    return choose


def _time(_view: View, _project: Project, value: Any) -> dict[str, int]:
    found = members(value)
    return {
        name: seconds(str(found[name]))
        for name in ("originalEstimate", "remainingEstimate")
        if found.get(name)
    }


def _sprint(view: View, project: Project, value: Any) -> list[int]:
    wanted = view.state.sprints.get(value) if isinstance(value, int) else None
    if wanted is None:
        raise WrongValue("Number value expected as the Sprint id.")
    if view.state.boards[wanted.board].project != project.key or wanted.state == "closed":
        raise WrongValue("The sprint is not open for this project.")
    return [wanted.id]


_PARSERS: Mapping[str, Callable[[View, Project, Any], Any]] = MappingProxyType(
    {
        "text": _text,
        "document": _document,
        "number": _number,
        "date": _date,
        "labels": _labels,
        "issuetype": _issue_type,
        "priority": _choice(PRIORITIES, "priority"),
        "resolution": _choice(RESOLUTIONS, "resolution"),
        "option": _choice(SEVERITIES, "option", "value"),
        "user": _user,
        "parent": _parent,
        "components": _named("components", "Component"),
        "versions": _named("versions", "Version"),
        "time": _time,
        "sprint": _sprint,
    }
)


def words(view: View, project: Project, field: Field, stored: Any) -> str | None:
    """Return a stored value in words, as an issue's history shows it."""
    if stored is None:
        return None
    named: Mapping[str, Callable[[Any], str]] = {
        "issuetype": lambda value: ISSUE_TYPES[value].name,
        "status": lambda value: STATUSES[value].name,
        "priority": lambda value: PRIORITIES[value],
        "resolution": lambda value: RESOLUTIONS[value],
        "option": lambda value: SEVERITIES[value],
        "user": lambda value: view.state.users[value].name,
        "parent": lambda value: view.state.issues[value].key,
        "labels": " ".join,
        "components": lambda value: ", ".join(c.name for c in project.components if c.id in value),
        "versions": lambda value: ", ".join(v.name for v in project.versions if v.id in value),
        "time": lambda value: ", ".join(shapes.duration(amount) for amount in value.values()),
        "sprint": lambda value: ", ".join(view.state.sprints[number].name for number in value),
        "document": plain_text,
    }
    return named.get(field.kind, str)(stored)
