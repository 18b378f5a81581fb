"""Taking Confluence's answers apart; its documents describe them too loosely to trust a shape."""

from typing import Any, TypeGuard
from urllib.parse import parse_qs, urlsplit

from telamon.plugin import Json


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether parsed JSON is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell whether parsed JSON is a list."""
    return isinstance(value, list)


def part(item: Json, name: str) -> dict[str, Any]:
    """Return the object *name* of *item*, empty where there is none."""
    value = item.get(name)
    return value if is_object(value) else {}


def parts(item: Json, name: str) -> list[Json]:
    """Return the list *name* of *item*, empty where there is none."""
    value = item.get(name)
    return value if is_list(value) else []


def results(answer: Json) -> list[Json]:
    """Return the things that a list operation gave."""
    return parts(answer, "results")


def webui(item: Json) -> str | None:
    """Return the browser path of *item*, below ``/wiki``."""
    path = part(item, "_links").get("webui")
    return path if isinstance(path, str) else None


def author(item: Json) -> str | None:
    """Return the account id of who made the version of *item*."""
    return part(item, "version").get("authorId")


def first_version(item: Json) -> dict[str, Any]:
    """Return the version that *item* began with, where it was read; else nothing."""
    for made in (part(item, "version"), *parts(part(item, "versions"), "results")):
        if is_object(made) and made.get("number") == 1:
            return made
    return {}


def next_cursor(answer: Json) -> str | None:
    """Return the cursor in ``_links.next``; the rest of that link is never used."""
    link = part(answer, "_links").get("next")
    if not isinstance(link, str):
        return None
    return parse_qs(urlsplit(link).query).get("cursor", [""])[0] or None
