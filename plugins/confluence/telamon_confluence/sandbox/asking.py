"""Reading a request to the emulator: parameters as they are meant, and cursors for long lists."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from telamon.plugin import SandboxRequest
from telamon_confluence.sandbox.replies import V2, invalid

ItemT = TypeVar("ItemT")


def number(request: SandboxRequest, name: str, default: int, least: int, most: int) -> int:
    """Return an integer parameter within its bounds."""
    text = request.value(name)
    if text is None:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise invalid(f"Provided value for '{name}' must be between {least} and {most}.")
    return int(text)


def flag(request: SandboxRequest, name: str) -> bool:
    """Return a boolean parameter; false without it."""
    text = request.value(name)
    if text not in (None, "true", "false"):
        raise invalid(f"Provided value for '{name}' is not the correct type. Expected boolean.")
    return text == "true"


def choice(request: SandboxRequest, name: str, allowed: Sequence[str]) -> str | None:
    """Return a parameter that takes one of *allowed*."""
    text = request.value(name)
    if text is not None and text not in allowed:
        raise invalid(f"Provided value for '{name}' is not one of {', '.join(allowed)}.")
    return text


def several(request: SandboxRequest, name: str) -> list[str] | None:
    """Return a parameter that may be repeated or joined with commas."""
    values = request.query.get(name)
    return None if values is None else [part for value in values for part in value.split(",")]


def choices(
    request: SandboxRequest, name: str, allowed: Sequence[str], default: Sequence[str]
) -> list[str]:
    """Return a repeated parameter whose values are all among *allowed*."""
    values = several(request, name)
    if values is None:
        return list(default)
    for value in values:
        if value not in allowed:
            raise invalid(f"Provided value for '{name}' is not one of {', '.join(allowed)}.")
    return values


def page(
    request: SandboxRequest,
    path: str,
    items: Sequence[ItemT],
    shape: Callable[[ItemT], Any],
    *,
    default: int = 25,
) -> dict[str, Any]:
    """Return one page of *items* in v2's form, with ``_links.next`` when there are more."""
    limit = number(request, "limit", default, 1, 250)
    start = offset(request)
    links: dict[str, str] = {"base": f"{request.site.url}/wiki"}
    if start + limit < len(items):
        links["next"] = f"{V2}{path}?" + urlencode(onward(request, start + limit), doseq=True)
    return {"results": [shape(item) for item in items[start : start + limit]], "_links": links}


def offset(request: SandboxRequest) -> int:
    """Return where a cursor says to go on."""
    text = request.value("cursor")
    if text is None:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(text))["offset"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise invalid(
            "Provided value for 'cursor' is not the correct type. Expected type is Cursor.",
            "The provided cursor was not valid. You can get a new valid cursor by making the "
            "original pagination request again.",
        ) from None


def onward(request: SandboxRequest, start: int) -> dict[str, Sequence[str]]:
    """Return the query that asks for the items from *start* on."""
    cursor = base64.urlsafe_b64encode(json.dumps({"offset": start}).encode()).decode()
    return {**request.query, "cursor": [cursor]}


def content_number(text: str) -> int:
    """Return the id in a path; what is no number is Confluence's 400."""
    if not text.isdecimal() or not text.isascii() or len(text) > 19:
        raise invalid("Provided value for 'id' is not the correct type. Expected type is long.")
    return int(text)
