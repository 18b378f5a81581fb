"""Many issues at once: fetching them, and moving them by a task that is further at each look."""

from contextlib import suppress
from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import changing
from telamon_jira.sandbox.definitions import ISSUE_TYPES, SUBTASK, TO_DO
from telamon_jira.sandbox.fields import SPRINT, children
from telamon_jira.sandbox.operations.issues import issue_json
from telamon_jira.sandbox.operations.routing import Routes, created, ok
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import Issue, Project
from telamon_jira.sandbox.view import View
from telamon_jira.values import items, members

LIMIT = 1000
FETCHED = 100
STEPS = (0, 50, 100)
"""What a task says of its progress each time it is asked."""
INFERRED = (
    "inferClassificationDefaults",
    "inferFieldDefaults",
    "inferStatusDefaults",
    "inferSubtaskTypeDefault",
)


def move(view: View) -> SandboxResponse:
    """POST where to move which issues; they are moved at once, the task only says so later."""
    targets = members(view.body().get("targetToSourcesMapping"))
    if len(targets) != 1:
        raise Refused(400, "Issues can be moved to exactly one target.")
    name, how = next(iter(targets.items()))
    key, kind, *_ = [*name.split(","), "", ""]
    project = view.project(key)
    view.require_edit(project)
    if kind not in project.issue_types:
        raise Refused(400, f"The issue type {kind} is not valid in {project.key}.")
    settings = members(how)
    if not all(settings.get(part) is True for part in INFERRED):
        raise Refused(400, "The sandbox only moves with everything inferred.")
    wanted = [str(key) for key in items(settings.get("issueIdsOrKeys"))]
    if not 0 < len(wanted) <= LIMIT:
        raise Refused(400, f"Between 1 and {LIMIT} issues can be moved at once.")
    moved: list[int] = []
    lost = 0
    for key in wanted:
        try:
            issue = view.editable(key)
        except Refused:
            lost += 1
            continue
        _move(view, issue, project, kind)
        moved.append(issue.id)
    task = str(view.state.new_id())
    view.state.tasks[task] = {
        "taskId": task,
        "totalIssueCount": len(wanted),
        "processedAccessibleIssues": moved,
        "failedAccessibleIssues": {},
        "invalidOrInaccessibleIssueCount": lost,
        "submittedBy": {"accountId": view.account_id},
        "created": int(view.now * 1000),
        "started": int(view.now * 1000),
        "looks": 0,
    }
    return created({"taskId": task})


def _move(view: View, issue: Issue, project: Project, kind: str) -> None:
    before = issue.key
    parts = [child for child in children(view, issue) if child.values["issuetype"] == SUBTASK]
    if issue.project != project.key:
        view.state.moved_keys[before] = issue.id
        issue.project = project.key
        issue.key = view.state.new_key(project.key)
        for name in ("components", "fixVersions", "versions", SPRINT):
            issue.values.pop(name, None)
        if not project.strict and issue.values["status"] == "10002":
            issue.values["status"] = TO_DO
        if ISSUE_TYPES[kind].level == 0:
            issue.values.pop("parent", None)
    changing.record(view, issue, {"issuetype": kind})
    for part in parts:
        if part.project != project.key and SUBTASK in project.issue_types:
            _move(view, part, project, SUBTASK)
            part.values["parent"] = issue.id


def progress(view: View, task_id: str) -> SandboxResponse:
    """GET how far a task is."""
    task = view.state.tasks.get(task_id)
    if task is None:
        raise Refused(400, "The task associated with this taskId is not a bulk operation task")
    percent: int = STEPS[min(int(task["looks"]), len(STEPS) - 1)]
    task["looks"] += 1
    body: dict[str, Any] = {
        name: value
        for name, value in task.items()
        if name != "looks" and (percent == 100 or name != "processedAccessibleIssues")
    }
    status = {0: "ENQUEUED", 100: "COMPLETE"}.get(percent, "RUNNING")
    return ok(
        body | {"progressPercent": percent, "status": status, "updated": int(view.now * 1000)}
    )


def fetch(view: View) -> SandboxResponse:
    """POST ids and keys, also such as an issue once had; what cannot be seen is left out."""
    body = view.body()
    wanted = [str(name) for name in items(body.get("issueIdsOrKeys"))]
    if not 0 < len(wanted) <= FETCHED:
        raise Refused(400, f"Between 1 and {FETCHED} issues can be fetched at once.")
    found: dict[int, Issue] = {}
    for name in wanted:
        with suppress(Refused):
            issue = view.issue(name)
            found[issue.id] = issue
    fields = [str(name) for name in items(body.get("fields"))]
    expand = [str(name) for name in items(body.get("expand"))]
    shown = [issue_json(view, found[n], fields, ("*navigable",), expand) for n in sorted(found)]
    return ok({"expand": "names,schema", "issues": shown, "issueErrors": []})


ROUTES: Routes = {
    "POST /rest/api/3/issue/bulkfetch": fetch,
    "POST /rest/api/3/bulk/issues/move": move,
    "GET /rest/api/3/bulk/queue/{taskId}": progress,
}
