"""How pages, comments and spaces look to a model: what helps it, and nothing else.

Nulls may stand in these mappings; the server leaves them out of the answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from telamon.plugin import Json
from telamon_confluence.addresses import space_key
from telamon_confluence.answers import first_version, next_cursor, part, parts, webui
from telamon_confluence.client import Confluence, Kind

Shape = dict[str, Any]


def person(account_id: str | None, names: Mapping[str, str]) -> Shape | None:
    """Return somebody as name, where it is known, and account id."""
    if not account_id:
        return None
    return {"name": names.get(account_id) or None, "accountId": account_id}


def page_of(name: str, items: Sequence[Shape], answer: Json, **more: Any) -> Shape:
    """Return one page of a list; ``cursor`` is there exactly when another page is."""
    return {name: list(items), **more, "cursor": next_cursor(answer)}


def version(made: Json, names: Mapping[str, str]) -> Shape:
    """Return one line of a history: who made the version, when, and with which message."""
    return {
        "number": made.get("number"),
        "createdAt": made.get("createdAt"),
        "author": person(made.get("authorId"), names),
        "message": made.get("message") or None,
    }


def people(*items: Json) -> list[str | None]:
    """Return the account ids of who began *items* and of who changed them last."""
    return [
        account_id
        for item in items
        for account_id in (
            item.get("authorId"),
            first_version(item).get("authorId"),
            part(item, "version").get("authorId"),
        )
    ]


def changes(item: Json, names: Mapping[str, str]) -> Shape:
    """Return who began a comment or a file, and who changed it last where that came later.

    Confluence credits them to whoever made the version that is shown; who began one of several
    versions is known only where the first was read.
    """
    now, first = part(item, "version"), first_version(item)
    later = now if now.get("number") != 1 else {}
    return {
        "author": person(first.get("authorId"), names),
        "createdAt": first.get("createdAt"),
        "updatedBy": person(later.get("authorId"), names),
        "updatedAt": later.get("createdAt"),
        "version": now.get("number"),
    }


def content_head(
    confluence: Confluence, kind: Kind, content: Json, names: Mapping[str, str]
) -> Shape:
    """Return a page or blog post without its body."""
    made = part(content, "version")
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
        "author": person(content.get("authorId"), names),
        "version": made.get("number"),
        "updatedAt": made.get("createdAt"),
        "updatedBy": person(made.get("authorId"), names),
        "versionMessage": made.get("message") or None,
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
    """Return a footer or inline comment without its body."""
    properties = part(item, "properties")
    return {
        "id": item.get("id"),
        "parentCommentId": item.get("parentCommentId"),
        "status": item.get("status"),
        **changes(item, names),
        "resolutionStatus": item.get("resolutionStatus"),
        "selection": properties.get("inlineOriginalSelection") or None,
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


def folder(confluence: Confluence, item: Json, names: Mapping[str, str]) -> Shape:
    """Return a folder without what is in it."""
    return {
        "id": item.get("id"),
        "title": item.get("title"),
        "spaceId": item.get("spaceId"),
        "parentId": item.get("parentId"),
        "author": person(item.get("authorId"), names),
        "createdAt": item.get("createdAt"),
        "url": confluence.link(item),
    }
