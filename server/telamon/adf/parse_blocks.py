"""The block rules of the dialect: lines that open, part or close something, or list attributes.

Each such line becomes one token; which line closes what is the reader's business, so that no rule
ever looks ahead.
"""

import re

from markdown_it.rules_block import StateBlock

from .attributes import read_attributes, read_json

_DETAILS = re.compile(r"<(/?)details(?: open)?>[ \t]*(.*)", re.IGNORECASE)
_SUMMARY = re.compile(r"<summary>(.*)</summary>[ \t]*$", re.IGNORECASE)
_CONTAINER = re.compile(r":::(?:(layout|column|table|row|th|td)(?: +(\{.*\}))?|adf +(.+))?[ \t]*$")
_EMPTY = re.compile(r"<p></p>[ \t]*$")
_REFERENCE = re.compile(r"ref=([0-9a-zA-Z-]{1,64})(?: .*)?$")


def marker(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    """Recognise a marker line; its token's `meta` says what was found."""
    if state.is_code_block(start):
        return False
    first = state.bMarks[start] + state.tShift[start]
    if state.src[first : first + 1] not in ("{", "<", ":"):
        return False
    found = _recognise(state.src[first : state.eMarks[start]].rstrip(" \t"))
    if found is None:
        return False
    if silent:
        return True
    name, meta = found
    state.line = start + 1
    token = state.push(name, "", 0)
    token.map = [start, start + 1]
    token.meta = meta
    return True


def _recognise(  # noqa: PLR0911 - one answer for each form
    line: str,
) -> tuple[str, dict[str, object]] | None:
    if line[0] == "{":
        read = read_attributes(line, 0)
        if read is None or read[1] != len(line) or "caption" in read[0]:
            return None
        return "adf_attributes", {"items": read[0], "source": line}
    if line[0] == ":":
        return _container(line)
    if _EMPTY.match(line):
        return "adf_empty", {"source": line}
    if summary := _SUMMARY.match(line):
        return "adf_summary", {"title": summary[1], "source": line}
    details = _DETAILS.fullmatch(line)
    if details is None:
        return None
    if details[1]:
        return None if details[2] else ("adf_close", {"of": "details", "source": line})
    summary = _SUMMARY.fullmatch(details[2])
    if details[2] and not summary:
        return None
    return "adf_open", {
        "of": "details",
        "title": summary[1] if summary else None,
        "items": {},
        "source": line,
    }


def _container(line: str) -> tuple[str, dict[str, object]] | None:
    if line == ":::":
        return "adf_close", {"of": ":::", "source": line}
    found = _CONTAINER.match(line)
    if found is None:
        return None
    if found[3] is not None:
        frame = _frame(found[3])
        if frame is None:
            return None
        return "adf_open", {"of": "adf", "items": {}, "source": line, **frame}
    items: dict[str, object] = {}
    if found[2]:
        read = read_attributes(found[2], 0)
        if read is None or read[1] != len(found[2]):
            return None
        items = dict(read[0])
    opens = found[1] in ("layout", "table")
    return ("adf_open" if opens else "adf_part"), {"of": found[1], "items": items, "source": line}


def _frame(text: str) -> dict[str, object] | None:
    """What stands after `:::adf`: a reference, or the JSON of the node without its content."""
    if referred := _REFERENCE.match(text):
        return {"reference": referred[1]}
    read = read_json(text, 0)
    if read is None or read[1] != len(text) or not isinstance(read[0], dict):
        return None
    return {"node": read[0]}
