"""The fields of an emulated issue: names, schemas, and how a stored value is shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from telamon_jira.sandbox import shapes
from telamon_jira.sandbox.definitions import EPIC, STATUSES, SUBTASK
from telamon_jira.sandbox.state import Issue
from telamon_jira.sandbox.view import View

POINTS = "customfield_10016"
SPRINT = "customfield_10020"
RANK = "customfield_10019"
SEVERITY = "customfield_10050"
ACCEPTANCE = "customfield_10051"


@dataclass(frozen=True, slots=True)
class Field:
    """A field. ``kind`` says how it is stored and set; ``created`` if a create screen has it."""

    id: str
    name: str
    kind: str
    type: str
    items: str | None = None
    custom: str | None = None
    created: bool = False
    edited: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """The field's schema as the REST API describes it."""
        shaped: dict[str, Any] = {"type": self.type}
        if self.items:
            shaped["items"] = self.items
        if self.custom:
            return shaped | {"custom": self.custom, "customId": int(self.id.rsplit("_", 1)[1])}
        return shaped | {"system": self.id}


_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"
_AGILE = "com.pyxis.greenhopper.jira:"

FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        found.id: found
        for found in (
            Field("project", "Project", "project", "project", created=True),
            Field("issuetype", "Issue Type", "issuetype", "issuetype", None, None, True, True),
            Field("summary", "Summary", "text", "string", None, None, True, True),
            Field("description", "Description", "document", "string", None, None, True, True),
            Field("environment", "Environment", "document", "string", None, None, True, True),
            Field("priority", "Priority", "priority", "priority", None, None, True, True),
            Field("assignee", "Assignee", "user", "user", None, None, True, True),
            Field("reporter", "Reporter", "user", "user", None, None, True, True),
            Field("parent", "Parent", "parent", "issuelink", None, None, True, True),
            Field("labels", "Labels", "labels", "array", "string", None, True, True),
            Field("components", "Components", "components", "array", "component", None, True, True),
            Field("fixVersions", "Fix versions", "versions", "array", "version", None, True, True),
            Field("versions", "Affects versions", "versions", "array", "version", None, True, True),
            Field("duedate", "Due date", "date", "date", None, None, True, True),
            Field("timetracking", "Time tracking", "time", "timetracking", None, None, True, True),
            Field(POINTS, "Story points", "number", "number", None, _TYPES + "float", True, True),
            Field(SEVERITY, "Severity", "option", "option", None, _TYPES + "select", True, True),
            Field(
                ACCEPTANCE,
                "Acceptance criteria",
                "document",
                "string",
                None,
                _TYPES + "textarea",
                True,
                True,
            ),
            Field(SPRINT, "Sprint", "sprint", "array", "json", _AGILE + "gh-sprint", True, True),
            Field(RANK, "Rank", "rank", "any", None, _AGILE + "gh-lexo-rank"),
            Field("resolution", "Resolution", "resolution", "resolution"),
            Field("status", "Status", "status", "status"),
            Field("creator", "Creator", "user", "user"),
            Field("created", "Created", "moment", "datetime"),
            Field("updated", "Updated", "moment", "datetime"),
            Field("resolutiondate", "Resolved", "moment", "datetime"),
            Field("comment", "Comment", "derived", "comments-page"),
            Field("worklog", "Log Work", "derived", "array", "worklog"),
            Field("attachment", "Attachment", "derived", "array", "attachment"),
            Field("issuelinks", "Linked Issues", "derived", "array", "issuelinks"),
            Field("subtasks", "Sub-tasks", "derived", "array", "issuelinks"),
            Field("watches", "Watchers", "derived", "watches"),
            Field("votes", "Votes", "derived", "votes"),
            Field("statusCategory", "Status Category", "derived", "statusCategory"),
        )
    }
)

APART = frozenset({"comment", "worklog", "attachment"})
"""What the issue navigator has no columns for."""

LISTS = frozenset({"labels", "components", "versions"})


def show(view: View, issue: Issue, field: Field) -> Any:
    """Return the JSON of *field* of *issue*."""
    if field.kind == "derived":
        return _DERIVED[field.id](view, issue)
    if field.kind == "project":
        return shapes.project(view, view.project_of(issue))
    value = issue.values.get(field.id)
    if value is None:
        return [] if field.kind in LISTS else None
    shown = _STORED.get(field.kind)
    return value if shown is None else shown(view, issue, value)


def _parent(view: View, _issue: Issue, value: int) -> Any:
    parent = view.state.issues.get(value)
    return shapes.neighbour(view, parent) if parent else None


