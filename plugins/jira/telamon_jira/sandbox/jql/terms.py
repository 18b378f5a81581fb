"""The fields that JQL knows here: what each name reads from an issue, and how it compares."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from telamon_jira.sandbox.definitions import (
    ISSUE_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    SEVERITIES,
    STATUSES,
)
from telamon_jira.sandbox.fields import ACCEPTANCE, POINTS, RANK, SEVERITY, SPRINT
from telamon_jira.sandbox.state import Issue
from telamon_jira.sandbox.view import View
from telamon_jira.values import items, members

Choices = Mapping[str, str]
"""Names by id."""


@dataclass(frozen=True, slots=True)
class Term:
    """A field of JQL.

    ``kind`` is ``choice``, ``text``, ``moment``, ``day``, ``number`` or ``rank``. ``read`` returns
    what an issue has: ids for a choice, texts, or one number. ``choices`` are the values that
    exist, where only existing ones may be named.
    """

    kind: str
    read: Callable[[View, Issue], list[Any]]
    choices: Callable[[View], Choices] | None = None


def plain_text(document: Any) -> str:
    """Return the words of an ADF document."""
    found = members(document)
    own = str(found.get("text") or members(found.get("attrs")).get("text") or "")
    return " ".join([own, *(plain_text(part) for part in items(found.get("content")))])


def _value(name: str) -> Callable[[View, Issue], list[Any]]:
    def read(_view: View, issue: Issue) -> list[Any]:
        value = issue.values.get(name)
        return issue.listed(name) or ([] if value in (None, []) else [value])

    return read


def _words(*names: str) -> Callable[[View, Issue], list[Any]]:
    def read(_view: View, issue: Issue) -> list[Any]:
        values = [issue.values.get(name) for name in names]
        return [value if isinstance(value, str) else plain_text(value) for value in values if value]

    return read


def _comments(_view: View, issue: Issue) -> list[Any]:
    return [plain_text(comment.body) for comment in issue.comments]


def _text(view: View, issue: Issue) -> list[Any]:
    own = _words("summary", "description", "environment", ACCEPTANCE)(view, issue)
    return [*own, *_comments(view, issue)]


def _people(view: View) -> Choices:
    return {user.account_id: user.name for user in view.state.users.values()}


def _projects(view: View) -> Choices:
    return {project.id: project.key for project in view.projects()} | {
        project.key: project.name for project in view.projects()
    }


def _issues(view: View) -> Choices:
    return {str(issue.id): issue.key for issue in view.issues()}


def _collected(collection: str) -> Callable[[View], Choices]:
    def collect(view: View) -> Choices:
        owners = view.projects()
        return {item.id: item.name for owner in owners for item in getattr(owner, collection)}

    return collect


def _sprints(view: View) -> Choices:
    return {str(sprint.id): sprint.name for sprint in view.state.sprints.values()}


def _fixed(names: Iterable[tuple[str, str]]) -> Callable[[View], Choices]:
    known = dict(names)
    return lambda _view: known


_CATEGORIES = {str(s.category.id): s.category.name for s in STATUSES.values()}


def _category(_view: View, issue: Issue) -> list[Any]:
    return [str(STATUSES[issue.values["status"]].category.id)]


def _parent(_view: View, issue: Issue) -> list[Any]:
    parent = issue.values.get("parent")
    return [str(parent)] if parent else []


_KEY = Term("choice", lambda _view, issue: [str(issue.id)], _issues)
_TYPE = Term(
    "choice", _value("issuetype"), _fixed((i, kind.name) for i, kind in ISSUE_TYPES.items())
)
_DUE = Term("day", _value("duedate"))
_RESOLVED = Term("moment", _value("resolutiondate"))
_CREATED = Term("moment", _value("created"))
_UPDATED = Term("moment", _value("updated"))
_POINTS = Term("number", _value(POINTS))
_SPRINT = Term("choice", lambda _view, issue: [str(n) for n in issue.listed(SPRINT)], _sprints)
_SEVERITY = Term("choice", _value(SEVERITY), _fixed(SEVERITIES.items()))
_CRITERIA = Term("text", _words(ACCEPTANCE))
_AFFECTED = Term("choice", _value("versions"), _collected("versions"))

TERMS: Mapping[str, Term] = MappingProxyType(
    {
        "project": Term("choice", lambda _view, issue: [issue.project], _projects),
        "key": _KEY,
        "issuekey": _KEY,
        "issue": _KEY,
        "id": _KEY,
        "status": Term(
            "choice", _value("status"), _fixed((i, found.name) for i, found in STATUSES.items())
        ),
        "statuscategory": Term("choice", _category, _fixed(_CATEGORIES.items())),
        "issuetype": _TYPE,
        "type": _TYPE,
        "priority": Term("choice", _value("priority"), _fixed(PRIORITIES.items())),
        "resolution": Term("choice", _value("resolution"), _fixed(RESOLUTIONS.items())),
        "assignee": Term("choice", _value("assignee"), _people),
        "reporter": Term("choice", _value("reporter"), _people),
        "creator": Term("choice", _value("creator"), _people),
        "watcher": Term("choice", lambda _view, issue: list(issue.watchers), _people),
        "worklogauthor": Term(
            "choice", lambda _view, issue: [log.author for log in issue.worklogs], _people
        ),
        "labels": Term("choice", _value("labels")),
        "attachments": Term(
            "choice", lambda _view, issue: [str(file.id) for file in issue.attachments]
        ),
        "component": Term("choice", _value("components"), _collected("components")),
        "fixversion": Term("choice", _value("fixVersions"), _collected("versions")),
        "affectedversion": _AFFECTED,
        "parent": Term("choice", _parent, _issues),
        "sprint": _SPRINT,
        "cf[10020]": _SPRINT,
        "severity": _SEVERITY,
        "cf[10050]": _SEVERITY,
        "story points": _POINTS,
        "cf[10016]": _POINTS,
        "acceptance criteria": _CRITERIA,
        "cf[10051]": _CRITERIA,
        "summary": Term("text", _words("summary")),
        "description": Term("text", _words("description")),
        "environment": Term("text", _words("environment")),
        "comment": Term("text", _comments),
        "text": Term("text", _text),
        "created": _CREATED,
        "createddate": _CREATED,
        "updated": _UPDATED,
        "updateddate": _UPDATED,
        "resolved": _RESOLVED,
        "resolutiondate": _RESOLVED,
        "due": _DUE,
        "duedate": _DUE,
        "rank": Term("rank", _value(RANK)),
    }
)
