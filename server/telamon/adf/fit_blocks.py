"""Makes blocks fit: what a place may not hold is changed, unwrapped or put behind its holder.

Nothing that was written is lost: a heading in a list becomes a paragraph in bold, a quote in a
quote becomes its paragraphs, and a table in a list item follows the list, which goes on after it.
"""

from collections.abc import Callable

from . import model
from .canonical import copied
from .convert import WRAPPED, convert
from .fit_inline import allowed_marks, fit_line
from .nodes import Node, attributes, build, content, kind, marks
from .origin import Verbatim
from .values import selected

_LIFTED = frozenset({"table", "rule"})
_DIVISIBLE = frozenset({"listItem", "bulletList", "orderedList", "blockquote", "panel"})
_STRUCTURES = frozenset(
    parent
    for parent, children in model.CONTENT.items()
    if "paragraph" not in children and not children <= model.INLINE
)
"""What holds parts of its own kind only: anything else is put beside it."""
_LINES = frozenset(parent for parent, children in model.CONTENT.items() if children <= model.INLINE)
_NEEDS_BLOCK = frozenset(
    [
        "blockquote",
        "bodiedExtension",
        "bodiedSyncBlock",
        "expand",
        "layoutColumn",
        "listItem",
        "nestedExpand",
        "panel",
        "tableCell",
        "tableHeader",
        "blockTaskItem",
    ]
)
_IDENTIFIED = frozenset({"taskList", "taskItem", "blockTaskItem", "decisionList", "decisionItem"})
_PRESET: dict[str, Node] = {
    "decisionItem": {"state": "DECIDED"},
    "mediaSingle": {"layout": "center"},
    "embedCard": {"layout": "center"},
    "layoutColumn": {"width": 50},
}
"""Attributes that must be there, where nobody says otherwise."""
_NEEDS_ATTRS = frozenset({"nestedExpand"})
JIRA_LACKS = frozenset({"layoutSection", "bodiedExtension", "syncBlock", "bodiedSyncBlock"})
"""What Jira's fields do not take, although the schema has it."""


class Fitter:
    """Fits nodes into their places.

    Args:
        lacking: Node types that may stand nowhere.
        new_id: Makes the `localId` for a node of which it is required.
        may_have_columns: Whether a layout may have so many columns.
    """

    def __init__(
        self,
        lacking: frozenset[str],
        new_id: Callable[[Node], str],
        may_have_columns: Callable[[int], bool],
    ) -> None:
        self._holds = {parent: held - lacking for parent, held in model.CONTENT.items()}
        self._new_id = new_id
        self._may_have_columns = may_have_columns
        self._settled: dict[int, Node] = {}  # by id: what lies deep is not looked at level by level

    def document(self, nodes: list[Node]) -> Node:
        """A document of these blocks."""
        return {"type": "doc", "version": 1, "content": self._children(nodes, "doc")}

    def _children(self, nodes: list[Node], parent: str) -> list[Node]:
        """The children as they fit; those that must leave the parent are still among them."""
        fitted: list[Node] = []
        for node in nodes:
            fitted += self._place(node, parent)
        return fitted

    def _place(self, node: Node, parent: str) -> list[Node]:
        if isinstance(node, Verbatim):
            return [node]
        placed: list[Node] = []
        for part in self._settle(node):
            node_type = kind(part)
            if node_type in self._holds[parent]:
                fitted = self._dressed(part, parent) if "marks" in part else part
                self._settled[id(fitted)] = fitted
                placed.append(fitted)
            elif WRAPPED.get(node_type) in self._holds[parent]:
                placed += self._place(build(WRAPPED[node_type], [part]), parent)
            elif parent in _STRUCTURES or (node_type in _LIFTED and parent in _DIVISIBLE):
                placed.append(part)
            else:
                for simpler in convert(part, parent):
                    placed += self._place(simpler, parent)
        return placed

    def _dressed(self, node: Node, parent: str) -> Node:
        """The node with the marks that it may carry here."""
        kept = allowed_marks(marks(node), model.marks_allowed(parent, kind(node)))
        bare = {key: value for key, value in node.items() if key != "marks"}
        return bare | {"marks": kept} if kept else bare

    def _settle(self, node: Node) -> list[Node]:
        """The node with its own parts in order: itself, or the pieces it falls into."""
        if id(node) in self._settled:
            return [node]
        node_type = kind(node)
        if node_type not in model.TYPES:
            return [build("paragraph", fit_line([node], "paragraph"))]
        attrs = self._attributes(node, node_type)
        if attrs is None:
            return self._without_frame(node)
        bare: Node = {"type": node_type}
        if attrs or node_type in _NEEDS_ATTRS:
            bare["attrs"] = attrs
        if found := marks(node):
            bare["marks"] = found
        if node_type not in model.CONTENT:
            return [bare]
        if node_type in _LINES:
            if line := fit_line(content(node), node_type):
                bare["content"] = line
            return [bare]
        return self._divided(bare, self._children(content(node), node_type))

    def _without_frame(self, node: Node) -> list[Node]:
        """What is left of a node that lacks an attribute which it must have."""
        if kind(node) in _LINES or kind(node) not in model.CONTENT or not content(node):
            return [build("paragraph", fit_line(content(node) or [node], "paragraph"))]
        return [part for child in content(node) for part in self._settle(child)]

    def _attributes(self, node: Node, node_type: str) -> Node | None:
        attrs = attributes(node)
        if node_type in _PRESET:
            attrs = _PRESET[node_type] | attrs
        if node_type in _IDENTIFIED and not isinstance(attrs.get("localId"), str):
            attrs = attrs | {"localId": self._new_id(node)}
        return selected(node_type, attrs)

    def _divided(self, node: Node, children: list[Node]) -> list[Node]:
        """Divide a node around the children that it may not keep."""
        allowed = self._holds[kind(node)]
        if all(kind(child) in allowed for child in children):
            return self._filled(node, children)
        parts: list[Node] = []
        kept: list[Node] = []
        number = attributes(node).get("order", 1)
        for child in children:
            if isinstance(child, Verbatim) or kind(child) in allowed:
                kept.append(child)
                continue
            parts += self._filled(copied(node), kept) if kept else []
            if kind(node) == "orderedList":
                number += len(kept)
                node = node | {"attrs": attributes(node) | {"order": number}}
            parts.append(child)
            kept = []
        if kept or not parts:
            parts += self._filled(node, kept)
        return parts

    def _filled(self, node: Node, children: list[Node]) -> list[Node]:
        """The node, which is ours alone, with these children, if it can be with them."""
        node_type = kind(node)
        if not children and node_type in _NEEDS_BLOCK:
            children = [build("paragraph")]
        if node_type == "mediaSingle":
            pictures = [child for child in children if kind(child) == "media"][:1]
            captions = [child for child in children if kind(child) == "caption"][:1]
            if not pictures:
                return [build("paragraph", content(captions[0]))] if captions else []
            children = pictures + captions
        if node_type == "layoutSection" and not self._may_have_columns(len(children)):
            return [part for column in children for part in content(column)]
        if not children and node_type != "tableRow":
            return []
        node["content"] = children
        return [node]
