"""Looking into Jira's loosely described JSON without surprises."""

from typing import Any, TypeGuard, cast

from telamon.plugin import Json


def members(value: Json) -> dict[str, Any]:
    """Return *value* if it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: Json) -> list[Any]:
    """Return *value* if it is an array, else an empty one."""
    return value if _is_list(value) else []


def _is_list(value: Json) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def objects(value: Json) -> list[dict[str, Any]]:
    """Return the objects in the array *value*."""
    return [members(item) for item in items(value) if isinstance(item, dict)]


def picked(value: Json, *names: str) -> dict[str, Any]:
    """Return those members of *value* that are named and say something."""
    found = members(value)
    return {name: found[name] for name in names if found.get(name) not in (None, "", [], {})}


def filled(**values: Any) -> dict[str, Any]:
    """Return *values* without those that say nothing: ``None``, empty texts, lists and objects."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
