"""What an edit would write, and what it would drop of what was there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telamon.plugin import InvalidArgument, Json
from telamon_confluence import bodies, macros, parts
from telamon_confluence.arguments import BodyFormat


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A new body.

    Attributes:
        body: The ``body`` member of the request that writes it.
        lost: What would go that nobody gets back: macros, media, anchors of comments.
        cut: It ends where an answer that showed a part of the old body ended.
        same: It is what is there.
    """

    body: Mapping[str, str]
    lost: Sequence[str]
    same: bool
    cut: bool = False

    def refuse_loss(self, of: str) -> None:
        """Refuse to write what would drop something of the *of*, a page or a comment.

        Raises:
            InvalidArgument: It would.
        """
        if self.lost:
            raise InvalidArgument(
                f"This edit would remove from the {of}: {', '.join(self.lost)}. Read the {of} "
                "again and keep their blocks in the body as they are, or set allowLoss to remove "
                "them."
            )
        if self.cut:
            raise InvalidArgument(
                f"The {of} is longer than one answer shows, and this body has only a part of it: "
                "the rest would go. Change single sections with updateConfluencePageSection, or "
                "set allowLoss to remove the rest."
            )


async def whole(before: Json, body: str, body_format: BodyFormat | None) -> Draft:
    """Lay a new *body* over that of *before*, which was read for this format.

    Raises:
        InvalidArgument: It cannot be a body.
    """
    return await bodies.aside(bodies.size(before) + len(body), _whole, before, body, body_format)


async def section(before: Json, heading: str, body: str, occurrence: int | None) -> Draft:
    """Lay the Markdown *body* over one section of *before*.

    Raises:
        InvalidArgument: There is no such section, or several; or it cannot be a body.
    """
    return await bodies.aside(
        bodies.size(before) + len(body), _section, before, heading, body, occurrence
    )


def _whole(before: Json, body: str, body_format: BodyFormat | None) -> Draft:
    if body_format == "storage":
        there = bodies.stored(before)
        return Draft(
            body=bodies.stored_as(body, there),
            lost=macros.dropped(there, body),
            same=body == there,
            cut=parts.is_cut(there, body),
        )
    document = bodies.document(before)
    if body_format == "adf":
        return _draft(document, bodies.given(body, document))
    after = bodies.edited(document, body)
    cut = bodies.size(before) > parts.LONGEST and parts.is_cut(bodies.text(document), body)
    return _draft(document, after, cut=cut)


def _section(before: Json, heading: str, body: str, occurrence: int | None) -> Draft:
    document = bodies.document(before)
    return _draft(document, bodies.section_edited(document, heading, body, occurrence))


def _draft(before: Mapping[str, Any], after: Mapping[str, Any], *, cut: bool = False) -> Draft:
    return Draft(
        body=bodies.written(after),
        lost=bodies.losses(before, after),
        same=after == before,
        cut=cut,
    )
