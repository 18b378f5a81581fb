"""Macros and the like in a body that the model wrote as ADF or in the storage format.

Markdown makes no macro that the page had not. The other formats can, but only macros that show
nothing beyond their own page: one that reads other data would show it to the wrong people.
"""

import re
from collections import Counter
from collections.abc import Mapping
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
_EXTENSIONS = frozenset({"extension", "inlineExtension", "bodiedExtension", "syncBlock"})

_CDATA = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_HELD = re.compile(
    r"<(ac:(?:structured-)?macro|ac:inline-comment-marker|ac:adf-extension|ac:layout-section"
    r"|ri:attachment|ri:url|ri:user)(?![\w:-])([^<>]*)"
)
_ATTRIBUTE = re.compile(r"""([\w:-]{1,100})\s*=\s*(?:"([^"]*)"|'([^']*)')""")
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


def in_adf(document: Mapping[str, Any]) -> Counter[str]:
    """Count the macros of a document by name."""
    found: Counter[str] = Counter()
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
                found[name if by == _CORE else f"{by} {name}"] += 1
    return found


def in_storage(text: str) -> Counter[str]:
    """Count the macros of a body in the storage format by name."""
    return Counter(
        {
            what.partition(": ")[2]: count
            for what, count in held(text).items()
            if what.startswith("macro: ")
        }
    )


def held(text: str) -> Counter[str]:
    """Count what a body in the storage format holds that nobody gets back once it is gone."""
    found: Counter[str] = Counter()
    for tag, rest in _HELD.findall(_CDATA.sub("", text)):
        kind, named_by = _KINDS[tag]
        given = {name: unescape(one or other) for name, one, other in _ATTRIBUTE.findall(rest)}
        name = next((given[each] for each in named_by if given.get(each)), _UNNAMED)
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


def refuse_new(before: Counter[str], after: Counter[str]) -> None:
    """Refuse macros that were not there and may show more than their own page.

    Raises:
        InvalidArgument: There are such.
    """
    new = sorted(name for name, count in after.items() if count > before[name])
    foreign = [name for name in new if name not in OWN_PAGE]
    if foreign:
        raise InvalidArgument(
            f"The body brings macros that may show what is not on the page: {', '.join(foreign)}. "
            "Leave them out; a person can add them in Confluence's editor."
        )
