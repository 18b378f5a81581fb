"""CQL that matches only inside the allowed spaces, whatever the caller wrote.

Rule 1: the caller's whole condition stands in parentheses behind ours. Rule 2: text whose
parentheses or quotes could be read in two ways is refused, so nothing closes ours early. Rule 3:
only names and commas may follow ``order by``, which is put outside of the parentheses.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from telamon.plugin import InvalidArgument
from telamon_confluence.cql import quoted

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
NOTHING = "type = page and type = space"
"""The condition that nothing meets."""


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
    """Return the CQL of being in one of these spaces."""
    return f"space in ({', '.join(quoted(key) for key in sorted(keys))})" if keys else NOTHING


def narrowed(cql: str, within: str) -> str:
    """Return *cql* with the condition *within* ANDed around the whole of it.

    Raises:
        InvalidArgument: It is not clear where its strings and parentheses end.
    """
    where, order = _parts(cql)
    both = f"{within} and ({where})" if where.strip() else within
    return both if order is None else f"{both} order by {order}"


def _parts(cql: str) -> tuple[str, str | None]:
    """Return the condition, and what follows ``order by`` if that is there."""
    found = _tokens(cql)
    order = _order(found)
    if order is None:
        return cql, None
    after = found[order + 2 :]
    if any(_is_no_name(token) for token in after):
        raise InvalidArgument("After order by only fields with asc or desc can follow.")
    return cql[: found[order].place], cql[after[0].place :] if after else ""


def _tokens(cql: str) -> list[Token]:
    if CONTROL.search(cql):
        raise InvalidArgument("The query holds control characters; leave them out.")
    found: list[Token] = []
    place = 0
    while place < len(cql):
        match = TOKEN.match(cql, place)
        if match is None:
            raise InvalidArgument(
                f"The query cannot be read from character {place + 1}: close every quote, and use "
                "a backslash only within quotes."
            )
        if match.lastgroup and match.lastgroup != "blank":
            found.append(Token(match.lastgroup, match[0], place))
        place = match.end()
    return found


def _order(found: Sequence[Token]) -> int | None:
    """Return where ``order by`` stands outside of all parentheses, which have to be balanced."""
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
