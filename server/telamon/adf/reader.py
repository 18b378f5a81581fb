"""Markdown to document."""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from .canonical import clean, normal
from .errors import TooLarge
from .fit_blocks import JIRA_LACKS, Fitter
from .fit_inline import plain
from .nodes import Node, kind
from .origin import Origin
from .parser import make_parser, parse_text
from .read_blocks import BlockReader
from .read_inline import InlineReader
from .validity import MAX_CHARACTERS

Profile = Literal["confluence", "jira"]


def from_markdown(
    text: str,
    *,
    original: Mapping[str, Any] | None = None,
    trusted: bool = False,
    profile: Profile = "confluence",
    strict_references: bool = False,
) -> Node:
    """Read Markdown as a document that is valid by the schema, whatever the text is.

    Args:
        text: Markdown in the dialect of docs/content.md.
        original: The document that the text is an edit of. References are looked up in it, and
            the macros which it has may be kept.
        trusted: Whether the text may bring in macros, and nodes that the schema does not know,
            which `original` does not have. Without it they stay text.
        profile: `jira` leaves out what Jira's fields do not take: layouts, macros with a body,
            synchronised blocks.
        strict_references: Whether a reference is refused where there is no `original`. Without
            it such a reference stays text.

    Raises:
        UnknownReference: The text refers to a node which `original` does not have.
        TooLarge: The text is too long.
    """
    origin = Origin(original, trusted=trusted, strict=strict_references)
    return read(text, origin, profile)


def read(text: str, origin: Origin, profile: Profile) -> Node:
    """Read Markdown that comes from `origin`."""
    if len(text) > MAX_CHARACTERS:
        raise TooLarge(f"The Markdown has more than {MAX_CHARACTERS} characters.")
    lacking = JIRA_LACKS if profile == "jira" else frozenset[str]()
    fitter = Fitter(lacking, _Ids(origin), origin.may_have_columns)
    return normal(fitter.document(_blocks(clean(text), origin)))


def _blocks(text: str, origin: Origin) -> list[Node]:
    """The nodes of a text before they are fitted; by then its many tokens are gone."""
    parser = make_parser()
    tokens, env = parse_text(parser, text)
    return BlockReader(tokens, InlineReader(parser, env, origin), origin).read()


class _Ids:
    """Makes identifiers that are the same for the same text, and that nothing else has."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._taken: set[str] | None = None
        self._count = 0

    def __call__(self, node: Node) -> str:
        if self._taken is None:
            self._taken = self._origin.local_ids()
        while True:
            self._count += 1
            seed = f"{self._count} {kind(node)} {plain(node)}"
            found = hashlib.sha256(seed.encode()).hexdigest()
            made = "-".join((found[:8], found[8:12], found[12:16], found[16:20], found[20:32]))
            if made not in self._taken:
                self._taken.add(made)
                return made
