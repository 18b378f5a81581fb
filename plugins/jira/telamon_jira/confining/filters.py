"""Whether a saved search is about nothing but the allowed projects, as far as its JQL tells."""

from collections.abc import Collection, Iterator

from telamon.plugin import InvalidArgument
from telamon.plugin.queries import OPERATOR, Token, tokens
from telamon_jira.confining.projects import ISSUE_KEY, Projects

WORDS = frozenset({"in", "not", "is", "was", "changed"})


def stays_within(jql: str, allowed: Collection[str], projects: Projects) -> bool:
    """Say whether *jql* names no project or issue but allowed ones.

    *allowed* are the projects' ids, keys and names in lower case. What cannot be read is outside.
    """
    try:
        found = list(_separated(tokens(jql)))
    except InvalidArgument:
        return False
    for number, token in enumerate(found):
        word = _plain(token)
        if ISSUE_KEY.fullmatch(word) and not projects.hold_issue(word):
            return False
        if word == "project" and not set(_values(found[number + 1 :])) <= set(allowed):
            return False
    return True


def _separated(found: list[Token]) -> Iterator[Token]:
    """Yield *found* with operators as blanks, so that ``project=DEMO`` is two words."""
    for token in found:
        if token.kind != "word" or not OPERATOR.search(token.text):
            yield token
            continue
        for part in OPERATOR.sub(" ", token.text).split():
            yield Token("word", part, token.place)


def _plain(token: Token) -> str:
    return token.text.strip("\"'").casefold()


def _values(after: list[Token]) -> Iterator[str]:
    """Yield what a clause on projects names: one value, or those in parentheses."""
    listed = False
    for token in after:
        if token.kind == "open":
            listed = True
        elif token.kind == "close":
            return
        elif token.kind != "comma" and not (token.kind == "word" and _plain(token) in WORDS):
            yield _plain(token)
            if not listed:
                return
