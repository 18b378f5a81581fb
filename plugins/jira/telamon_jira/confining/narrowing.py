"""JQL that matches only inside the allowed projects, whatever the caller wrote.

Rule 1: the caller's whole condition stands in parentheses behind ours. Rule 2: text whose
parentheses or quotes could be read in two ways is refused, so nothing closes ours early. Rule 3:
only names and commas may follow ``ORDER BY``, which is put outside of the parentheses.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from telamon.plugin import InvalidArgument
from telamon_jira.jql import quoted

TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\r\n]+)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<open>\()
    | (?P<close>\))
    | (?P<comma>,)
    | (?P<word>[^ \t\r\n"'\\(),]+)
    """,
    re.VERBOSE | re.DOTALL,
)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
OPERATOR = re.compile(r"[=<>!~&|]")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: its kind, as :data:`TOKEN` names it, and where it begins."""

    kind: str
    text: str
    place: int

    def says(self, word: str) -> bool:
        """Say whether this is the unquoted *word*."""
        return self.kind == "word" and self.text.lower() == word


def condition(keys: Collection[str]) -> str:
    """Return the JQL of being in one of these projects; of nothing at all if there is none."""
    names = ", ".join(quoted(key) for key in sorted(keys))
    return f"project in ({names})" if names else "project is EMPTY"


def narrowed(jql: str | None, within: str) -> str:
    """Return *jql* with the condition *within* ANDed around the whole of it.

    Raises:
        InvalidArgument: It is not clear where its strings and parentheses end.
    """
    where, order = _parts(jql or "")
    both = f"{within} AND ({where})" if where.strip() else within
    return both if order is None else f"{both} ORDER BY {order}"


def tokens(jql: str) -> list[Token]:
    """Return the pieces of *jql* without blanks.

    Raises:
        InvalidArgument: A string is not closed, or there is a character that JQL has no use for.
    """
    if CONTROL.search(jql):
        raise InvalidArgument("The query holds control characters; leave them out.")
    found: list[Token] = []
    place = 0
    while place < len(jql):
        match = TOKEN.match(jql, place)
        if match is None:
            raise InvalidArgument(
                f"The query cannot be read from character {place + 1}: close every quote, and use "
                "a backslash only within quotes."
            )
        if match.lastgroup and match.lastgroup != "blank":
            found.append(Token(match.lastgroup, match[0], place))
        place = match.end()
    return found


def _parts(jql: str) -> tuple[str, str | None]:
    """Return the condition, and what follows ``ORDER BY`` if that is there."""
    found = tokens(jql)
    order = _order(found)
    if order is None:
        return jql, None
    after = found[order + 2 :]
    if any(_is_no_name(token) for token in after):
        raise InvalidArgument("After ORDER BY only fields with ASC or DESC can follow.")
    return jql[: found[order].place], jql[after[0].place :] if after else ""


def _order(found: Sequence[Token]) -> int | None:
    """Return where ``ORDER BY`` stands outside of all parentheses, which have to be balanced."""
    depth = 0
    order: int | None = None
    for number, token in enumerate(found):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth < 0:
            break
        by = found[number + 1] if number + 1 < len(found) else None
        if depth == 0 and order is None and token.says("order") and by and by.says("by"):
            order = number
    if depth:
        raise InvalidArgument("The parentheses of the query are not balanced.")
    return order


def _is_no_name(token: Token) -> bool:
    return token.kind in ("open", "close") or (
        token.kind == "word" and (token.says("order") or bool(OPERATOR.search(token.text)))
    )
