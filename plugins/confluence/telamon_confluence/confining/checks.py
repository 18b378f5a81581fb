"""What is checked, and narrowed, before a request may leave."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from telamon.plugin import Asking
from telamon.plugin.queries import narrowed
from telamon_confluence.answers import is_list, is_object, part, parts
from telamon_confluence.confining.whereabouts import Whereabouts, refused

Check = Callable[[Whereabouts, Asking], Awaitable[Asking]]
"""Returns the request as it may be sent, or raises as :class:`telamon.plugin.Guard` says."""

STORED = frozenset({"storage", "atlas_doc_format"})
"""Bodies as they are stored. A rendered one holds what its macros fetch from other spaces."""
_EXPANDED = (
    "ancestors attachment body by childTypes children comment container content contributors "
    "createdBy descendants description extensions group history homepage icon inlineProperties "
    "labels lastUpdated likes metadata nextVersion operations owner page plain previousVersion "
    "publishers read resolution restrictions space status update user users version"
)
EXPANDED = STORED | frozenset(_EXPANDED.split())
"""What may be expanded. Not ``personalSpace``: from any page it leads to its writers' own spaces,
and their home pages; not ``embeddedContent``: it can be another space's."""
LISTED = 100
"""How many spaces a list can be asked for at once."""

MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "spaceId": "space",
        "parentId": "content",
        "pageId": "page",
        "blogPostId": "blogpost",
        "attachmentId": "attachment",
        "customContentId": "custom content",
        "destinationPageId": "content",
    }
)
"""What the members of a body name."""
DESTINATIONS: Mapping[str, str] = MappingProxyType(
    {"parent_page": "content", "parent_content": "content", "existing_page": "content"}
)
"""What a copy's destination names, by its type; a space is named by its key."""


async def spaces_seen(where: Whereabouts, asking: Asking) -> Asking:
    """Learn the ids of the spaces, by which the answer will be judged."""
    await where.see_spaces()
    return asking


def in_path(kind: str, segment: str = "id") -> Check:
    """Check the thing that a segment of the path names."""

    async def check(where: Whereabouts, asking: Asking) -> Asking:
        await where.see_spaces()
        await where.require(kind, asking.segments[segment])
        return asking

    return check


def in_body(comments: str = "unknown comment") -> Check:
    """Check everything that the body names; a parent comment in it is of the kind *comments*."""

    async def check(where: Whereabouts, asking: Asking) -> Asking:
        await where.see_spaces()
        for kind, name in _named(asking.body, comments):
            if kind == "space key" and where.spaces.hold_key(name):
                continue
            await where.require(kind, name)
        return asking

    return check


def _named(body: Any, comments: str) -> Iterator[tuple[str, Any]]:
    if not is_object(body):
        return
    for member, kind in (*MEMBERS.items(), ("parentCommentId", comments)):
        if body.get(member) not in (None, ""):
            yield kind, body[member]
    for page in parts(body, "pages"):
        yield "page", page.get("id") if is_object(page) else page
    if destination := part(body, "destination"):
        type_ = str(destination.get("type"))
        kind = "space key" if type_ == "space" else DESTINATIONS.get(type_, "unknown")
        yield kind, destination.get("value")


async def cql_in_query(where: Whereabouts, asking: Asking) -> Asking:
    """Narrow the query's CQL."""
    cql = narrowed(str(asking.query.get("cql") or ""), await where.condition())
    return replace(asking, query={**asking.query, "cql": cql})


async def only_spaces(where: Whereabouts, asking: Asking) -> Asking:
    """Ask for what is in the allowed spaces alone; spaces that are asked for are checked."""
    await where.see_spaces()
    asked = asking.query.get("space-id")
    for number in asked if is_list(asked) else [asked]:
        if number is not None:
            await where.require("space", number)
    if asked is not None or not 0 < len(where.spaces.seen) <= LISTED:
        return asking
    return replace(asking, query={**asking.query, "space-id": sorted(where.spaces.seen)})


async def only_keys(where: Whereabouts, asking: Asking) -> Asking:
    """Ask for the allowed spaces alone unless certain spaces are asked for."""
    if asking.query.get("keys") is not None or asking.query.get("ids") is not None:
        return asking
    return replace(asking, query={**asking.query, "keys": where.spaces.asked})


async def template_space(where: Whereabouts, asking: Asking) -> Asking:
    """Check the space whose templates are asked for; without one they are the site's own."""
    key = asking.query.get("spaceKey")
    if key is not None and not where.spaces.hold_key(key):
        raise where.missing()
    return asking


def stored_only(asking: Asking) -> None:
    """Refuse bodies that Confluence renders, and expansions that lead out of the content.

    Raises:
        Forbidden: A query value asks for one.
    """
    form = asking.query.get("body-format")
    expansions = [
        part.split(".") for part in str(asking.query.get("expand") or "").split(",") if part
    ]
    if form not in (None, *STORED) or any(_renders(names) for names in expansions):
        raise refused(": rendered bodies can hold parts of pages of other spaces")
    for name in (name for names in expansions for name in names):
        if name not in EXPANDED:
            raise refused(f" (expand: {name})")


def _renders(names: list[str]) -> bool:
    """Say whether a body is expanded but for one as it is stored, with nothing behind it."""
    if "body" not in names:
        return "macroRenderedOutput" in names
    return names.index("body") != len(names) - 2 or names[-1] not in STORED
