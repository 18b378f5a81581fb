"""Where opaque forms come from: what a text may bring in, and what a reference stands for."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from . import model
from .attributes import read_json
from .canonical import canonical, copied, normal
from .errors import AdfError, UnknownReference
from .forms import reference
from .legible import legible, whole
from .nodes import Node, as_node, attributes, content, kind
from .validity import arranged, valid
from .writer import references

BODIED = frozenset({"bodiedExtension", "bodiedSyncBlock"})
"""The macros with a body: in Markdown a frame around it, so without their content."""


class Verbatim(dict[str, Any]):
    """A node that the schema does not know, kept as it is because the original has it."""


class Origin:
    """The document that a text was read from, if any, and how far the text is trusted.

    Args:
        original: The document.
        trusted: Whether the text may bring in macros, and nodes that the schema does not know.
        strict: Whether a reference is refused even where there is no document to look in.
        known: The nodes that the document's short form refers to, if they were found already.
    """

    def __init__(
        self,
        original: Mapping[str, Any] | None,
        *,
        trusted: bool,
        strict: bool = False,
        known: Mapping[str, Node] | None = None,
    ) -> None:
        self._original = original
        self._trusted = trusted
        self._strict = strict
        self._given = known

    @cached_property
    def _known(self) -> Mapping[str, Node]:
        if self._given is not None:
            return self._given
        return {} if self._original is None else references(self._original)

    @cached_property
    def _hidden(self) -> set[str]:
        """The names of the nodes that the short form shows and that are opaque in the complete."""
        found = () if self._original is None else walk(legible(normal(self._original)))
        return {
            reference(whole(node))
            for node in found
            if whole(node) is not node or kind(node) == "layoutSection"
        }

    def may_have_columns(self, count: int) -> bool:
        """Whether a layout may have so many columns: two or three, or as many as one has there."""
        return arranged("layoutSection", [{}] * count) or any(
            kind(node) == "layoutSection" and len(content(node)) == count
            for node in (() if self._original is None else walk(dict(self._original)))
        )

    def local_ids(self) -> set[str]:
        """The identifiers that the document has given to its nodes."""
        nodes = () if self._original is None else walk(dict(self._original))
        found = (attributes(node).get("localId") for node in nodes)
        return {one for one in found if isinstance(one, str)}

    def resolve(self, name: str) -> Node | None:
        """The node that a reference stands for; None if there is no original to look in.

        Raises:
            UnknownReference: The original has no such node, or there must be one and is not.
        """
        if self._original is None:
            if self._strict:
                raise UnknownReference(name, is_new=True)
            return None
        found = self._known.get(name)
        if found is None:
            raise UnknownReference(name)
        return _kept(copied(found))

    def payload(self, text: str) -> Node | None:
        """The node that a fence spells out, if it does and may."""
        read = read_json(text, 0)
        if read is None or text[read[1] :].strip():
            return None
        return self.accept(read[0])

    def accept(self, payload: Any) -> Node | None:
        """The node that an opaque form spells out, or None if it may not be made from text.

        A macro, or a node that the schema does not know, must be in the original already.
        """
        found = as_node(payload)
        if found is None:
            return None
        try:
            node = canonical(found)
        except AdfError:  # deeper or larger than a document may be: then it is only text
            return None
        if not isinstance(node.get("type"), str):
            return None
        if self._trusted or not (_has_macro(node) or not _is_known(node)):
            return _kept(node)
        name = reference(node)
        return _kept(node) if name in self._known or name in self._hidden else None


def _kept(node: Node) -> Node:
    return node if _is_known(node) else Verbatim(node)


def _is_known(node: Node) -> bool:
    """Whether the node is valid in some place; a frame is looked at as if it had a body."""
    whole = node
    if kind(node) in BODIED and "content" not in node:
        whole = node | {"content": [{"type": "paragraph"}]}
    return any(
        kind(node) in children and valid(whole, parent)
        for parent, children in model.CONTENT.items()
    )


def _has_macro(node: Node) -> bool:
    return any(kind(found) in model.MACROS for found in walk(node))


def walk(node: Node) -> Iterator[Node]:
    """The node and all nodes below it, in the order of the document."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(reversed(content(found)))
