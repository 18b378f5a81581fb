"""Narrow a query of Atlassian's languages (JQL, CQL), whatever its writer had in mind.

Rule 1: the caller's whole condition stands in parentheses behind ours. Rule 2: text whose
parentheses or quotes could be read in two ways is refused, so nothing closes ours early. Rule 3:
only names and commas may follow ``ORDER BY``, which is put outside of the parentheses.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telamon.plugin.errors import InvalidArgument

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


def narrowed(query: str | None, within: str) -> str:
    """Return *query* with the condition *within* ANDed around the whole of it.

    Raises:
        InvalidArgument: It is not clear where its strings and parentheses end.
    """
    where, order = _parts(query or "")
    both = f"{within} AND ({where})" if where.strip() else within
    return both if order is None else f"{both} ORDER BY {order}"


def tokens(query: str) -> list[Token]:
    """Return the pieces of *query* without blanks.

    Raises:
        InvalidArgument: A string is not closed, or there is a character that no query needs.
    """
    if CONTROL.search(query):
        raise InvalidArgument("The query holds control characters; leave them out.")
    found: list[Token] = []
    place = 0
    while place < len(query):
        match = TOKEN.match(query, place)
        if match is None:
            raise InvalidArgument(
                f"The query cannot be read from character {place + 1}: close every quote, and use "
                "a backslash only within quotes."
            )
        if match.lastgroup and match.lastgroup != "blank":
            found.append(Token(match.lastgroup, match[0], place))
        place = match.end()
    return found


def _parts(query: str) -> tuple[str, str | None]:
    """Return the condition, and what follows ``ORDER BY`` if that is there."""
    found = tokens(query)
    order = _order(found)
    if order is None:
        return query, None
    after = found[order + 2 :]
    if any(_is_no_name(token) for token in after):
        raise InvalidArgument("After ORDER BY only fields with ASC or DESC can follow.")
    return query[: found[order].place], query[after[0].place :] if after else ""


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
