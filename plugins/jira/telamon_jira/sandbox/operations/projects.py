"""Projects with their versions and components, and what can be created in them."""

from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import shapes
from telamon_jira.sandbox.definitions import ISSUE_TYPES, STATUSES
from telamon_jira.sandbox.field_values import DAY
from telamon_jira.sandbox.fields import FIELDS, fits
from telamon_jira.sandbox.operations.routing import Routes, counted, created, ok
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.screens import described
from telamon_jira.sandbox.state import Component, Project, Version
from telamon_jira.sandbox.view import View

REQUIRED = frozenset({"project", "issuetype", "summary"})


def search(view: View) -> SandboxResponse:
    """GET the projects in which the user may do ``action``."""
    query = (view.query("query") or "").casefold()
    action = view.query("action") or "view"
    keys = [key.upper() for key in view.queries("keys")]
    types = "issueTypes" in view.queries("expand")
    found = sorted(
        (
            project
            for project in view.projects()
            if (not keys or project.key in keys)
            and (query in project.name.casefold() or query in project.key.casefold())
            and (action in ("view", "browse") or view.may_edit(project))
        ),
        key=lambda project: project.key,
    )
    return counted(view, found, lambda project: _listed(view, project, types=types))


def _listed(view: View, project: Project, *, types: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
        **shapes.project(view, project),
        "style": "classic" if project.strict else "next-gen",
        "isPrivate": project.private,
        "properties": {},
    }
    if types:
        body["issueTypes"] = [shapes.issue_type(view, kind) for kind in project.issue_types]
    return body


def get(view: View, project_id_or_key: str) -> SandboxResponse:
    """GET one project with its types, components and versions."""
    project = view.project(project_id_or_key)
    return ok(
        {
            **_listed(view, project, types=True),
            "description": project.description,
            "lead": shapes.user(view, project.lead),
            "assigneeType": "UNASSIGNED",
            "components": [shapes.component(view, project, c) for c in project.components],
            "versions": [shapes.version(view, project, v) for v in project.versions],
            "roles": {"Administrators": view.rest(f"project/{project.id}/role/10002")},
        }
    )


def _queried(view: View, found: list[Any]) -> list[Any]:
    query = (view.query("query") or "").casefold()
    return [item for item in found if query in f"{item.name} {item.description}".casefold()]


def versions(view: View, project_id_or_key: str) -> SandboxResponse:
    """GET versions, of the ``status`` that is asked for."""
    project = view.project(project_id_or_key)
    wanted = view.queries("status")
    found = [
        version
        for version in _queried(view, project.versions)
        if not wanted
        or ("archived" if version.archived else "released" if version.released else "unreleased")
        in wanted
    ]
    if (view.query("orderBy") or "").startswith("-"):
        found.reverse()
    return counted(view, found, lambda version: shapes.version(view, project, version))


def components(view: View, project_id_or_key: str) -> SandboxResponse:
    """GET components."""
    project = view.project(project_id_or_key)
    found = _queried(view, project.components)
    return counted(view, found, lambda component: shapes.component(view, project, component))


def _managed(view: View, id_or_key: str) -> Project:
    project = view.project(id_or_key)
    if not view.trusted:
        raise Refused(403, f"You do not have permission to administer {project.key}.")
    return project


def create_version(view: View) -> SandboxResponse:
    """POST a version."""
    body = view.body()
    project = _managed(view, str(body.get("projectId") or body.get("project") or ""))
    made = Version(id=str(view.state.new_id()), name="")
    _fill_version(project, made, {"name": None, **body})
    project.versions.append(made)
    return created(shapes.version(view, project, made))


def update_version(view: View, id_: str) -> SandboxResponse:
    """PUT a version."""
    project, found = _version(view, id_)
    _managed(view, project.key)
    body = view.body()
    _fill_version(project, found, body)
    target = str(body.get("moveUnfixedIssuesTo") or "").rsplit("/", 1)[-1]
    if found.released and target:
        _version(view, target)
        for issue in view.state.issues.values():
            fix = issue.listed("fixVersions")
            if found.id in fix and not issue.values.get("resolution"):
                issue.values["fixVersions"] = [target if v == found.id else v for v in fix]
    return ok(shapes.version(view, project, found))


def get_version(view: View, id_: str) -> SandboxResponse:
    """GET a version."""
    return ok(shapes.version(view, *_version(view, id_)))


