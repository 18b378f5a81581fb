"""Read, create, change and delete issues, and their history."""

from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import changing, shapes
from telamon_jira.sandbox.fields import FIELDS, chosen, fits, show
from telamon_jira.sandbox.operations.routing import Routes, counted, created, nothing, ok
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.screens import described
from telamon_jira.sandbox.state import Issue
from telamon_jira.sandbox.view import View
from telamon_jira.sandbox.workflow import possible, shown_steps
from telamon_jira.values import members, objects

EXPANDABLE = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
BULK_LIMIT = 50
PICKED = 20


def issue_json(
    view: View, issue: Issue, fields: list[str], default: tuple[str, ...], expand: list[str]
) -> dict[str, Any]:
    """Return an issue with the chosen fields and the parts that *expand* names."""
    picked = chosen(fields, default)
    body: dict[str, Any] = {
        "expand": EXPANDABLE,
        "id": str(issue.id),
        "self": view.rest(f"issue/{issue.id}"),
        "key": issue.key,
        "fields": {
            field.id: show(view, issue, field)
            for field in picked
            if fits(field, issue.values["issuetype"], sprints=view.project_of(issue).strict)
        },
    }
    if "names" in expand:
        body["names"] = {field.id: field.name for field in picked}
    if "schema" in expand:
        body["schema"] = {field.id: field.schema for field in picked}
    if "transitions" in expand:
        body["transitions"] = shown_steps(view, issue, fields=False)
    if "editmeta" in expand:
        body["editmeta"] = _edit_screen(view, issue)
    if "changelog" in expand:
        entries = [shapes.change(view, change) for change in reversed(issue.history)]
        body["changelog"] = {
            "startAt": 0,
            "maxResults": len(entries),
            "total": len(entries),
            "histories": entries,
        }
    return body


def get(view: View, issue_id_or_key: str) -> SandboxResponse:
    """GET an issue; without ``fields`` all of them."""
    issue = view.issue(issue_id_or_key)
    return ok(issue_json(view, issue, view.queries("fields"), ("*all",), view.queries("expand")))


def edit(view: View, issue_id_or_key: str) -> SandboxResponse:
    """PUT fields and update operations."""
    issue = view.editable(issue_id_or_key)
    body = view.body()
    changing.edit(view, issue, members(body.get("fields")), members(body.get("update")))
    if view.flag("returnIssue"):
        return ok(issue_json(view, issue, [], ("*all",), view.queries("expand")))
    return nothing()


def create(view: View) -> SandboxResponse:
    """POST one issue."""
    body = view.body()
    return created(_made(view, changing.create(view, members(body.get("fields")))))


def create_many(view: View) -> SandboxResponse:
    """POST up to 50 issues; those that are wrong are reported beside those that were made."""
    wanted = objects(view.body().get("issueUpdates"))
    if not 0 < len(wanted) <= BULK_LIMIT:
        raise Refused(400, f"Between 1 and {BULK_LIMIT} issues can be created at once.")
    made: list[Any] = []
    errors: list[Any] = []
    for number, item in enumerate(wanted):
        try:
            made.append(_made(view, changing.create(view, members(item.get("fields")))))
        except Refused as refused:
            errors.append(
                {
                    "status": refused.status,
                    "elementErrors": refused.response.body,
                    "failedElementNumber": number,
                }
            )
    return SandboxResponse(status=201 if made else 400, body={"issues": made, "errors": errors})


def _made(view: View, issue: Issue) -> dict[str, Any]:
    return {"id": str(issue.id), "key": issue.key, "self": view.rest(f"issue/{issue.id}")}


def delete(view: View, issue_id_or_key: str) -> SandboxResponse:
    """DELETE an issue; its subtasks have to go with it."""
    issue = view.editable(issue_id_or_key)
    changing.delete(view, issue, subtasks=view.flag("deleteSubtasks"))
    return nothing()


def history(view: View, issue_id_or_key: str) -> SandboxResponse:
    """GET the changelog, oldest first."""
    issue = view.issue(issue_id_or_key)
    return counted(view, issue.history, lambda change: shapes.change(view, change), default=100)


def edit_meta(view: View, issue_id_or_key: str) -> SandboxResponse:
    """GET the fields that can be changed."""
    return ok(_edit_screen(view, view.editable(issue_id_or_key)))


def _edit_screen(view: View, issue: Issue) -> dict[str, Any]:
    project = view.project_of(issue)
    return {
        "fields": {
            field.id: described(view, project, field, required=field.id in ("summary", "issuetype"))
            for field in FIELDS.values()
            if field.edited and fits(field, issue.values["issuetype"], sprints=project.strict)
        }
    }


def pick(view: View) -> SandboxResponse:
    """GET suggestions for the beginning of a key or of a word in a summary."""
    typed = (view.query("query") or "").strip().lower()
    found = [
        issue
        for issue in sorted(view.issues(), key=lambda issue: -issue.values["updated"])
        if issue.key.lower().startswith(typed)
        or any(word.startswith(typed) for word in issue.values["summary"].lower().split())
    ][:PICKED]
    suggestions = [
        {
            "id": issue.id,
            "key": issue.key,
            "keyHtml": f"<b>{issue.key}</b>",
            "img": f"/images/icons/issuetypes/{issue.values['issuetype']}.svg",
            "summary": issue.values["summary"],
            "summaryText": issue.values["summary"],
        }
        for issue in found
    ]
    sections = [
        {"label": "History Search", "id": "hs", "issues": suggestions[:3]},
        {
            "label": "Current Search",
            "sub": f"Showing {len(suggestions)} matching issues",
            "id": "cs",
            "issues": suggestions,
        },
    ]
    return ok({"sections": sections})


def transitions(view: View, issue_id_or_key: str) -> SandboxResponse:
    """GET the steps possible now, with the fields of their screens where these are asked for."""
    issue = view.issue(issue_id_or_key)
    steps = shown_steps(view, issue, fields="transitions.fields" in view.queries("expand"))
    wanted = view.query("transitionId")
    return ok(
        {
            "expand": "transitions",
            "transitions": [step for step in steps if wanted in (None, step["id"])],
        }
    )


def transition(view: View, issue_id_or_key: str) -> SandboxResponse:
    """POST a step."""
    issue = view.editable(issue_id_or_key)
    body = view.body()
    identifier = members(body.get("transition")).get("id")
    step = next((step for step in possible(view, issue) if step.id == identifier), None)
    if step is None:
        raise Refused(
            400,
            f"It seems that you have tried to perform a workflow operation ({identifier}) that is "
            "not valid for the current state of this issue.",
        )
    changing.take(view, issue, step, members(body.get("fields")), members(body.get("update")))
    return nothing()


ISSUE = "/rest/api/3/issue/{issueIdOrKey}"
ROUTES: Routes = {
    f"GET {ISSUE}": get,
    f"PUT {ISSUE}": edit,
    f"DELETE {ISSUE}": delete,
    "POST /rest/api/3/issue": create,
    "POST /rest/api/3/issue/bulk": create_many,
    "GET /rest/api/3/issue/picker": pick,
    f"GET {ISSUE}/changelog": history,
    f"GET {ISSUE}/editmeta": edit_meta,
    f"GET {ISSUE}/transitions": transitions,
    f"POST {ISSUE}/transitions": transition,
}
