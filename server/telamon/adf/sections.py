"""Sections: a heading and what follows it, up to the next of the same or a higher level.

Headings count wherever they stand among the blocks of the document or of a column in a layout; a
section never reaches beyond its column.
"""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from .canonical import normal
from .edits import merge_sections
from .errors import AmbiguousSection, UnknownSection
from .excerpt import plain_text
from .nodes import Node, attributes, content, kind
from .reader import Profile, from_markdown

_HASHES = re.compile(r"(#{1,6})\s+(.*)", re.DOTALL)
_HOLDERS = frozenset({"layoutSection", "layoutColumn"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Where a section is.

    Attributes:
        heading: The words of the heading.
        level: Its level, 1 to 6.
        path: The indices of the containers that lead to it; empty for the document itself.
        start: The index of the heading among the blocks of its container.
        stop: The index after the last block of the section.
    """

    heading: str
    level: int
    path: tuple[int, ...]
    start: int
    stop: int

    @property
    def named(self) -> str:
        """The heading as in Markdown, `## Words`."""
        return f"{'#' * self.level} {self.heading}"


def sections(document: Mapping[str, Any]) -> list[Section]:
    """All sections, in the order of their headings; those of a lower level lie inside others."""
    return list(_sections(content(normal(document)), ()))


def section(document: Mapping[str, Any], heading: str, *, occurrence: int | None = None) -> Node:
    """One section as a document of its own, its heading included.

    Args:
        document: The whole document.
        heading: The words of the heading, or `## Words` to tell levels apart.
        occurrence: Which of several such headings is meant, counted from 1.

    Raises:
        UnknownSection: There is no such heading.
        AmbiguousSection: There are several.
    """
    found = _find(document, heading, occurrence)
    blocks = _blocks(deepcopy(dict(document)), found.path)
    return {"type": "doc", "version": 1, "content": blocks[found.start : found.stop]}


def replace_section(
    original: Mapping[str, Any],
    heading: str,
    new_markdown: str,
    *,
    occurrence: int | None = None,
    trusted: bool = False,
    profile: Profile = "confluence",
) -> Node:
    """The document with one section changed and everything else as it was.

    Args:
        original: The document as it is stored now. It is not changed.
        heading: The words of the heading, or `## Words` to tell levels apart.
        new_markdown: The section's new Markdown. If it begins with a heading of the section's own
            level, that heading is replaced too; otherwise the heading stays, and is not repeated
            where the text begins with the same words as a heading of another level.
        occurrence: As for `section`.
        trusted: As for `from_markdown`.
        profile: As for `from_markdown`.

    Raises:
        UnknownSection: There is no such heading.
        AmbiguousSection: There are several.
        UnknownReference: The Markdown refers to a node which the original does not have.
    """
    found = _find(original, heading, occurrence)
    document = deepcopy(dict(original))
    blocks = _blocks(document, found.path)
    updated = content(
        from_markdown(new_markdown, original=original, trusted=trusted, profile=profile)
    )
    level = _level(updated[0]) if updated else 0
    start = found.start + (level != found.level)
    if level not in (0, found.level) and _same(found.heading, plain_text(updated[0])):
        updated = updated[1:]
    blocks[start : found.stop] = merge_sections(blocks[start : found.stop], updated)
    return document


def _sections(blocks: list[Node], path: tuple[int, ...]) -> Iterator[Section]:
    levels = [_level(block) for block in blocks]
    stops = _stops(levels)
    for at, block in enumerate(blocks):
        if kind(block) in _HOLDERS:
            yield from _sections(content(block), (*path, at))
        elif levels[at]:
            yield Section(
                heading=" ".join(plain_text(block).split()),
                level=levels[at],
                path=path,
                start=at,
                stop=stops[at],
            )


def _level(block: Node) -> int:
    level = attributes(block).get("level")
    return level if kind(block) == "heading" and isinstance(level, int) else 0


def _stops(levels: list[int]) -> list[int]:
    """For each heading, where the next of the same or a higher level stands."""
    stops = [len(levels)] * len(levels)
    opened: list[int] = []
    for at, level in enumerate(levels):
        while level and opened and levels[opened[-1]] >= level:
            stops[opened.pop()] = at
        if level:
            opened.append(at)
    return stops


def _blocks(document: Node, path: tuple[int, ...]) -> list[Node]:
    """The list of blocks that the path leads to, as it is in the document."""
    node = document
    for at in path:
        node = node["content"][at]
    blocks: list[Node] = node["content"]
    return blocks


def _find(document: Mapping[str, Any], heading: str, occurrence: int | None) -> Section:
    known = sections(document)
    wanted = heading.strip()
    hashes = _HASHES.match(wanted)
    found = [
        one for one in known
        if _same(one.heading, wanted)
        or (hashes and one.level == len(hashes[1]) and _same(one.heading, hashes[2]))
    ]  # fmt: skip
    if not found:
        raise UnknownSection(f"There is no section {wanted!r}.", [one.named for one in known])
    if occurrence is None and len(found) == 1:
        return found[0]
    if occurrence is not None and 0 < occurrence <= len(found):
        return found[occurrence - 1]
    candidates = [
        f"occurrence {at}: {_trail(known, one)} (heading {known.index(one) + 1} of {len(known)})"
        for at, one in enumerate(found, 1)
    ]
    if occurrence is None:
        raise AmbiguousSection(f"There are {len(found)} sections {wanted!r}.", candidates)
    raise UnknownSection(f"There is no occurrence {occurrence} of {wanted!r}.", candidates)


def _trail(known: list[Section], one: Section) -> str:
    """The headings that lead to a section, the highest first, and its own."""
    around = [each for each in known if each.path == one.path[: len(each.path)]]
    above = [
        each for each in around
        if each.start <= (*one.path, one.start)[len(each.path)] < each.stop
        and (each.level < one.level or each.path != one.path)
    ]  # fmt: skip
    return " > ".join(each.named for each in (*above, one))


def _same(one: str, other: str) -> bool:
    return one.casefold() == " ".join(other.split()).casefold()
