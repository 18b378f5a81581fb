"""People: who asks, who can be found, who can be assigned, who watches."""

from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import shapes
from telamon_jira.sandbox.operations.routing import Routes, nothing, ok
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import User
from telamon_jira.sandbox.view import View


def myself(view: View) -> SandboxResponse:
    """GET the user."""
    found = shapes.user(view, view.account_id)
    return ok({**found, "locale": "en_GB", "groups": {"size": 1, "items": []}, "expand": "groups"})


def _matching(view: View, *, assignable: bool) -> list[User]:
    query = (view.query("query") or "").casefold()
    wanted = view.query("accountId")
    return [
        user
        for user in view.state.users.values()
        if (not assignable or user.account_type == "atlassian")
        and wanted in (None, user.account_id)
        and (
            not query
            or any(word.startswith(query) for word in user.name.casefold().split())
            or user.name.casefold().startswith(query)
            or (user.email or "").startswith(query)
        )
    ]


def _page(view: View, found: list[User]) -> SandboxResponse:
    start = view.number("startAt", 0)
    size = view.number("maxResults", 50, 1000)
    return ok([shapes.user(view, user.account_id) for user in found[start : start + size]])


def search(view: View) -> SandboxResponse:
    """GET people whose name or address begins with ``query``."""
    if view.query("query") is None and view.query("accountId") is None:
        raise Refused(400, "Provide a query or an account id.")
    return _page(view, _matching(view, assignable=False))


def assignable(view: View) -> SandboxResponse:
    """GET people who can be given an issue or the issues of a project."""
    issue = view.query("issueKey") or view.query("issueId")
    project = view.query("project")
    if issue:
        view.issue(issue)
    elif project:
        view.project(project)
    else:
        raise Refused(400, "Either 'project' or 'issueKey' query parameter needs to be provided")
    return _page(view, _matching(view, assignable=True))


def watchers(view: View, issue_id_or_key: str) -> SandboxResponse:
    """GET who watches."""
    issue = view.issue(issue_id_or_key)
    body: dict[str, Any] = {
        "self": view.rest(f"issue/{issue.key}/watchers"),
        "isWatching": view.account_id in issue.watchers,
        "watchCount": len(issue.watchers),
        "watchers": [shapes.user(view, account) for account in issue.watchers],
    }
    return ok(body)


def add_watcher(view: View, issue_id_or_key: str) -> SandboxResponse:
    """POST an account id as a JSON string; without a body it is the user."""
    issue = view.issue(issue_id_or_key)
    account = view.account_id if view.request.body is None else view.request.body
    if not isinstance(account, str) or view.user(account) is None:
        raise Refused(404, "The user does not exist.")
    if account != view.account_id:
        view.require_edit(view.project_of(issue))
    if account not in issue.watchers:
        issue.watchers.append(account)
    return nothing()


def remove_watcher(view: View, issue_id_or_key: str) -> SandboxResponse:
    """DELETE a watcher."""
    issue = view.issue(issue_id_or_key)
    account = view.query("accountId") or ""
    if account != view.account_id:
        view.require_edit(view.project_of(issue))
    if account not in issue.watchers:
        raise Refused(404, "The user does not watch this issue.")
    issue.watchers.remove(account)
    return nothing()


WATCHERS = "/rest/api/3/issue/{issueIdOrKey}/watchers"
ROUTES: Routes = {
    "GET /rest/api/3/myself": myself,
    "GET /rest/api/3/user/search": search,
    "GET /rest/api/3/user/assignable/search": assignable,
    f"GET {WATCHERS}": watchers,
    f"POST {WATCHERS}": add_watcher,
    f"DELETE {WATCHERS}": remove_watcher,
}
