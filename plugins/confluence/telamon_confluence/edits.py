"""Changing a page that exists: what an edit would lose, its version, and who came between."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from telamon.plugin import Conflict, InvalidArgument, Json, NotFound, ToolError
from telamon_confluence import bodies, shapes
from telamon_confluence.answers import author, part
from telamon_confluence.client import COLLECTIONS, Confluence, Kind

Status = Literal["current", "draft"]

_CHANGED_LINES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Original:
    """A page or blog post as it was read before the edit."""

    kind: Kind
    content: Json
    document: Mapping[str, Any]

    @property
    def number(self) -> int:
        """Its version number."""
        return int(self.content["version"]["number"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What to write; ``None`` keeps what is there."""

    document: Mapping[str, Any]
    title: str | None = None
    status: Status = "current"
    parent_id: str | None = None
    message: str | None = None
    allow_loss: bool = False


async def original(confluence: Confluence, number: str, *, version: int | None = None) -> Original:
    """Read what is to be edited: what is published, or a draft of what never was.

    Raises:
        Conflict: It is no longer at *version*, the one the model had read.
        InvalidArgument: It is archived.
    """
    try:
        kind, content = await confluence.content(number, {"body-format": bodies.ADF})
    except NotFound:
        kind, content = await confluence.content(
            number, {"body-format": bodies.ADF, "get-draft": True}
        )
    if content.get("status") == "archived":
        raise InvalidArgument("The page is archived; it has to be restored before it is edited.")
    read = Original(kind=kind, content=content, document=bodies.document(content))
    if version is not None and version != read.number:
        before = None
        if version < read.number:
            _, past = await confluence.under(
                kind, number, "", {"body-format": bodies.ADF, "version": version}
            )
            before = bodies.document(past)
        raise await _changed_meanwhile(confluence, before, read)
    return read


async def save(confluence: Confluence, before: Original, change: Change) -> shapes.Shape:
    """Write *change* as the next version, in one request; none where nothing would change.

    Raises:
        InvalidArgument: It would drop macros, media or the like, and may not.
        Conflict: Somebody saved a version since *before* was read.
    """
    number = str(before.content["id"])
    if _changes_nothing(before, change):
        names = await confluence.names(shapes.people(before.content))
        head = shapes.content_head(confluence, before.kind, before.content, names)
        return {**head, "unchanged": True}
    _refuse_loss(before.document, change)
    body: dict[str, Any] = {
        "id": number,
        "status": change.status,
        "title": change.title or before.content["title"],
        "body": bodies.written(change.document),
        "version": {"number": _next_version(before, change.status)},
    }
    if change.message:
        body["version"]["message"] = change.message
    if change.parent_id:
        body["parentId"] = change.parent_id
    try:
        saved, names = await confluence.with_names(
            confluence.api.put(f"/wiki/api/v2/{COLLECTIONS[before.kind]}/{{id}}", body, id=number),
            [before.content.get("authorId"), confluence.api.account_id],
        )
    except Conflict as error:
        now = await original(confluence, number)
        raise await _changed_meanwhile(confluence, before.document, now) from error
    return shapes.content_head(confluence, before.kind, saved, names)


def _changes_nothing(before: Original, change: Change) -> bool:
    there = before.content
    return (
        change.document == before.document
        and change.status == there.get("status")
        and change.title in (None, there.get("title"))
        and change.parent_id in (None, there.get("parentId"))
    )


def _next_version(before: Original, status: Status) -> int:
    """Return the version to write: drafts stay at 1, and a published draft becomes version 1."""
    if status == "draft" or before.content.get("status") == "draft":
        return 1
    return before.number + 1


def _refuse_loss(before: Mapping[str, Any], change: Change) -> None:
    gone = bodies.losses(before, change.document)
    if gone and not change.allow_loss:
        raise InvalidArgument(
            f"This edit would remove from the page: {', '.join(gone)}. Read the page again and "
            "keep their blocks in the Markdown as they are, or set allowLoss to remove them."
        )


async def _changed_meanwhile(
    confluence: Confluence, before: Mapping[str, Any] | None, now: Original
) -> Conflict:
    made = part(now.content, "version")
    names = await confluence.names([author(now.content)])
    who = names.get(author(now.content) or "") or "somebody"
    said = f" ({made['message']})" if made.get("message") else ""
    changed = _difference(before, now.document) if before is not None else ""
    return Conflict(
        f"Nothing was written: the page is at version {now.number}, saved by {who} at "
        f"{made.get('createdAt')}{said}. Read it again, then repeat the edit.{changed}"
    )


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    try:
        older, newer = bodies.text(before).splitlines(), bodies.text(now).splitlines()
    except ToolError:
        return ""  # too large to compare; who and when is said all the same
    lines = [
        line
        for line in difflib.unified_diff(older, newer, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    if not lines:
        return ""
    more = len(lines) - _CHANGED_LINES
    shown = "\n".join(lines[:_CHANGED_LINES])
    return f" What changed meanwhile:\n{shown}" + (f"\n({more} more lines)" if more > 0 else "")
