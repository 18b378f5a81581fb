"""Putting a person's words into CQL so that they stay words."""

import re

from telamon.plugin import InvalidArgument

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_OPERATORS = re.compile(r'[+\-&|!(){}\[\]^"~*?:\\/<>=]')
_BOOLEAN = re.compile(r"\b(AND|OR|NOT|TO)\b")


def quoted(text: str) -> str:
    """Return *text* as one CQL string; quotes and backslashes are escaped, controls left out."""
    cleaned = _CONTROL.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{cleaned}"'


def words(text: str) -> str:
    """Return *text* as a CQL string of plain words for the ``~`` operator.

    The string after ``~`` is itself a query of the text index, with its own operators; they are
    taken out, so that what was typed is searched for and never obeyed.

    Raises:
        InvalidArgument: No word is left.
    """
    plain = _OPERATORS.sub(" ", _CONTROL.sub(" ", text))
    plain = " ".join(_BOOLEAN.sub(lambda found: found[0].lower(), plain).split())
    if not plain:
        raise InvalidArgument("There is no word to search for; pass some words.")
    return quoted(plain[:500])
