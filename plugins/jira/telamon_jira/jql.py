"""Writing JQL from plain values so that no value can change what the query means.

Rules: Atlassian's "JQL reserved characters and words"; a text clause additionally goes through a
word search with operators of its own.
"""

import re

WORD = re.compile(r"\w+")
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}-[0-9]{1,18}")


def quoted(value: str) -> str:
    """Return *value* as one JQL string literal; control characters become blanks."""
    plain = "".join(character if character.isprintable() else " " for character in value)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def text_clause(words: str) -> str | None:
    """Return ``text ~ "..."`` for *words*, or ``None`` if there is no word in them.

    Only letters and digits are kept, in lower case: punctuation carries the word search's own
    operators, and so do ``AND``, ``OR`` and ``NOT`` in capitals.
    """
    found = WORD.findall(words.lower())
    return f"text ~ {quoted(' '.join(found))}" if found else None