def _components(view: View, issue: Issue, value: list[str]) -> list[Any]:
    owner = view.project_of(issue)
    return [shapes.component(view, owner, c) for c in owner.components if c.id in value]


def _versions(view: View, issue: Issue, value: list[str]) -> list[Any]:
    owner = view.project_of(issue)
    return [shapes.version(view, owner, v) for v in owner.versions if v.id in value]


def _time(_view: View, issue: Issue, value: Mapping[str, int]) -> dict[str, Any]:
    spent = sum(worklog.seconds for worklog in issue.worklogs)
    seconds = {**value, **({"timeSpent": spent} if spent else {})}
    return {name: shapes.duration(amount) for name, amount in seconds.items()} | {
        f"{name}Seconds": amount for name, amount in seconds.items()
    }


def _sprints(view: View, _issue: Issue, value: list[int]) -> list[Any]:
    return [shapes.sprint(view, view.state.sprints[number], in_issue=True) for number in value]


_STORED: Mapping[str, Callable[[View, Issue, Any], Any]] = MappingProxyType(
    {
        "issuetype": lambda view, _, value: shapes.issue_type(view, value),
        "status": lambda view, _, value: shapes.status(view, value),
        "priority": lambda view, _, value: shapes.priority(view, value),
        "resolution": lambda view, _, value: shapes.resolution(view, value),
        "user": lambda view, _, value: shapes.user(view, value),
        "option": lambda view, _, value: shapes.option(view, value),
        "moment": lambda view, _, value: view.moment(value),
        "parent": _parent,
        "components": _components,
        "versions": _versions,
        "time": _time,
        "sprint": _sprints,
    }
)


def _comments(view: View, issue: Issue) -> dict[str, Any]:
    shown = [shapes.comment(view, issue, comment) for comment in issue.comments]
    return {
        "comments": shown,
        "self": view.rest(f"issue/{issue.id}/comment"),
        "maxResults": len(shown),
        "total": len(shown),
        "startAt": 0,
    }


def _worklogs(view: View, issue: Issue) -> dict[str, Any]:
    shown = [shapes.worklog(view, issue, worklog) for worklog in issue.worklogs[:20]]
    return {"startAt": 0, "maxResults": 20, "total": len(issue.worklogs), "worklogs": shown}


def _links(view: View, issue: Issue) -> list[Any]:
    seen = {found.id for found in view.issues()}
    return [
        shapes.link(view, link, issue)
        for link in view.state.links.values()
        if issue.id in (link.source, link.target) and {link.source, link.target} <= seen
    ]


def children(view: View, issue: Issue) -> list[Issue]:
    """Return the issues whose parent *issue* is."""
    return [found for found in view.issues() if found.values.get("parent") == issue.id]


_DERIVED: Mapping[str, Callable[[View, Issue], Any]] = MappingProxyType(
    {
        "comment": _comments,
        "worklog": _worklogs,
        "attachment": lambda view, issue: [
            shapes.attachment(view, found) for found in issue.attachments
        ],
        "issuelinks": _links,
        "subtasks": lambda view, issue: [
            shapes.neighbour(view, found)
            for found in children(view, issue)
            if found.values["issuetype"] == SUBTASK
        ],
        "watches": lambda view, issue: {
            "self": view.rest(f"issue/{issue.key}/watchers"),
            "watchCount": len(issue.watchers),
            "isWatching": view.account_id in issue.watchers,
        },
        "votes": lambda view, issue: {
            "self": view.rest(f"issue/{issue.key}/votes"),
            "votes": 0,
            "hasVoted": False,
        },
        "statusCategory": lambda view, issue: shapes.category(
            view, STATUSES[issue.values["status"]].category
        ),
    }
)


def chosen(names: list[str], default: tuple[str, ...]) -> list[Field]:
    """Return the fields that *names* choose; unknown ones are ignored, as in Jira."""
    wanted = names or list(default)
    known: dict[str, Field] = {}
    if all(name.startswith("-") for name in wanted):
        wanted = ["*all", *wanted]
    for name in wanted:
        if name == "*all":
            known.update(FIELDS)
        elif name == "*navigable":
            known.update((found.id, found) for found in FIELDS.values() if found.id not in APART)
        elif name == "-*all":
            known.clear()
        elif name.startswith("-"):
            known.pop(name[1:], None)
        elif name in FIELDS:
            known[name] = FIELDS[name]
    return list(known.values())


def fits(field: Field, issue_type: str, *, sprints: bool) -> bool:
    """Say whether issues of a type have *field*; only projects with a scrum board have sprints."""
    if field.id == "parent":
        return issue_type != EPIC
    if field.kind == "sprint":
        return sprints and issue_type not in (EPIC, SUBTASK)
    return True
