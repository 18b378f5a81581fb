"""Takes out of an answer whatever shows an issue or a project that is outside, at any depth."""

from collections.abc import Iterator
from typing import Any, Final

from telamon.plugin import Json
from telamon_jira.confining.projects import ISSUE_KEY, Projects
from telamon_jira.values import items, members

GONE: Final = object()
"""Stands for a value of which nothing may be shown."""
ENDS = frozenset({"inwardIssue", "outwardIssue"})
"""Without its other end, an issue's link says nothing but that there is something."""
RELATIONS = frozenset(
    {"link", "epic link", "epic child", "parent", "parent link", "issueparentassociation"}
)
"""Fields whose history names other issues by their keys."""


def cleared(value: Json, projects: Projects) -> Json:
    """Return *value* without what is outside; :data:`GONE` if it is outside itself."""
    if isinstance(value, list):
        kept = (cleared(item, projects) for item in items(value))
        return [item for item in kept if item is not GONE]
    found = members(value)
    if not found or is_document(found):
        return value
    if _is_outside(found, projects):
        return GONE
    shown: dict[str, Any] = {}
    for name, inner in found.items():
        clear = cleared(inner, projects)
        if clear is not GONE:
            shown[name] = clear
        elif name in ENDS:
            return GONE
    return shown


def is_document(found: dict[str, Any]) -> bool:
    """Say whether this is a text (ADF): it belongs to the issue that holds it, as it stands."""
    return found.get("type") == "doc" and isinstance(found.get("content"), list)


def _is_outside(found: dict[str, Any], projects: Projects) -> bool:
    key = found.get("key")
    if isinstance(key, str) and ISSUE_KEY.fullmatch(key):
        return not projects.hold_issue(key)
    if isinstance(key, str) and _is_project(found):
        return not projects.hold(key)
    relation = str(found.get("field")).casefold() in RELATIONS
    return relation and not all(projects.hold_issue(other) for other in _issues_named(found))


def _is_project(found: dict[str, Any]) -> bool:
    return "projectTypeKey" in found or "/project/" in str(found.get("self"))


def _issues_named(change: dict[str, Any]) -> Iterator[str]:
    for name in ("from", "fromString", "to", "toString"):
        for match in ISSUE_KEY.finditer(str(change.get(name) or "")):
            yield match[0]
