"""Changing issues: every change is checked whole, written, dated and put into the history."""

from collections.abc import Mapping
from typing import Any

from telamon_jira.sandbox.definitions import (
    DEFAULT_PRIORITY,
    DEFAULT_RESOLUTION,
    DONE,
    SUBTASK,
    TO_DO,
    Step,
)
from telamon_jira.sandbox.discussion import add_comment, add_worklog
from telamon_jira.sandbox.field_values import WrongValue, is_document, parse, words
from telamon_jira.sandbox.fields import FIELDS, RANK, children, fits
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import Change, Issue, Project
from telamon_jira.sandbox.view import View
from telamon_jira.values import members, objects

NOT_SETTABLE = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
OUTSIDE_FIELDS = frozenset({"comment", "worklog", "issuelinks"})


def create(view: View, given: Mapping[str, Any]) -> Issue:
    """Make an issue of the fields in a create request."""
    named = members(given.get("project"))
    project = view.state.find_project(str(named.get("key") or named.get("id") or ""))
    if project is None or not view.may_see(project):
        raise Refused(400, fields={"project": "Specify a valid project ID or key"})
    view.require_edit(project)
    kind = _parsed(view, project, {"issuetype": given.get("issuetype")})["issuetype"]
    problems = (
        {} if given.get("summary") else {"summary": "You must specify a summary of the issue."}
    )
    if kind == SUBTASK and not given.get("parent"):
        problems["parent"] = "Issue type is a sub-task but parent issue key or id not specified."
    screen = [
        field
        for field in FIELDS.values()
        if field.created and fits(field, kind, sprints=project.strict)
    ]
    values = _parsed(
        view,
        project,
        {name: value for name, value in given.items() if name != "project"},
        screen=[field.id for field in screen],
        problems=problems,
    )
    issue = Issue(
        id=view.state.new_id(),
        key=view.state.new_key(project.key),
        project=project.key,
        values={
            "priority": DEFAULT_PRIORITY,
            "reporter": view.account_id,
            **values,
            "status": TO_DO,
            "creator": view.account_id,
            "created": view.now,
            "updated": view.now,
            RANK: f"0|i{view.state.last_id:05d}:",
        },
        watchers=[view.account_id],
    )
    view.state.issues[issue.id] = issue
    return issue


def edit(view: View, issue: Issue, given: Mapping[str, Any], update: Mapping[str, Any]) -> None:
    """Write fields and update operations of an edit request."""
    project = view.project_of(issue)
    screen = [
        field.id
        for field in FIELDS.values()
        if field.edited and fits(field, issue.values["issuetype"], sprints=project.strict)
    ]
    _write(view, issue, given, update, screen)


def take(
    view: View,
    issue: Issue,
    step: Step,
    given: Mapping[str, Any],
    update: Mapping[str, Any],
) -> None:
    """Take a step of the workflow with the fields of its screen."""
    missing = [name for name in step.requires if not given.get(name)]
    if missing:
        raise Refused(400, fields={name: f"{FIELDS[name].name} is required." for name in missing})
    moved: dict[str, Any] = {"status": step.to}
    if step.to == DONE:
        moved |= {"resolution": DEFAULT_RESOLUTION, "resolutiondate": view.now}
    else:
        moved |= {"resolution": None, "resolutiondate": None}
    if step.to == DONE and issue.values["status"] == DONE:
        moved = {}
    _write(view, issue, given, update, list(step.asks), first=moved)


def delete(view: View, issue: Issue, *, subtasks: bool) -> None:
    """Delete an issue, its links, and its subtasks if they may go too."""
    parts = [child for child in children(view, issue) if child.values["issuetype"] == SUBTASK]
    if parts and not subtasks:
        raise Refused(
            400,
            f"The issue '{issue.key}' has subtasks. You must specify the 'deleteSubtasks' "
            "parameter to delete this issue and all its subtasks.",
        )
    for gone in (issue, *parts):
        del view.state.issues[gone.id]
        view.state.links = {
            number: link
            for number, link in view.state.links.items()
            if gone.id not in (link.source, link.target)
        }


def record(
    view: View, issue: Issue, values: Mapping[str, Any], *, quiet: tuple[str, ...] = ()
) -> None:
    """Store *values*, write what changed into the history, and date the issue."""
    project = view.project_of(issue)
    changed: list[dict[str, Any]] = []
    for name, value in values.items():
        before = issue.values.get(name)
        if before == value:
            continue
        issue.values[name] = value
        field = FIELDS[name]
        if field.kind == "moment" or name in quiet:
            continue
        changed.append(
            {
                "field": field.name if field.custom else name,
                "fieldtype": "custom" if field.custom else "jira",
                "fieldId": name,
                "from": None if before is None else str(before),
                "fromString": words(view, project, field, before),
                "to": None if value is None else str(value),
                "toString": words(view, project, field, value),
            }
        )
    issue.values["updated"] = view.now
    if changed:
        issue.history.append(
            Change(
                id=view.state.new_id(),
                author=view.account_id,
                created=view.now,
                items=changed,
            )
        )


def _write(
    view: View,
    issue: Issue,
    given: Mapping[str, Any],
    update: Mapping[str, Any],
    screen: list[str],
    *,
    first: Mapping[str, Any] | None = None,
) -> None:
    project = view.project_of(issue)
    both = sorted(given.keys() & update.keys())
    if both:
        raise Refused(
            400, fields={both[0]: f"Field '{both[0]}' appears in both 'fields' and 'update'."}
        )
    operations = {name: objects(value) for name, value in update.items()}
    sets = dict(given)
    lists: dict[str, list[str]] = {}
    for name, steps in operations.items():
        for step in steps:
            if name in OUTSIDE_FIELDS:
                continue
            if "set" in step:
                sets[name] = step["set"]
            else:
                lists[name] = _amended(view, issue, name, step, lists.get(name))
    values = _parsed(view, project, sets, screen=screen)
    comments = [members(step.get("add")).get("body") for step in operations.get("comment", [])]
    logs = [members(step.get("add")) for step in operations.get("worklog", [])]
    if not all(is_document(body) for body in comments):
        raise Refused(400, fields={"comment": "Comment body is not valid!"})
    record(view, issue, {**(first or {}), **values, **lists})
    for body in comments:
        add_comment(view, issue, body)
    for log in logs:
        add_worklog(view, issue, log)


def _amended(
    view: View, issue: Issue, name: str, step: Mapping[str, Any], so_far: list[str] | None
) -> list[str]:
    field = FIELDS.get(name)
    if field is None or field.kind not in ("labels", "components", "versions"):
        raise Refused(
            400, fields={name: f"Field with id '{name}' does not support these operations"}
        )
    have = [*issue.listed(name)] if so_far is None else so_far
    for verb, item in step.items():
        wanted = _parsed(view, view.project_of(issue), {name: [item]})[name]
        if verb == "add":
            have += [value for value in wanted if value not in have]
        elif verb == "remove":
            have = [value for value in have if value not in wanted]
        else:
            raise Refused(400, fields={name: f"Unknown operation '{verb}'."})
    return have


def _parsed(
    view: View,
    project: Project,
    given: Mapping[str, Any],
    *,
    screen: list[str] | None = None,
    problems: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    found = dict(problems or {})
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in found:
            continue
        if name not in FIELDS or (screen is not None and name not in screen):
            found[name] = NOT_SETTABLE.format(name)
            continue
        try:
            values[name] = parse(view, project, FIELDS[name], value)
        except WrongValue as wrong:
            found[name] = str(wrong)
    if found:
        raise Refused(400, fields=found)
    return values
