"""Changing a page that exists: its version, and who came between."""

from dataclasses import dataclass
from typing import Any, Literal

from telamon.plugin import Conflict, InvalidArgument, Json, NotFound
from telamon_confluence import bodies, conflicts, shapes
from telamon_confluence.arguments import BodyFormat
from telamon_confluence.client import COLLECTIONS, Confluence, Kind
from telamon_confluence.drafts import Draft

Status = Literal["current", "draft"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Original:
    """A page or blog post as it was read before the edit."""

    kind: Kind
    content: Json

    @property
    def number(self) -> int:
        """Its version number."""
        return int(self.content["version"]["number"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What to write; ``None`` keeps what is there."""

    draft: Draft
    title: str | None = None
    status: Status = "current"
    parent_id: str | None = None
    message: str | None = None
    allow_loss: bool = False


async def original(
    confluence: Confluence,
    number: str,
    *,
    version: int | None = None,
    body_format: BodyFormat | None = None,
) -> Original:
    """Read what is to be edited: what is published, or a draft of what never was.

    Raises:
        Conflict: It is no longer at *version*, the one the model had read.
        InvalidArgument: It is archived.
    """
    form = bodies.requested(body_format)
    try:
        kind, content = await confluence.content(number, {"body-format": form})
    except NotFound:
        kind, content = await confluence.content(number, {"body-format": form, "get-draft": True})
    if content.get("status") == "archived":
        raise InvalidArgument("The page is archived; it has to be restored before it is edited.")
    read = Original(kind=kind, content=content)
    if version is not None and version != read.number:
        raise await _changed(confluence, read, version)
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
    if not change.allow_loss:
        change.draft.refuse_loss("page")
    body: dict[str, Any] = {
        "id": number,
        "status": change.status,
        "title": change.title or before.content["title"],
        "body": change.draft.body,
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
        raise await _changed(confluence, now, before.number, before.content) from error
    return shapes.content_head(confluence, before.kind, saved, names)


def _changes_nothing(before: Original, change: Change) -> bool:
    there = before.content
    return (
        change.draft.same
        and change.status == there.get("status")
        and change.title in (None, there.get("title"))
        and change.parent_id in (None, there.get("parentId"))
    )


def _next_version(before: Original, status: Status) -> int:
    """Return the version to write: drafts stay at 1, and a published draft becomes version 1."""
    if status == "draft" or before.content.get("status") == "draft":
        return 1
    return before.number + 1


async def _changed(
    confluence: Confluence, now: Original, version: int, before: Json | None = None
) -> Conflict:
    """Compare what is there *now* with the *version* that the edit was made from."""
    number, query = str(now.content["id"]), {"body-format": bodies.ADF}
    newest = now.content
    try:
        if (before is None or bodies.stored(before)) and 0 < version < now.number:
            _, before = await confluence.under(now.kind, number, "", {**query, "version": version})
        if bodies.stored(newest):
            _, newest = await confluence.under(now.kind, number, "", query)
    except NotFound:
        before = None  # that version is gone; who saved this one, and when, is said all the same
    return await conflicts.meanwhile(confluence, "page", before, newest)
