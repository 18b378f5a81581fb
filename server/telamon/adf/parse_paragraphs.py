"""Paragraphs: what no other rule takes, up to an empty line or one that begins something else.

Each becomes one token, `paragraph`, and its lines are looked at once: markdown-it has two rules for
that, which both ask all others about each line, and makes three tokens.
"""

import re

from markdown_it.common.utils import mdTrim
from markdown_it.rules_block import StateBlock, lheading

from .validity import MAX_LEVEL

_UNDERLINE = re.compile(r"(?:=+|-+)[ \t]*$")


def paragraph(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A paragraph; a line of `=` or `-` below it makes it a heading."""
    stop = start + 1
    if stop < end and not state.isEmpty(stop):
        before, state.parentType = state.parentType, "paragraph"
        stop, underlined = _end(state, stop, end)
        state.parentType = before
        if underlined:
            return lheading(state, start, end, silent)
    if stop == start + 1:
        text = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    else:
        text = state.getLines(start, stop, state.blkIndent, False)
    state.push("paragraph", "p", 0).content = mdTrim(text)
    state.line = stop
    return True


def too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Below the last level everything is text: nothing is lost, and nothing recurses further."""
    return state.level >= MAX_LEVEL and paragraph(state, start, end, silent)


def _end(state: StateBlock, line: int, end: int) -> tuple[int, bool]:
    """The first line that the paragraph does not have any more, and whether that underlines it."""
    interrupting = state.md.block.ruler.getRules("paragraph")
    while line < end and not state.isEmpty(line):
        indent = state.sCount[line]
        if indent - state.blkIndent <= 3:
            if indent >= state.blkIndent and _is_underline(state, line):
                return line, True
            if indent >= 0 and any(rule(state, line, end, True) for rule in interrupting):
                break
        line += 1
    return line, False


def _is_underline(state: StateBlock, line: int) -> bool:
    first = state.bMarks[line] + state.tShift[line]
    found = _UNDERLINE.match(state.src, first, state.eMarks[line])
    return found is not None and state.level < MAX_LEVEL
