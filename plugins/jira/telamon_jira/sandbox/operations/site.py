"""What belongs to the whole site: fields, labels, statuses, filters, dashboards, permissions."""

from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import shapes
from telamon_jira.sandbox.definitions import PRIORITIES, RESOLUTIONS, SEVERITIES, STATUSES
from telamon_jira.sandbox.fields import FIELDS, Field
from telamon_jira.sandbox.jql.terms import TERMS
from telamon_jira.sandbox.operations.routing import Routes, counted, ok
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import Dashboard, Filter
from telamon_jira.sandbox.view import View

PERMISSIONS = {
    "BROWSE_PROJECTS": "Browse Projects",
    "CREATE_ISSUES": "Create Issues",
    "EDIT_ISSUES": "Edit Issues",
    "TRANSITION_ISSUES": "Transition Issues",
    "ASSIGN_ISSUES": "Assign Issues",
    "DELETE_ISSUES": "Delete Issues",
    "ADD_COMMENTS": "Add Comments",
    "LINK_ISSUES": "Link Issues",
    "WORK_ON_ISSUES": "Work On Issues",
    "CREATE_ATTACHMENTS": "Create Attachments",
    "ADMINISTER_PROJECTS": "Administer Projects",
    "ADMINISTER": "Administer Jira",
}
GLOBAL = frozenset({"ADMINISTER"})


def _field(view: View, field: Field) -> dict[str, Any]:
    del view
    return {
        "id": field.id,
        "key": field.id,
        "name": field.name,
        "schema": field.schema,
        "description": "",
        "isLocked": not field.custom,
    }


def fields(view: View) -> SandboxResponse:
    """GET fields by ``query`` and ``type``."""
    query = (view.query("query") or "").casefold()
    kinds = view.queries("type")
    found = sorted(
        (
            field
            for field in FIELDS.values()
            if query in field.name.casefold()
            and (not kinds or ("custom" if field.custom else "system") in kinds)
        ),
        key=lambda field: field.name,
    )
    return counted(view, found, lambda field: _field(view, field))


def suggestions(view: View) -> SandboxResponse:
    """GET the values that JQL offers for a field, as they begin with ``fieldValue``."""
    name = (view.query("fieldName") or "").strip('"').lower()
    typed = (view.query("fieldValue") or "").casefold()
    term = TERMS.get(name)
    if term is None:
        raise Refused(400, f"The field '{name}' is not supported for suggestions.")
    if name == "labels":
        known = _labels(view)
    elif name in ("severity", "priority", "status", "resolution"):
        known = [
            *{
                "severity": SEVERITIES,
                "priority": PRIORITIES,
                "status": {i: s.name for i, s in STATUSES.items()},
                "resolution": RESOLUTIONS,
            }[name].values()
        ]
    else:
        known = list(term.choices(view).values()) if term.choices else []
    return ok(
        {
            "results": [
                {"value": f'"{value}"' if " " in value else value, "displayName": value}
                for value in known
                if value.casefold().startswith(typed)
            ]
        }
    )


def _labels(view: View) -> list[str]:
    return sorted({label for issue in view.issues() for label in issue.listed("labels")})


def labels(view: View) -> SandboxResponse:
    """GET every label in use."""
    return counted(view, _labels(view), lambda label: label, default=1000, maximum=1000)


def statuses(view: View) -> SandboxResponse:
    """GET every status."""
    return ok([shapes.status(view, identifier) for identifier in STATUSES])


def _filter(view: View, found: Filter) -> dict[str, Any]:
    return {
        "self": view.rest(f"filter/{found.id}"),
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "owner": shapes.user(view, found.owner),
        "jql": found.jql,
        "viewUrl": f"{view.state.site.url}/issues/?filter={found.id}",
        "searchUrl": view.rest(f"search?jql={found.id}"),
        "favourite": False,
        "sharePermissions": [{"id": 1, "type": "loggedin"}],
        "subscriptions": [],
    }


def filters(view: View) -> SandboxResponse:
    """GET saved searches by name; owner and query only where ``expand`` names them."""
    query = (view.query("filterName") or "").casefold()
    expand = view.queries("expand")
    found = [item for item in view.state.filters if query in item.name.casefold()]

    def shape(item: Filter) -> dict[str, Any]:
        whole = _filter(view, item)
        hidden = {"owner", "jql", "description", "viewUrl", "favourite"} - set(expand)
        return {name: value for name, value in whole.items() if name not in hidden}

    return counted(view, found, shape)


def get_filter(view: View, id_: str) -> SandboxResponse:
    """GET a saved search."""
    for item in view.state.filters:
        if item.id == id_:
            return ok(_filter(view, item))
    raise Refused(
        400,
        "The selected filter is not available to you, perhaps it has been deleted or had its "
        "permissions changed.",
    )


def dashboards(view: View) -> SandboxResponse:
    """GET dashboards by name."""
    query = (view.query("dashboardName") or "").casefold()
    found = [item for item in view.state.dashboards if query in item.name.casefold()]

    def shape(item: Dashboard) -> dict[str, Any]:
        return {
            "self": view.rest(f"dashboard/{item.id}"),
            "id": item.id,
            "name": item.name,
            "owner": shapes.user(view, item.owner),
            "view": f"{view.state.site.url}/jira/dashboards/{item.id}",
            "isFavourite": False,
            "popularity": 1,
            "sharePermissions": [],
        }

    return counted(view, found, shape)


def permissions(view: View) -> SandboxResponse:
    """GET which of the named permissions the user has."""
    wanted = view.queries("permissions")
    if not wanted:
        raise Refused(400, "The 'permissions' query parameter is required.")
    unknown = [name for name in wanted if name not in PERMISSIONS]
    if unknown:
        raise Refused(400, f"Unrecognized permission keys: {', '.join(unknown)}")
    issue = view.query("issueKey") or view.query("issueId")
    named = view.query("projectKey") or view.query("projectId")
    if issue:
        scope = [view.project_of(view.issue(issue))]
    else:
        scope = [view.project(named)] if named else list(view.projects())
    return ok(
        {
            "permissions": {
                name: {
                    "id": str(number),
                    "key": name,
                    "name": PERMISSIONS[name],
                    "type": "GLOBAL" if name in GLOBAL else "PROJECT",
                    "description": "",
                    "havePermission": _has(view, name, scope),
                }
                for number, name in enumerate(PERMISSIONS)
                if name in wanted
            }
        }
    )


def _has(view: View, name: str, scope: list[Any]) -> bool:
    if name.startswith("ADMINISTER"):
        return view.trusted
    return any(name == "BROWSE_PROJECTS" or view.may_edit(project) for project in scope)


ROUTES: Routes = {
    "GET /rest/api/3/field/search": fields,
    "GET /rest/api/3/jql/autocompletedata/suggestions": suggestions,
    "GET /rest/api/3/label": labels,
    "GET /rest/api/3/status": statuses,
    "GET /rest/api/3/filter/search": filters,
    "GET /rest/api/3/filter/{id}": get_filter,
    "GET /rest/api/3/dashboard/search": dashboards,
    "GET /rest/api/3/mypermissions": permissions,
}
