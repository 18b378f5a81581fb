"""Comments and work logs."""

from datetime import datetime
from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import discussion, shapes
from telamon_jira.sandbox.field_values import WrongValue, is_document, seconds
from telamon_jira.sandbox.operations.routing import Routes, counted, created, nothing, ok
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import Comment, Issue, Worklog
from telamon_jira.sandbox.view import View
from telamon_jira.values import members

NO_COMMENT = "Can not find a comment for the id: {}."
NO_WORKLOG = "Cannot find worklog with id: '{}'."


def _visibility(value: Any) -> dict[str, str] | None:
    found = members(value)
    if not found:
        return None
    if found.get("type") not in ("group", "role") or not found.get("value"):
        raise Refused(400, fields={"commentLevel": "The visibility is not valid."})
    return {"type": found["type"], "value": str(found["value"])}


def comments(view: View, issue_id_or_key: str) -> SandboxResponse:
    """GET comments, oldest first unless ``orderBy=-created``."""
    issue = view.issue(issue_id_or_key)
    order = view.query("orderBy") or "created"
    if order.lstrip("+-") != "created":
        raise Refused(400, f"The orderBy value '{order}' is not supported.")
    found = sorted(issue.comments, key=lambda c: (c.created, c.id), reverse=order.startswith("-"))
    return counted(
        view, found, lambda c: shapes.comment(view, issue, c), default=100, name="comments"
    )


def _comment(issue: Issue, identifier: str) -> Comment:
    for comment in issue.comments:
        if str(comment.id) == identifier:
            return comment
    raise Refused(404, NO_COMMENT.format(identifier))


def comment(view: View, issue_id_or_key: str, id_: str) -> SandboxResponse:
    """GET one comment."""
    issue = view.issue(issue_id_or_key)
    return ok(shapes.comment(view, issue, _comment(issue, id_)))


def add_comment(view: View, issue_id_or_key: str) -> SandboxResponse:
    """POST a comment."""
    issue = view.editable(issue_id_or_key)
    body = view.body()
    made = discussion.add_comment(
        view, issue, body.get("body"), _visibility(body.get("visibility"))
    )
    return created(shapes.comment(view, issue, made))


def edit_comment(view: View, issue_id_or_key: str, id_: str) -> SandboxResponse:
    """PUT a comment's text; only its author or the trusted person may."""
    issue = view.editable(issue_id_or_key)
    found = _comment(issue, id_)
    _own(view, found.author, "edit this comment")
    body = view.body()
    if not is_document(body.get("body")):
        raise Refused(400, fields={"comment": "Comment body is not valid!"})
    found.body = body["body"]
    found.visibility = _visibility(body.get("visibility")) or found.visibility
    found.updated = issue.values["updated"] = view.now
    return ok(shapes.comment(view, issue, found))


def delete_comment(view: View, issue_id_or_key: str, id_: str) -> SandboxResponse:
    """DELETE a comment."""
    issue = view.editable(issue_id_or_key)
    found = _comment(issue, id_)
    _own(view, found.author, "delete this comment")
    issue.comments.remove(found)
    return nothing()


def _own(view: View, author: str, act: str) -> None:
    if not view.trusted and author != view.account_id:
        raise Refused(403, f"You do not have permission to {act}.")


def worklogs(view: View, issue_id_or_key: str) -> SandboxResponse:
    """GET work logs, oldest first."""
    issue = view.issue(issue_id_or_key)
    return counted(
        view,
        issue.worklogs,
        lambda w: shapes.worklog(view, issue, w),
        default=5000,
        maximum=5000,
        name="worklogs",
    )


def _worklog(issue: Issue, identifier: str) -> Worklog:
    for worklog in issue.worklogs:
        if str(worklog.id) == identifier:
            return worklog
    raise Refused(404, NO_WORKLOG.format(identifier))


