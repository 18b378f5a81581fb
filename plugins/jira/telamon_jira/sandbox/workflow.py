"""Which steps an issue can take, and what their screens ask for."""

from typing import Any

from telamon_jira.sandbox import shapes
from telamon_jira.sandbox.definitions import FREE_STEPS, STRICT_STEPS, Step
from telamon_jira.sandbox.fields import FIELDS
from telamon_jira.sandbox.screens import described
from telamon_jira.sandbox.state import Issue
from telamon_jira.sandbox.view import View


def possible(view: View, issue: Issue) -> list[Step]:
    """Return the steps this person may take now."""
    project = view.project_of(issue)
    if not view.may_edit(project):
        return []
    now = issue.values["status"]
    return [
        step
        for step in (STRICT_STEPS if project.strict else FREE_STEPS)
        if not step.start or now in step.start
    ]


def shown_steps(view: View, issue: Issue, *, fields: bool) -> list[dict[str, Any]]:
    """Return the possible steps as the REST API shows them."""
    project = view.project_of(issue)
    shown: list[dict[str, Any]] = []
    for step in possible(view, issue):
        body: dict[str, Any] = {
            "id": step.id,
            "name": step.name,
            "to": shapes.status(view, step.to),
            "hasScreen": bool(step.asks),
            "isGlobal": not step.start,
            "isInitial": False,
            "isAvailable": True,
            "isConditional": False,
            "isLooped": False,
        }
        if fields:
            body["fields"] = {
                name: described(view, project, FIELDS[name], required=name in step.requires)
                for name in step.asks
            }
        shown.append(body)
    return shown
