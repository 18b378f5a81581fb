"""Which block rules are asked about a line: those that may begin with its first character.

markdown-it asks each of its rules in turn, and again for every line that goes on a paragraph; on
most lines none but the last can hold.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from markdown_it.ruler import Ruler
from markdown_it.rules_block import (
    StateBlock,
    blockquote,
    fence,
    heading,
    hr,
    list_block,
    reference,
    table,
)
from markdown_it.rules_block.table import escapedSplit, getLine
from markdown_it.token import Token

Rule: TypeAlias = Callable[[StateBlock, int, int, bool], bool]


def table_at(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A table, of which the second line shows at once whether it is none."""
    if start + 2 > end:
        return False
    second = state.bMarks[start + 1] + state.tShift[start + 1]
    if state.src[second : second + 1] not in ("|", "-", ":"):
        return False
    begin = len(state.tokens)
    found = table(state, start, end, silent)
    _keep_all_cells(state, state.tokens[begin:])
    return found


def _keep_all_cells(state: StateBlock, tokens: list[Token]) -> None:
    """Give a row of more cells than there are columns its whole text: the parser drops the rest."""
    columns = sum(token.type == "th_open" for token in tokens)
    for at, token in enumerate(tokens):
        if token.type != "tr_open" or not token.map:
            continue
        line = getLine(state, token.map[0]).strip(" \t")
        if line.count("|") < columns + line.startswith("|") + line.endswith("|"):
            continue
        pieces = escapedSplit(line)
        pieces = pieces[pieces[0] == "" : len(pieces) - (pieces[-1] == "")]
        while len(pieces) > columns and not pieces[-1].strip(" \t"):
            pieces.pop()
        if len(pieces) > columns:
            for column, text in enumerate(_gathered(pieces, columns)):
                tokens[at + 2 + 3 * column].content = text.strip(" \t")


def _gathered(pieces: list[str], columns: int) -> list[str]:
    """The pieces of a row as so many cells: code with a pipe is one, the last has the rest."""
    cells: list[list[str]] = []
    spare = len(pieces) - columns
    in_code = 0
    for piece in pieces:
        if spare and cells and (in_code or len(cells) == columns):
            cells[-1].append(piece)
            spare -= 1
        else:
            cells.append([piece])
            in_code = 0
        in_code ^= piece.count("`") % 2
    return ["|".join(cell) for cell in cells]


def rule_at(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A rule (`---`), of which the end of its line shows at once whether it is none."""
    return state.src[state.eMarks[start] - 1] in "*-_ \t" and hr(state, start, end, silent)


_BEGIN_WITH: dict[Rule, str] = {
    blockquote: ">",
    fence: "`~",
    heading: "#",
    rule_at: "*-_",
    list_block: "*-+0123456789",
    reference: "[",
}
"""The first characters of what a rule reads; a rule that is not listed is always asked."""
_CHAINS = ("", "paragraph", "reference", "blockquote", "list")


class Beginnings(Ruler[Rule]):
    """The rules of another ruler, each chain of them as one rule that asks only some."""

    def __init__(self, rules: Ruler[Rule], begin_with: dict[Rule, str]) -> None:
        super().__init__()
        self._active = rules.get_active_rules()
        known = _BEGIN_WITH | begin_with
        self._chains = {name: [_asking(rules.getRules(name), known)] for name in _CHAINS}

    def getRules(self, chainName: str = "") -> list[Rule]:  # noqa: N802, N803 - markdown-it's names
        """The one rule that stands for the chain."""
        return self._chains.get(chainName, [])

    def get_active_rules(self) -> list[str]:
        """The names of the rules that stand behind."""
        return self._active


def _asking(rules: Sequence[Rule], known: dict[Rule, str]) -> Rule:
    characters = set("".join(known.values()))
    others = [rule for rule in rules if rule not in known]
    by_first = {
        char: [rule for rule in rules if char in known.get(rule, char)] for char in characters
    }

    def ask(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        first = state.bMarks[start] + state.tShift[start]
        asked = by_first.get(state.src[first : first + 1], others)
        for rule in asked:  # noqa: SIM110 - no generator for each line
            if rule(state, start, end, silent):
                return True
        return False

    return ask