def add_worklog(view: View, issue_id_or_key: str) -> SandboxResponse:
    """POST a work log."""
    issue = view.editable(issue_id_or_key)
    body = view.body()
    _check(body)
    estimate = _new_estimate(view)
    made = discussion.add_worklog(view, issue, body)
    _fill(made, body)
    _adjust(view, issue, made.seconds, estimate)
    return created(shapes.worklog(view, issue, made))


def worklog(view: View, issue_id_or_key: str, id_: str) -> SandboxResponse:
    """GET one work log."""
    issue = view.issue(issue_id_or_key)
    return ok(shapes.worklog(view, issue, _worklog(issue, id_)))


def edit_worklog(view: View, issue_id_or_key: str, id_: str) -> SandboxResponse:
    """PUT a work log."""
    issue = view.editable(issue_id_or_key)
    found = _worklog(issue, id_)
    _own(view, found.author, "edit this worklog")
    body = view.body()
    _check(body)
    estimate = _new_estimate(view)
    if "timeSpent" in body or "timeSpentSeconds" in body:
        before, found.seconds = found.seconds, discussion.spent(body)
        _adjust(view, issue, found.seconds - before, estimate)
    _fill(found, body)
    found.updated = issue.values["updated"] = view.now
    return ok(shapes.worklog(view, issue, found))


def delete_worklog(view: View, issue_id_or_key: str, id_: str) -> SandboxResponse:
    """DELETE a work log; its time goes back to the remaining estimate."""
    issue = view.editable(issue_id_or_key)
    found = _worklog(issue, id_)
    _own(view, found.author, "delete this worklog")
    estimate = _new_estimate(view)
    issue.worklogs.remove(found)
    _adjust(view, issue, -found.seconds, estimate)
    return nothing()


def _check(body: dict[str, Any]) -> None:
    if "comment" in body and not is_document(body["comment"]):
        raise Refused(400, fields={"comment": "Worklog comment is not valid!"})
    if "started" in body:
        _started(body["started"])


def _started(value: Any) -> float:
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
    except ValueError:
        raise Refused(
            400,
            fields={"started": "The date must have the form yyyy-MM-dd'T'HH:mm:ss.SSSZ."},
        ) from None


def _fill(worklog: Worklog, body: dict[str, Any]) -> None:
    worklog.comment = body.get("comment", worklog.comment)
    worklog.visibility = _visibility(body.get("visibility")) or worklog.visibility
    if "started" in body:
        worklog.started = _started(body["started"])


def _new_estimate(view: View) -> int | None:
    if view.query("adjustEstimate") != "new":
        return None
    try:
        return seconds(view.query("newEstimate") or "")
    except WrongValue:
        raise Refused(
            400, fields={"newEstimate": "You must supply a valid new estimate."}
        ) from None


def _adjust(view: View, issue: Issue, spent: int, estimate: int | None) -> None:
    tracked = dict(issue.values.get("timetracking") or {})
    mode = view.query("adjustEstimate") or "auto"
    if estimate is not None:
        tracked["remainingEstimate"] = estimate
    elif mode == "auto" and "remainingEstimate" in tracked:
        tracked["remainingEstimate"] = max(0, tracked["remainingEstimate"] - spent)
    issue.values["timetracking"] = tracked or None


COMMENTS = "/rest/api/3/issue/{issueIdOrKey}/comment"
WORKLOGS = "/rest/api/3/issue/{issueIdOrKey}/worklog"
ROUTES: Routes = {
    f"GET {COMMENTS}": comments,
    f"POST {COMMENTS}": add_comment,
    f"GET {COMMENTS}/{{id}}": comment,
    f"PUT {COMMENTS}/{{id}}": edit_comment,
    f"DELETE {COMMENTS}/{{id}}": delete_comment,
    f"GET {WORKLOGS}": worklogs,
    f"POST {WORKLOGS}": add_worklog,
    f"GET {WORKLOGS}/{{id}}": worklog,
    f"PUT {WORKLOGS}/{{id}}": edit_worklog,
    f"DELETE {WORKLOGS}/{{id}}": delete_worklog,
}
