"""Who saved a version in between, and what it changed, for those who wanted to save theirs."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from telamon.adf import sections
from telamon.plugin import Conflict, Json, ToolError
from telamon_confluence import bodies
from telamon_confluence.answers import author, is_list, part
from telamon_confluence.client import Confluence

_CHANGED_LINES = 20
_CHANGED_HEADINGS = 10
_COMPARED_PASSAGES = 1_000
_COMPARED_LINES = 5_000
"""Two texts that differ in more lines than this are not compared: it would take too long."""


async def meanwhile(confluence: Confluence, of: str, before: Json | None, now: Json) -> Conflict:
    """Return what to say of a page or comment that is no longer as it was *before*.

    Both were read as ADF; *before* is ``None`` where it is not known.
    """
    made = part(now, "version")
    names = await confluence.names([author(now)])
    who = names.get(author(now) or "") or "somebody"
    said = f" ({made['message']})" if made.get("message") else ""
    changed = ""
    if before is not None:
        changed = await bodies.aside(
            bodies.size(before) + bodies.size(now), _difference, before, now
        )
    return Conflict(
        f"Nothing was written: the {of} is at version {made.get('number')}, saved by {who} at "
        f"{made.get('createdAt')}{said}. Read it again, then repeat the edit.{changed}"
    )


def diff_lines(
    older: Sequence[str], newer: Sequence[str], names: tuple[str, str] = ("", ""), around: int = 3
) -> list[str] | None:
    """Return a unified diff, or ``None`` where the texts differ in too much to compare them."""
    same = 0
    while same < min(len(older), len(newer)) and older[same] == newer[same]:
        same += 1
    left = max(len(older), len(newer)) - same
    while left and older[-1:] == newer[-1:] and min(len(older), len(newer)) > same:
        older, newer, left = older[:-1], newer[:-1], left - 1
    if left > _COMPARED_LINES:
        return None
    return list(difflib.unified_diff(older, newer, *names, lineterm="", n=around))


def changed_headings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the headings below which something was changed, or that came or went."""
    older, newer = _passages(before), _passages(now)
    if max(len(older), len(newer)) > _COMPARED_PASSAGES:
        return []
    matcher = difflib.SequenceMatcher(None, older, newer, autojunk=False)
    found: dict[str, None] = {}
    for kind, from_, to, new_from, new_to in matcher.get_opcodes():
        if kind != "equal":
            touched = newer[new_from:new_to] or older[from_:to]
            found |= dict.fromkeys(heading for heading, _ in touched if heading)
    return list(found)


def _difference(before: Json, now: Json) -> str:
    try:
        old, new = bodies.document(before), bodies.document(now)
        older, newer = bodies.text(old).splitlines(), bodies.text(new).splitlines()
        headings = changed_headings(old, new)
    except ToolError:
        return ""  # too large to compare; who and when is said all the same
    below = ""
    if headings:
        more = ", …" if len(headings) > _CHANGED_HEADINGS else ""
        below = f" Changed below: {', '.join(headings[:_CHANGED_HEADINGS])}{more}."
    found = diff_lines(older, newer, around=0)
    if found is None:
        return f"{below} Too much changed meanwhile to show it."
    lines = [line for line in found if not line.startswith(("---", "+++", "@@"))]
    if not lines:
        return below
    more_lines = len(lines) - _CHANGED_LINES
    shown = "\n".join(lines[:_CHANGED_LINES])
    rest = f"\n({more_lines} more lines)" if more_lines > 0 else ""
    return f"{below} What changed meanwhile:\n{shown}{rest}"


def _passages(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each heading with what stands directly below it, and first what has none above."""
    known = {(found.path, found.start): found.named for found in sections(document)}
    passages: list[tuple[str, str]] = []
    heading, below = "", ""
    for at, block in enumerate(_content(document)):
        if name := known.get(((), at)):
            passages.append((heading, below))
            heading, below = name, ""
        below += repr(block)
    return [*passages, (heading, below)]


def _content(document: Mapping[str, Any]) -> list[Any]:
    found = document.get("content")
    return found if is_list(found) else []
