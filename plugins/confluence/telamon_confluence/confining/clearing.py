"""Takes out of an answer whatever is in a space outside, at any depth."""

from typing import Any, Final

from telamon.plugin import Json
from telamon_confluence.addresses import space_key
from telamon_confluence.answers import is_list, is_object, part, results
from telamon_confluence.confining.spaces import Spaces

GONE: Final = object()
"""Stands for a value of which nothing may be shown."""


def cleared(value: Json, spaces: Spaces) -> Json:
    """Return *value* without what says that it is in a space outside; GONE if it does itself."""
    if is_list(value):
        return [kept for item in value if (kept := cleared(item, spaces)) is not GONE]
    if not is_object(value):
        return value
    if _is_outside(value, spaces):
        return GONE
    inner = {name: cleared(each, spaces) for name, each in value.items()}
    return {name: each for name, each in inner.items() if each is not GONE}


def _is_outside(item: dict[str, Any], spaces: Spaces) -> bool:
    """Judge by the id of the space (v2) or by the space itself (v1)."""
    if item.get("spaceId") is not None:
        return not spaces.hold_id(item["spaceId"])
    place = part(item, "space")
    return bool(place) and not spaces.hold_key(place.get("key"))


def found_inside(answer: Json, spaces: Spaces) -> Json:
    """Return a page of search results with those that say that they are inside."""
    return {**answer, "results": [item for item in results(answer) if _says_inside(item, spaces)]}


def _says_inside(item: Json, spaces: Spaces) -> bool:
    said = (
        part(item, "space").get("key"),
        space_key(item.get("url")),
        space_key(part(item, "resultGlobalContainer").get("displayUrl")),
    )
    named = [key for key in said if key]
    return bool(named) and all(spaces.hold_key(key) for key in named)
