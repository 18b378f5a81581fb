"""Macros and the like in a body that the model wrote as ADF or in the storage format.

Markdown makes no macro that the page had not. The other formats can, but only macros that show
nothing beyond their own page: one that reads other data would show it to the wrong people.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from html import unescape
from typing import Any

from telamon.plugin import InvalidArgument
from telamon_confluence.answers import is_list, is_object, part

OWN_PAGE = frozenset(
    """
    anchor attachments change-history children code column details error excerpt expand info
    labels-list note noformat panel section status success tip toc toc-zone warning
    """.split()  # noqa: SIM905 - one name a line would fill a page
)
"""The macros that show their own page, its tree or its files, and nothing else."""

_CORE = "com.atlassian.confluence.macro.core"
_EXTENSIONS = frozenset(
    {
        "extension",
        "inlineExtension",
        "bodiedExtension",
        "multiBodiedExtension",
        "syncBlock",
        "bodiedSyncBlock",
    }
)
_UNSAID = frozenset({"localId", "layout"})

_QUOTE, _UNQUOTE = "<![CDATA[", "]]>"
_MACRO = r"ac:(?:structured-)?macro|ac:adf-extension"
_HELD = re.compile(
    rf"<({_MACRO}|ac:inline-comment-marker|ac:layout-section|ri:attachment|ri:url|ri:user)"
    r"(?![\w:-])([^<>]*)"
)
_FRAMES = re.compile(rf"<({_MACRO})(?![\w:-])([^<>]*)|<ac:rich-text-body|</(?:{_MACRO})")
_ATTRIBUTE = re.compile(r"""(?<![\w:-])([\w:-]{1,64})\s{0,8}=\s{0,8}(?:"([^"]*)"|'([^']*)')""")
_KINDS = {
    "ac:structured-macro": ("macro", ("ac:name",)),
    "ac:macro": ("macro", ("ac:name",)),
    "ac:adf-extension": ("macro", ("ac:name",)),
    "ac:inline-comment-marker": ("inline comment", ("ac:ref",)),
    "ac:layout-section": ("layout", ("ac:type",)),
    "ri:attachment": ("medium", ("ri:filename",)),
    "ri:url": ("medium", ("ri:value",)),
    "ri:user": ("mention", ("ri:account-id", "ri:userkey")),
}
_UNNAMED = "without a name"

Frame = tuple[str, str]
"""A macro's name, and all that says what it does."""


def in_adf(document: Mapping[str, Any]) -> Counter[Frame]:
    """Count the macros of a document."""
    found: Counter[Frame] = Counter()
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        if is_list(node):
            waiting += node
        elif is_object(node):
            waiting.append(node.get("content"))
            if node.get("type") in _EXTENSIONS:
                attributes = part(node, "attrs")
                name = str(attributes.get("extensionKey") or _UNNAMED)
                by = attributes.get("extensionType")
                said = {key: value for key, value in attributes.items() if key not in _UNSAID}
                frame = json.dumps(said, sort_keys=True)
                found[name if by == _CORE else f"{by} {name}", frame] += 1
    return found


def in_storage(text: str) -> Counter[Frame]:
    """Count the macros of a body in the storage format."""
    quoted = _without_quotes(text)
    found: Counter[Frame] = Counter()
    opened: tuple[str, int] | None = None
    for token in _FRAMES.finditer(quoted):
        if opened is not None:
            found[opened[0], quoted[opened[1] : token.start()]] += 1
            opened = None
        if token[1]:
            name = _named(token[1], token[2])
            if token[2].endswith("/"):
                found[name, token[0]] += 1
            else:
                opened = (name, token.start())
    if opened is not None:
        found[opened[0], quoted[opened[1] :]] += 1
    return found


def _named(tag: str, rest: str) -> str:
    given = {name: unescape(one or other) for name, one, other in _ATTRIBUTE.findall(rest)}
    return next((given[each] for each in _KINDS[tag][1] if given.get(each)), _UNNAMED)


def _without_quotes(text: str) -> str:
    """Put in place of each quoted passage what tells it from others and has no tags in it."""
    kept: list[str] = []
    at = 0
    while (start := text.find(_QUOTE, at)) >= 0 and (stop := text.find(_UNQUOTE, start)) >= 0:
        kept += [text[at:start], sha256(text[start:stop].encode(errors="replace")).hexdigest()]
        at = stop + len(_UNQUOTE)
    return "".join([*kept, text[at:]])


def held(text: str) -> Counter[str]:
    """Count what a body in the storage format holds that nobody gets back once it is gone."""
    found: Counter[str] = Counter()
    for tag, rest in _HELD.findall(_without_quotes(text)):
        kind, name = _KINDS[tag][0], _named(tag, rest)
        if kind == "inline comment":
            found[f"{kind}: {name}"] = 1  # it may mark several runs of text
        else:
            found[f"{kind}: {name}"] += 1
    return found


def dropped(before: str, after: str) -> list[str]:
    """Return what *before* holds, in the storage format, and *after* not or less often."""
    left = held(after)
    return [
        what if count - left[what] == 1 else f"{what} ({count - left[what]} times)"
        for what, count in held(before).items()
        if count > left[what]
    ]


def refuse_new(before: Counter[Frame], after: Counter[Frame]) -> None:
    """Refuse macros that were not there, as they are now, and may show more than their own page.

    Raises:
        InvalidArgument: There are such.
    """
    foreign = {
        frame[0]
        for frame, count in after.items()
        if count > before[frame] and frame[0] not in OWN_PAGE
    }
    if foreign:
        raise InvalidArgument(
            "The body brings or changes macros that may show what is not on the page: "
            f"{', '.join(sorted(foreign))}. Leave them out, or as they are on the page; a person "
            "can add them in Confluence's editor."
        )
