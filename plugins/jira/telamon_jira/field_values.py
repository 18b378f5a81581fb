"""What values a field takes: plain words become what Jira wants, or a sentence says what it is."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from telamon_jira.screens import allowed_value
from telamon_jira.values import items, members, objects

ALLOWED_NAMED = 30
"""How many allowed values an error names."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
DOCUMENTS = frozenset({"description", "environment"})
"""System fields that hold a document; of custom ones only the schema tells."""

Meta = Mapping[str, Any]


class Misfit(Exception):
    """The field does not take this value; the text says which value is meant, in few words."""


def kind_of(meta: Meta) -> str:
    """Return what a field holds: its type, or ``document`` or ``sprint`` where that says more."""
    schema = members(meta.get("schema"))
    custom = str(schema.get("custom"))
    if schema.get("system") in DOCUMENTS or custom.endswith(":textarea"):
        return "document"
    if custom.endswith(":gh-sprint"):
        return "sprint"
    return str(schema.get("type"))


def is_for_people(meta: Meta) -> bool:
    """Say whether a field holds a person or several."""
    schema = members(meta.get("schema"))
    return "user" in (schema.get("type"), schema.get("items"))


def fit(meta: Meta, value: Any) -> Any:
    """Return *value* as the field wants it; text of documents stays Markdown.

    Raises:
        Misfit: The field does not take it.
    """
    if value is None or value in ("", [], {}):
        return value
    kind = kind_of(meta)
    allowed = items(meta.get("allowedValues"))
    if kind != "array":
        return _one(kind, allowed, value)
    of = str(members(meta.get("schema")).get("items"))
    many = items(value) if isinstance(value, list) else [value]
    return [_one(of, allowed, item) for item in many]


def wants(identifier: str, meta: Meta) -> str:
    """Return a sentence on what a field takes: its name, the kind of value, the allowed ones."""
    name = meta.get("name")
    label = identifier if name in (None, identifier) else f"{name} ({identifier})"
    kind = kind_of(meta)
    many = kind == "array"
    of = str(members(meta.get("schema")).get("items")) if many else kind
    words = WORDS.get(of, f"a value of the type {of}")
    allowed = [str(allowed_value(choice)) for choice in items(meta.get("allowedValues"))]
    more = f" and {len(allowed) - ALLOWED_NAMED} more" if len(allowed) > ALLOWED_NAMED else ""
    unlisted = " by name" if NAMED.get(of) == "name" else ""
    choices = f", one of: {', '.join(allowed[:ALLOWED_NAMED])}{more}" if allowed else unlisted
    return f"{label} wants {'a list, each ' if many else ''}{words}{choices}."


WORDS: Mapping[str, str] = MappingProxyType(
    {
        "string": "text",
        "document": "Markdown",
        "number": "a number",
        "date": "a date like 2026-06-15",
        "datetime": "a time like 2026-06-15T09:30:00+02:00",
        "user": "a person (account id, e-mail address or name)",
        "option": "an option",
        "option-with-child": "an option, or both like 'Option / Sub-option'",
        "issuelink": "an issue key",
        "timetracking": 'an object like {"originalEstimate": "2d", "remainingEstimate": "4h"}',
        "sprint": "the id of a sprint that is not closed (listJiraBoardSprints)",
        **{
            kind: f"a {kind}"
            for kind in ("priority", "resolution", "version", "component", "group")
        },
        "issuetype": "an issue type",
        "securitylevel": "a security level",
        "project": "a project key",
    }
)


def _one(kind: str, allowed: list[Any], value: Any) -> Any:
    if kind in NAMED:
        return _chosen(NAMED[kind], allowed, value)
    shape = SHAPES.get(kind)
    return shape(allowed, value) if shape else value


def _chosen(word: str, allowed: list[Any], value: Any) -> Any:
    found = members(value)
    words = [found[word] for word in ("id", "name", "value", "key") if found.get(word)]
    called: Any = words[0] if words else value
    if isinstance(called, bool) or not isinstance(called, str | int):
        raise Misfit(str(value))
    if not allowed:
        return value if found else {word: str(called)}
    wanted = str(called).strip().casefold()
    named = [] if found.get("id") else [a for a in allowed if wanted in _words(a)]
    same = named or [a for a in allowed if str(members(a).get("id")) == wanted]
    if not same:
        raise Misfit(repr(called))
    if len(same) > 1:
        ids = ", ".join(str(members(choice).get("id")) for choice in same)
        raise Misfit(f"{called!r}, which is several (by id: {ids})")
    choice = members(same[0])
    if found.get("id"):
        return value
    return {word: choice[word]} if choice.get(word) else {"id": choice.get("id")}


def _words(choice: Any) -> set[str]:
    found = members(choice)
    return {str(found[word]).casefold() for word in ("name", "value", "key") if found.get(word)}


def _cascade(allowed: list[Any], value: Any) -> Any:
    if members(value) or " / " not in str(value):
        return value if members(value) else _chosen("value", allowed, value)
    whole, part = (word.strip() for word in str(value).split(" / ", 1))
    first = _chosen("value", allowed, whole)
    within = [items(a.get("children")) for a in objects(allowed) if first.items() <= a.items()]
    return {**first, "child": _chosen("value", within[0] if within else [], part)}


def _text(allowed: list[Any], value: Any) -> Any:
    if members(value):  # an app's own kind of text
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Misfit(str(value))
    if allowed and str(value) not in (str(choice) for choice in allowed):
        raise Misfit(repr(value))
    return str(value)


def _document(_allowed: list[Any], value: Any) -> Any:
    if not isinstance(value, str) and not members(value):
        raise Misfit(str(value))
    return value


def _number(_allowed: list[Any], value: Any) -> Any:
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        number = float(value)
        return int(number) if number.is_integer() else number
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misfit(repr(value))
    return value


def _date(_allowed: list[Any], value: Any) -> Any:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise Misfit(repr(value))
    try:
        datetime.fromisoformat(value)
    except ValueError as wrong:
        raise Misfit(repr(value)) from wrong
    return value


def _datetime(_allowed: list[Any], value: Any) -> Any:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as wrong:
        raise Misfit(repr(value)) from wrong
    if moment.tzinfo is None:
        raise Misfit(f"{value!r}, which has no time zone")
    return f"{moment:%Y-%m-%dT%H:%M:%S.000%z}"


def _issue(_allowed: list[Any], value: Any) -> Any:
    if not isinstance(value, str | int):
        return value
    return {"id" if str(value).isdigit() else "key": str(value)}


def _sprint(_allowed: list[Any], value: Any) -> Any:
    one = items(value)[0] if len(items(value)) == 1 else value
    named = members(one).get("id", one)
    if not str(named).isdigit():
        raise Misfit(repr(value))
    return int(named)


def _time(_allowed: list[Any], value: Any) -> Any:
    if not members(value):
        raise Misfit(repr(value))
    return value


NAMED: Mapping[str, str] = MappingProxyType(
    {
        "option": "value",
        "project": "key",
        **dict.fromkeys(
            (
                "priority",
                "resolution",
                "issuetype",
                "securitylevel",
                "version",
                "component",
                "group",
            ),
            "name",
        ),
    }
)
"""The member by which Jira takes a choice of each kind."""

SHAPES: Mapping[str, Callable[[list[Any], Any], Any]] = MappingProxyType(
    {
        "string": _text,
        "document": _document,
        "number": _number,
        "date": _date,
        "datetime": _datetime,
        "option-with-child": _cascade,
        "issuelink": _issue,
        "sprint": _sprint,
        "timetracking": _time,
    }
)
