"""Document to Markdown."""

from collections.abc import Mapping
from typing import Any, Literal

from .canonical import normal
from .forms import Forms
from .legible import legible
from .nodes import Node, content, kind
from .write_blocks import write_blocks, write_each

Opaque = Literal["inline", "reference"]


def to_markdown(document: Mapping[str, Any], *, opaque: Opaque = "inline") -> str:
    """Write a document as Markdown.

    Args:
        document: A `doc` node, or any other block node. It is not changed.
        opaque: `inline` writes everything, so that `from_markdown` gives the document back
            without anything else. `reference` writes what a reader needs: nodes without a plain
            form (macros) become short references, and identifiers and measures are left out;
            `apply_edit` puts all that back from the original.

    Raises:
        TooDeep: The document is nested too deeply.
        TooLarge: The document is too large.
    """
    short = opaque == "reference"
    found = normal(document)
    return write(legible(found) if short else found, Forms(short=short))


def write(document: Node, forms: Forms) -> str:
    """Write a canonical document or block, with the choices given."""
    nodes = content(document) if kind(document) == "doc" else [document]
    return "\n".join(write_blocks(nodes, "doc", forms))


def write_short(document: Mapping[str, Any]) -> tuple[list[str], dict[str, Node]]:
    """The short form of each block of a canonical document, and what it refers to."""
    forms = Forms(short=True)
    blocks = [legible(block) for block in content(document)]
    texts = ["\n".join(lines) for lines in write_each(blocks, "doc", forms)]
    return texts, forms.references


def references(document: Mapping[str, Any]) -> dict[str, Node]:
    """The nodes that the short form of this document refers to, by reference."""
    return write_short(normal(document))[1]
