"""What a write would drop: the things that Markdown easily forgets and nobody gets back."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .canonical import normal
from .forms import hint, reference
from .model import MACROS, TYPES
from .nodes import Node, attributes, content, kind, marks
from .origin import walk

Kind = Literal["macro", "medium", "mention", "inline comment", "layout", "unknown node"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """Something that the original has and the new document has not, or has less often.

    Attributes:
        kind: What sort of thing it is.
        what: What a person would call it.
        count: How many of it would go.
    """

    kind: Kind
    what: str
    count: int

    def __str__(self) -> str:
        times = f" ({self.count} times)" if self.count > 1 else ""
        return f"{self.kind}: {self.what}{times}"


def lost(original: Mapping[str, Any], updated: Mapping[str, Any]) -> list[Loss]:
    """What is in the original and would be gone from the updated document, in its order.

    Raises:
        TooDeep: A document is nested too deeply.
        TooLarge: A document is too large.
    """
    before, names = _inventory(normal(original))
    after, _ = _inventory(normal(updated))
    return [
        Loss(kind=found[0], what=names[found], count=count - after[found])
        for found, count in before.items()
        if count > after[found]
    ]


_Found = tuple[Kind, str]


def _inventory(document: Node) -> tuple[Counter[_Found], dict[_Found, str]]:
    count: Counter[_Found] = Counter()
    names: dict[_Found, str] = {}
    comments: dict[str, str] = {}
    for node in walk(document):
        named = _named(node)
        if named:
            count[named[:2]] += 1
            names[named[:2]] = named[2]
        for mark in marks(node):
            if kind(mark) == "annotation":
                identifier = str(attributes(mark).get("id"))
                comments[identifier] = comments.get(identifier, "") + str(node.get("text", ""))
    for identifier, words in comments.items():
        count["inline comment", identifier] = 1
        names["inline comment", identifier] = f"on “{_short(words)}”"
    return count, names


def _named(node: Node) -> tuple[Kind, str, str] | None:
    attrs = attributes(node)
    node_type = kind(node)
    if node_type in MACROS:
        frame = {key: value for key, value in node.items() if key != "content"}
        return "macro", reference(frame), hint(frame)
    if node_type in ("media", "mediaInline"):
        identifier = str(attrs.get("id") or attrs.get("url"))
        return "medium", identifier, str(attrs.get("alt") or identifier)
    if node_type == "mention":
        return "mention", str(attrs.get("id")), str(attrs.get("text") or attrs.get("id"))
    if node_type == "layoutSection":
        return "layout", "", f"{len(content(node))} columns"
    if node_type not in TYPES:
        return "unknown node", reference(node), hint(node)
    return None


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else words[:59].rstrip() + "…"
