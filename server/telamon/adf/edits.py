"""Edits: Markdown that was read, changed and written back changes only what was changed.

The new document is laid over the original. What reads alike is taken from the original as it is
there, byte for byte; what was changed takes from its counterpart what the Markdown does not show.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

from .canonical import copied, normal
from .digests import Digests
from .forms import HIDDEN_MARKS, shown_attributes
from .legible import legible, whole
from .nodes import Node, attributes, content, kind, marks
from .origin import Origin
from .reader import Profile, read
from .unchanged import changed_part, with_neighbours
from .validity import MAX_CHARACTERS
from .values import attributes_fit
from .writer import write_short

_NEVER_FROM_TEXT = frozenset({"localId"})
_UNSAID = ("", "center", "default")
_WINDOW = 24
"""How many counterparts are compared with a changed block, so that no edit is slow."""


def apply_edit(
    original: Mapping[str, Any],
    new_markdown: str,
    *,
    trusted: bool = False,
    profile: Profile = "confluence",
) -> Node:
    """The original document changed so that it reads like the new Markdown.

    Args:
        original: The document as it is stored now. It is not changed.
        new_markdown: All of its Markdown, in either form, with the changes.
        trusted: As for `from_markdown`.
        profile: As for `from_markdown`.

    Raises:
        UnknownReference: The Markdown refers to a node which the original does not have.
        TooDeep: The original is nested too deeply.
        TooLarge: The original or the Markdown is too large.
    """
    old = _Pairs.of(original)
    written, known = write_short({"content": old.normal})
    origin = Origin(original, trusted=trusted, known=known)
    merged = _edited_in_part(old, written, new_markdown, origin, profile)
    if merged is None:
        merged = merge_content(old, content(read(new_markdown, origin, profile)))
    rest = {key: value for key, value in original.items() if key != "content"}
    return {"type": "doc", "version": 1, **copied(rest), "content": merged}


def _edited_in_part(
    old: "_Pairs", written: list[str], text: str, origin: Origin, profile: Profile
) -> list[Node] | None:
    """The edited blocks, only those read that were changed; None where all must be read.

    The part that was changed is read together with a block on each side. If these read as they
    did, the part is closed in itself, and so what lies beyond them reads as it did too.
    """
    changed = changed_part(written, text) if len(text) <= MAX_CHARACTERS else None
    if changed is None:
        return None
    start, stop = changed.start, changed.stop
    between: list[Node] = []
    if changed.text or start < stop:
        new = content(read(with_neighbours(written, changed), origin, profile))
        digests = Digests()
        before, after = int(start > 0), int(stop < len(written))
        ends = [*new[:before], *new[len(new) - after :]]
        beside = [*old.normal[start - before : start], *old.normal[stop : stop + after]]
        if len(new) < before + after or list(map(digests.of, ends)) != list(
            map(digests.of, beside)
        ):
            return None
        between = new[before : len(new) - after]
    return [
        *copied(old.stored[:start]),
        *merge_content(_Pairs(old.stored[start:stop], old.normal[start:stop]), between),
        *copied(old.stored[stop:]),
    ]


class _Pairs:
    """The children of an original node, each as it is stored and as the short form has it."""

    def __init__(self, stored: list[Node], normal: list[Node]) -> None:
        self.stored = stored if len(stored) == len(normal) else [whole(node) for node in normal]
        self.normal = normal

    @classmethod
    def of(cls, node: Mapping[str, Any]) -> "_Pairs":
        return cls(content(node), content(legible(normal(node))))

    def below(self, at: int) -> "_Pairs":
        return _Pairs(content(self.stored[at]), content(self.normal[at]))


def merge_sections(original: list[Node], updated: list[Node]) -> list[Node]:
    """Lay new blocks over the blocks that they take the place of."""
    return merge_content(_Pairs.of({"type": "doc", "content": original}), updated)


def merge_content(old: _Pairs, new: list[Node], digests: Digests | None = None) -> list[Node]:
    """The new children, with all that the old ones have and that was not changed."""
    digests = digests or Digests()
    partners = _identical(old.normal, new, digests)
    used = {at for at in partners if at is not None}
    waiting: dict[str, list[int]] = defaultdict(list)
    for at, node in enumerate(old.normal):
        if at not in used:
            waiting[kind(node)].append(at)
    merged: list[Node] = []
    for node, partner in zip(new, partners, strict=True):
        if partner is not None:
            merged.append(copied(old.stored[partner]))
            continue
        likely = _likeliest(node, old.normal, waiting[kind(node)])
        if likely is None:
            merged.append(node)
        else:
            waiting[kind(node)].remove(likely)
            merged.append(_merged(old, likely, node, digests))
    return merged


def _identical(old: list[Node], new: list[Node], digests: Digests) -> list[int | None]:
    """For each new node the old one that reads alike: those at both ends first, then any."""
    before, after = [digests.of(node) for node in old], [digests.of(node) for node in new]
    partners: list[int | None] = [None] * len(new)
    start = 0
    while start < min(len(old), len(new)) and before[start] == after[start]:
        partners[start] = start
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and before[-1 - end] == after[-1 - end]:
        partners[len(new) - 1 - end] = len(old) - 1 - end
        end += 1
    free: dict[str, deque[int]] = defaultdict(deque)
    for at in range(start, len(old) - end):
        free[before[at]].append(at)
    for at in range(start, len(new) - end):
        if free[after[at]]:
            partners[at] = free[after[at]].popleft()
    return partners


def _likeliest(node: Node, old: list[Node], waiting: list[int]) -> int | None:
    """Of the old nodes of this kind that have no partner yet, the one this was made from."""
    if len(waiting) < 2 or kind(node) == "text":
        return waiting[0] if waiting and kind(node) != "text" else None
    words = _words(node)
    shared = [
        (len(words & _words(old[at])), -rank, at) for rank, at in enumerate(waiting[:_WINDOW])
    ]
    return max(shared)[2]


def _words(node: Node) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting and len(found) < 200:
        one = waiting.pop()
        if isinstance(one.get("text"), str):
            found.update(one["text"].split())
        waiting.extend(content(one))
        found.update(str(attributes(one)[key]) for key in ("id", "url") if key in attributes(one))
    return found


def _merged(old: _Pairs, at: int, new: Node, digests: Digests) -> Node:
    """A changed node with what its original has and the Markdown does not show."""
    stored, seen = old.stored[at], old.normal[at]
    merged = dict(new)
    attrs = _merged_attributes(stored, seen, new)
    if attrs:
        merged["attrs"] = attrs
    kinds = {kind(mark) for mark in marks(seen)} - HIDDEN_MARKS | {kind(m) for m in marks(new)}
    hidden = [mark for mark in marks(stored) if kind(mark) not in kinds]
    if hidden:
        merged["marks"] = [*marks(new), *copied(hidden)]
    if content(new):
        merged["content"] = merge_content(old.below(at), content(new), digests)
    return merged


def _merged_attributes(stored: Node, normal: Node, new: Node) -> Node:
    shown, before = attributes(new), attributes(stored)
    seen = shown_attributes(normal)
    kept = {
        name: copied(value)
        for name, value in before.items()
        if name not in seen
        and (name in _NEVER_FROM_TEXT or name not in shown or shown[name] in _UNSAID)
    }
    merged = {**shown, **kept}
    known = {name: merged[name] for name in merged if name in attributes(normal) or name in shown}
    return merged if attributes_fit(kind(new), known) else shown
