"""What two nodes have in common for a reader: a digest over all that the short form shows."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .forms import HIDDEN_MARKS, shown_attributes
from .legible import known_part
from .model import MACROS
from .nodes import Node, content, kind, marks
from .spacing import spaces_outside

_encode = json.JSONEncoder(sort_keys=True).encode


class Digests:
    """Digests of nodes, each worked out once. The nodes must stay as they are meanwhile."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}
        self._held: list[Node] = []

    def of(self, node: Node) -> str:
        """The digest of a canonical node: equal for nodes that read alike."""
        found = self._known.get(id(node))
        if found is None:
            below = [self.of(child) for child in spaces_outside(content(node))]
            found = hashlib.sha256(_encode([_shown(node), below]).encode()).hexdigest()
            self._known[id(node)] = found
            self._held.append(node)
        return found


def _shown(node: Node) -> Any:
    """The node itself without what the short form hides; macros hide nothing."""
    own: Mapping[str, Any] = {key: value for key, value in node.items() if key != "content"}
    if kind(node) in MACROS:
        return own
    known = known_part(node)
    kept = [mark for mark in marks(known) if kind(mark) not in HIDDEN_MARKS]
    rest = {key: value for key, value in own.items() if key not in ("attrs", "marks")}
    return {**rest, "attrs": shown_attributes(known), "marks": kept}
