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

Rule: TypeAlias = Callable[[StateBlock, int, int, bool], bool]


def table_at(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A table, of which the second line shows at once whether it is none."""
    if start + 2 > end:
        return False
    second = state.bMarks[start + 1] + state.tShift[start + 1]
    return state.src[second : second + 1] in ("|", "-", ":") and table(state, start, end, silent)


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
