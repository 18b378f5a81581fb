"""Comments and work logs: putting them on an issue."""

from collections.abc import Mapping
from typing import Any

from telamon_jira.sandbox.field_values import WrongValue, is_document, seconds
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import Comment, Issue, Worklog
from telamon_jira.sandbox.view import View


def add_comment(
    view: View, issue: Issue, body: Any, visibility: dict[str, str] | None = None
) -> Comment:
    """Put a comment on an issue."""
    if not is_document(body):
        raise Refused(400, fields={"comment": "Comment body is not valid!"})
    comment = Comment(
        id=view.state.new_id(),
        author=view.account_id,
        body=body,
        created=view.now,
        updated=view.now,
        visibility=visibility,
    )
    issue.comments.append(comment)
    issue.values["updated"] = view.now
    return comment


def add_worklog(view: View, issue: Issue, given: Mapping[str, Any]) -> Worklog:
    """Log work on an issue and take it off the remaining estimate."""
    worklog = Worklog(
        id=view.state.new_id(),
        author=view.account_id,
        seconds=spent(given),
        started=view.now,
        comment=given.get("comment"),
        created=view.now,
        updated=view.now,
    )
    issue.worklogs.append(worklog)
    issue.values["updated"] = view.now
    return worklog


def spent(given: Mapping[str, Any]) -> int:
    """Return the seconds that a work log gives in either of its two forms."""
    amount = given.get("timeSpentSeconds")
    try:
        total = seconds(str(given.get("timeSpent") or "")) if amount is None else int(amount)
    except (WrongValue, TypeError, ValueError) as wrong:
        raise Refused(400, fields={"timeLogged": "Invalid time duration entered."}) from wrong
    if total <= 0:
        raise Refused(400, fields={"timeLogged": "Time Spent must be greater than zero."})
    return total
