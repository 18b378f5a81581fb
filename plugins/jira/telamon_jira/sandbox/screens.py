"""How fields are described where somebody is about to set them."""

from typing import Any

from telamon_jira.sandbox import shapes
from telamon_jira.sandbox.definitions import PRIORITIES, RESOLUTIONS, SEVERITIES
from telamon_jira.sandbox.fields import Field
from telamon_jira.sandbox.state import Project
from telamon_jira.sandbox.view import View


def described(view: View, project: Project, field: Field, *, required: bool) -> dict[str, Any]:
    """Return a field as create, edit and transition metadata describe it."""
    preset = field.id in ("priority", "reporter")
    body: dict[str, Any] = {
        "required": required,
        "schema": field.schema,
        "name": field.name,
        "key": field.id,
        "fieldId": field.id,
        "hasDefaultValue": preset,
        "operations": ["add", "set", "remove"] if field.type == "array" else ["set"],
    }
    allowed: dict[str, list[Any]] = {
        "priority": [shapes.priority(view, found) for found in PRIORITIES],
        "resolution": [shapes.resolution(view, found) for found in RESOLUTIONS],
        "option": [shapes.option(view, found) for found in SEVERITIES],
        "issuetype": [shapes.issue_type(view, found) for found in project.issue_types],
        "project": [shapes.project(view, project)],
        "components": [shapes.component(view, project, found) for found in project.components],
        "versions": [shapes.version(view, project, found) for found in project.versions],
    }
    if field.kind in allowed:
        body["allowedValues"] = allowed[field.kind]
    if field.kind == "user":
        body["autoCompleteUrl"] = view.rest("user/assignable/search?query=")
    return body
