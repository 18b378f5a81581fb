"""How pages, comments and spaces look to a model: what helps it, and nothing else.

Nulls may stand in these mappings; the server leaves them out of the answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from telamon.plugin import Json
from telamon_confluence import bodies
from telamon_confluence.addresses import space_key
from telamon_confluence.answers import next_cursor, part, parts, webui
from telamon_confluence.client import Confluence, Kind

Shape = dict[str, Any]


def person(account_id: str | None, names: Mapping[str, str] | None = None) -> Shape | None:
    """Return somebody as name, where it is known, and account id."""
    if not account_id:
        return None
    return {"name": (names or {}).get(account_id) or None, "accountId": account_id}


def page_of(name: str, items: Sequence[Shape], answer: Json, **more: Any) -> Shape:
    """Return one page of a list; ``cursor`` is there exactly when another page is."""
    return {name: list(items), **more, "cursor": next_cursor(answer)}


def version(content: Json, names: Mapping[str, str] | None = None) -> Shape | None:
    """Return who made the version of *content*, when, and with which message."""
    made = part(content, "version")
    if not made:
        return None
    return {
        "number": made.get("number"),
        "createdAt": made.get("createdAt"),
        "author": person(made.get("authorId"), names),
        "message": made.get("message") or None,
    }


def content_head(confluence: Confluence, kind: Kind, content: Json) -> Shape:
    """Return a page or blog post without its body."""
    return {
        "id": content.get("id"),
        "type": kind,
        "subtype": content.get("subtype") or None,
        "title": content.get("title"),
        "status": content.get("status"),
        "spaceId": content.get("spaceId"),
        "spaceKey": space_key(webui(content)),
        "parentId": content.get("parentId"),
        "createdAt": content.get("createdAt"),
        "author": person(content.get("authorId")),
        "version": version(content),
        "url": confluence.link(content),
    }


def labels(content: Json) -> list[str] | None:
    """Return the names of the labels that were read with ``include-labels``."""
    found = [str(label["name"]) for label in parts(part(content, "labels"), "results")]
    return found or None


def content_row(confluence: Confluence, content: Json) -> Shape:
    """Return one line of a list of pages or blog posts."""
    made = part(content, "version")
    return {
        "id": content.get("id"),
        "title": content.get("title"),
        "subtype": content.get("subtype") or None,
        "status": content.get("status"),
        "parentId": content.get("parentId"),
        "version": made.get("number"),
        "updatedAt": made.get("createdAt"),
        "url": confluence.link(content),
    }


def comment(confluence: Confluence, item: Json, names: Mapping[str, str]) -> Shape:
    """Return a footer or inline comment with its body."""
    made = part(item, "version")
    properties = part(item, "properties")
    return {
        "id": item.get("id"),
        "parentCommentId": item.get("parentCommentId"),
        "status": item.get("status"),
        "author": person(made.get("authorId"), names),
        "createdAt": made.get("createdAt"),
        "version": made.get("number"),
        "resolutionStatus": item.get("resolutionStatus"),
        "selection": properties.get("inlineOriginalSelection"),
        "body": bodies.read(item),
        "url": confluence.link(item),
    }


def space(confluence: Confluence, item: Json) -> Shape:
    """Return a space."""
    described = part(item, "description")
    text = next((part(described, form).get("value") for form in described), None)
    return {
        "id": item.get("id"),
        "key": item.get("key"),
        "name": item.get("name"),
        "type": item.get("type"),
        "status": item.get("status"),
        "homepageId": item.get("homepageId"),
        "description": text or None,
        "icon": part(item, "icon").get("path"),
        "url": confluence.link(item),
    }


def folder(confluence: Confluence, item: Json) -> Shape:
    """Return a folder without what is in it."""
    return {
        "id": item.get("id"),
        "title": item.get("title"),
        "spaceId": item.get("spaceId"),
        "parentId": item.get("parentId"),
        "author": person(item.get("authorId")),
        "createdAt": item.get("createdAt"),
        "url": confluence.link(item),
    }
