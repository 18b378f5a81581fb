"""Makes inline content fit: what a line of text may not hold becomes the text it stands for."""

from typing import Any

from . import model
from .nodes import Node, attributes, content, kind, marks, text_node
from .origin import Verbatim
from .syntax import link_is_safe
from .validity import marks_fit
from .values import known_mark, mark_is_known, selected

_BARE_TEXT = {"type", "text"}
_BARE_MARK = {"type"}


def fit_line(nodes: list[Node], parent: str) -> list[Node]:
    """The inline nodes as this parent may hold them."""
    fitted: list[Node] = []
    for node in nodes:
        fitted += _fit(node, parent)
    return fitted


def _fit(  # noqa: PLR0911 - one answer for each sort of node
    node: Node, parent: str
) -> list[Node]:
    if isinstance(node, Verbatim):
        return [node]
    if node.keys() == _BARE_TEXT:
        return [node] if node["text"] and isinstance(node["text"], str) else []
    node_type = kind(node)
    if node_type == "media" and attributes(node).get("type") != "external":
        node_type = "mediaInline"
    if node_type == "text":
        text = node.get("text")
        if not isinstance(text, str) or not text:
            return []
        return [text_node(text, [] if parent == "codeBlock" else text_marks(marks(node)))]
    if node_type not in model.CONTENT[parent]:
        return _as_text(node, parent)
    attrs = selected(node_type, attributes(node))
    if attrs is None:
        return _as_text(node, parent)
    fitted: Node = {"type": node_type}
    if attrs:
        fitted["attrs"] = attrs
    kept = allowed_marks(marks(node), model.marks_allowed(parent, node_type))
    return [fitted | {"marks": kept} if kept else fitted]


def text_marks(found: list[Node]) -> list[Node]:
    """The marks that text may carry together: code goes with links and comments only."""
    if not found or (len(found) == 1 and found[0].keys() == _BARE_MARK and mark_is_known(found[0])):
        return found
    has_code = any(kind(mark) == "code" for mark in found)
    return allowed_marks(found, model.CODE_MARKS if has_code else model.TEXT_MARKS)


def allowed_marks(found: list[Node], allowed: frozenset[str]) -> list[Node]:
    """The marks among these that are allowed, well formed and safe, the first of each kind."""
    if not found:
        return found
    kept: dict[Any, Node] = {}
    for mark in (known_mark(one) for one in found if kind(one) in allowed):
        if not mark_is_known(mark):
            continue
        if kind(mark) == "link" and not link_is_safe(attributes(mark)["href"]):
            continue
        many = attributes(mark)["id"] if kind(mark) == "annotation" else ""
        if marks_fit([*kept.values(), mark], allowed):
            kept.setdefault((kind(mark), many), mark)
    return list(kept.values())


def _as_text(node: Node, parent: str) -> list[Node]:
    """What a node says, as text that links to where it points."""
    attrs = attributes(node)
    words = next(
        (str(attrs[name]) for name in ("alt", "text", "shortName", "url", "id") if attrs.get(name)),
        "",
    )
    words = words or " ".join(filter(None, (plain(child) for child in content(node))))
    if not words:
        return []
    found = marks(node)
    if isinstance(attrs.get("url"), str) and attrs["url"]:
        found = [*found, {"type": "link", "attrs": {"href": attrs["url"]}}]
    return [text_node(words, [] if parent == "codeBlock" else text_marks(found))]


def words_of(nodes: list[Node]) -> str:
    """Inline nodes as text alone."""
    return "".join(map(plain, fit_line(nodes, "codeBlock")))


def plain(node: Node) -> str:
    """All text below a node, without marks."""
    if isinstance(node.get("text"), str):
        return str(node["text"])
    return "".join(plain(child) for child in content(node))
