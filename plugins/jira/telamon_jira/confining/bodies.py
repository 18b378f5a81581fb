"""The things that a request's body names: projects, issues, boards, sprints, versions.

Names count wherever they stand in the body, but for texts (ADF).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from telamon.plugin import Json
from telamon_jira.confining.clearing import is_document
from telamon_jira.confining.projects import ISSUE_KEY
from telamon_jira.values import items, members

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "project": "project",
        "projectId": "project",
        "parent": "issue",
        "inwardIssue": "issue",
        "outwardIssue": "issue",
        "issues": "issue",
        "issueIdsOrKeys": "issue",
        "rankBeforeIssue": "issue",
        "rankAfterIssue": "issue",
        "originBoardId": "board",
        "moveUnfixedIssuesTo": "version",
    }
)
"""What a member of a body names."""
VERBS = frozenset({"add", "set", "remove", "edit", "copy"})
"""What an update operation does with its value."""
NAMELESS = ""
"""Stands for a thing that is named in a way which is not known here; nothing has this name."""


@dataclass(frozen=True, slots=True)
class Named:
    """A thing that a body names: what kind it is, how it is called, in which member.

    ``perhaps issue`` and ``perhaps sprint`` may be something else: any text can look like a key.
    """

    kind: str
    name: str
    member: str


def named(body: Json) -> Iterator[Named]:
    """Yield everything that *body* names."""
    for item in items(body):
        yield from named(item)
    if is_document(members(body)):
        return
    for member, value in members(body).items():
        if member in KINDS:
            for name in _names(value):
                yield Named(KINDS[member], _last(name), member)
        else:
            if member.startswith("customfield_"):
                yield from _custom(member, value)
            yield from named(value)


def _names(value: Any) -> Iterator[str]:
    for item in items(value):
        yield from _names(item)
    found = members(value)
    if found:
        called = [str(found[word]) for word in ("id", "key") if found.get(word)]
        done = [found[verb] for verb in VERBS & found.keys()]
        yield from called
        for inner in done:
            yield from _names(inner)
        if not called and not done:
            yield NAMELESS
    elif not isinstance(value, list | dict) and value is not None and value != "":
        yield str(value)


def _last(name: str) -> str:
    """Return the last part of an address, as which Jira wants some things to be named."""
    return name.rsplit("/", 1)[-1]


def _custom(member: str, value: Any) -> Iterator[Named]:
    """Yield what a custom field's value may name; only Jira knows what kind of field it is."""
    for item in items(value):
        yield from _custom(member, item)
    found = members(value)
    for verb in VERBS & found.keys():
        yield from _custom(member, found[verb])
    text = value if isinstance(value, str) else found.get("key")
    if isinstance(text, str) and ISSUE_KEY.fullmatch(text.strip()):
        yield Named("perhaps issue", text.strip(), member)
    elif isinstance(text, str) and found:
        yield Named("project", text, member)
    if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
        yield Named("perhaps sprint", str(int(value)), member)