def _version(view: View, identifier: str) -> tuple[Project, Version]:
    for project in view.projects():
        for version in project.versions:
            if version.id == identifier:
                return project, version
    raise Refused(404, f"Could not find version for id '{identifier}'")


def _fill_version(project: Project, version: Version, body: dict[str, Any]) -> None:
    if "name" in body:
        name = body["name"]
        if not isinstance(name, str) or not name.strip():
            raise Refused(400, fields={"name": "You must specify a valid version name"})
        if any(other.name == name and other is not version for other in project.versions):
            raise Refused(
                400, fields={"name": "A version with this name already exists in this project."}
            )
    for name in ("startDate", "releaseDate"):
        if body.get(name) is not None and not DAY.fullmatch(str(body[name])):
            raise Refused(400, fields={name: "The date must have the form yyyy-MM-dd."})
    version.name = body.get("name", version.name)
    version.description = body.get("description", version.description)
    version.released = bool(body.get("released", version.released))
    version.archived = bool(body.get("archived", version.archived))
    version.start_date = body.get("startDate", version.start_date)
    version.release_date = body.get("releaseDate", version.release_date)


def create_component(view: View) -> SandboxResponse:
    """POST a component."""
    body = view.body()
    project = _managed(view, str(body.get("project") or ""))
    name = body.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Refused(400, fields={"name": "The component name specified is not valid."})
    if any(component.name == name for component in project.components):
        raise Refused(400, fields={"name": f"A component with the name {name} already exists."})
    lead = body.get("leadAccountId")
    if lead is not None and view.user(str(lead)) is None:
        raise Refused(400, fields={"leadAccountId": "The user does not exist."})
    made = Component(
        id=str(view.state.new_id()),
        name=name,
        description=str(body.get("description") or ""),
        lead=lead,
    )
    project.components.append(made)
    return created(shapes.component(view, project, made))


def statuses(view: View, project_id_or_key: str) -> SandboxResponse:
    """GET the statuses of each issue type."""
    project = view.project(project_id_or_key)
    shown = [
        shapes.status(view, identifier)
        for identifier in STATUSES
        if project.strict or identifier != "10002"
    ]
    return ok(
        [
            {
                "self": view.rest(f"issuetype/{kind}"),
                "id": kind,
                "name": ISSUE_TYPES[kind].name,
                "subtask": ISSUE_TYPES[kind].level < 0,
                "statuses": shown,
            }
            for kind in project.issue_types
        ]
    )


def _creatable(view: View, id_or_key: str) -> Project:
    project = view.project(id_or_key)
    view.require_edit(project)
    return project


def create_types(view: View, project_id_or_key: str) -> SandboxResponse:
    """GET the types that can be created."""
    project = _creatable(view, project_id_or_key)
    return counted(
        view,
        project.issue_types,
        lambda kind: shapes.issue_type(view, kind),
        maximum=200,
        name="issueTypes",
    )


def create_fields(view: View, project_id_or_key: str, issue_type_id: str) -> SandboxResponse:
    """GET the fields of a create screen."""
    project = _creatable(view, project_id_or_key)
    if issue_type_id not in project.issue_types:
        raise Refused(404, f"There is no issue type {issue_type_id} in {project.key}.")
    subtask = ISSUE_TYPES[issue_type_id].level < 0
    found = [
        field
        for field in FIELDS.values()
        if field.created and fits(field, issue_type_id, sprints=project.strict)
    ]
    return counted(
        view,
        found,
        lambda field: described(
            view,
            project,
            field,
            required=field.id in REQUIRED or (subtask and field.id == "parent"),
        ),
        maximum=200,
        name="fields",
    )


PROJECT = "/rest/api/3/project/{projectIdOrKey}"
CREATE_META = "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes"
ROUTES: Routes = {
    "GET /rest/api/3/project/search": search,
    f"GET {PROJECT}": get,
    f"GET {PROJECT}/version": versions,
    f"GET {PROJECT}/component": components,
    f"GET {PROJECT}/statuses": statuses,
    "POST /rest/api/3/version": create_version,
    "GET /rest/api/3/version/{id}": get_version,
    "PUT /rest/api/3/version/{id}": update_version,
    "POST /rest/api/3/component": create_component,
    f"GET {CREATE_META}": create_types,
    f"GET {CREATE_META}/{{issueTypeId}}": create_fields,
}
