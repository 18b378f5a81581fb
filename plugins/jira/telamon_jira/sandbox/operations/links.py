"""Links between issues, and to things outside Jira."""

from typing import Any

from telamon.plugin import SandboxResponse
from telamon_jira.sandbox import discussion, shapes
from telamon_jira.sandbox.definitions import LINK_TYPES
from telamon_jira.sandbox.operations.routing import Routes, created, nothing, ok, whole_number
from telamon_jira.sandbox.problems import Refused
from telamon_jira.sandbox.state import Issue, Link, RemoteLink
from telamon_jira.sandbox.view import View
from telamon_jira.values import members, picked


def types(view: View) -> SandboxResponse:
    """GET the types of links."""
    return ok({"issueLinkTypes": [shapes.link_type(view, kind) for kind in LINK_TYPES]})


def create(view: View) -> SandboxResponse:
    """POST a link: from the inward issue, which shows the outward phrase, to the outward one."""
    body = view.body()
    named = members(body.get("type"))
    kind = next(
        (k for k in LINK_TYPES.values() if named.get("id") == k.id or named.get("name") == k.name),
        None,
    )
    if kind is None:
        raise Refused(404, f"No issue link type with name '{named.get('name')}' found.")
    source = _end(view, body.get("inwardIssue"))
    target = _end(view, body.get("outwardIssue"))
    view.require_edit(view.project_of(target))
    if source.id == target.id:
        raise Refused(400, "You cannot link an issue to itself.")
    pair = (kind.id, source.id, target.id)
    if pair not in ((link.type, link.source, link.target) for link in view.state.links.values()):
        link = Link(id=view.state.new_id(), type=kind.id, source=source.id, target=target.id)
        view.state.links[link.id] = link
    comment = members(body.get("comment"))
    if comment:
        discussion.add_comment(view, target, comment.get("body"))
    return SandboxResponse(status=201)


def _end(view: View, value: Any) -> Issue:
    found = members(value)
    return view.issue(str(found.get("key") or found.get("id") or ""))


def _link(view: View, identifier: str) -> Link:
    link = view.state.links.get(int(identifier)) if identifier.isdigit() else None
    if link is None:
        raise Refused(404, f"No issue link with id '{identifier}' exists.")
    view.issue(str(link.source))
    view.issue(str(link.target))
    return link


def get(view: View, link_id: str) -> SandboxResponse:
    """GET a link with both of its ends."""
    link = _link(view, link_id)
    return ok(
        {
            "id": str(link.id),
            "self": view.rest(f"issueLink/{link.id}"),
            "type": shapes.link_type(view, link.type),
            "inwardIssue": shapes.neighbour(view, view.state.issues[link.source]),
            "outwardIssue": shapes.neighbour(view, view.state.issues[link.target]),
        }
    )


def delete(view: View, link_id: str) -> SandboxResponse:
    """DELETE a link."""
    link = _link(view, link_id)
    view.require_edit(view.project_of(view.state.issues[link.source]))
    del view.state.links[link.id]
    return nothing()


def remote_links(view: View, issue_id_or_key: str) -> SandboxResponse:
    """GET the remote links, or the one with ``globalId``."""
    issue = view.issue(issue_id_or_key)
    wanted = view.query("globalId")
    if wanted is None:
        return ok([shapes.remote_link(view, issue, found) for found in issue.remote_links])
    for found in issue.remote_links:
        if found.global_id == wanted:
            return ok(shapes.remote_link(view, issue, found))
    raise Refused(404, f"No remote link with the global id '{wanted}' exists.")


def create_remote(view: View, issue_id_or_key: str) -> SandboxResponse:
    """POST a remote link; one with the same ``globalId`` is replaced."""
    issue = view.editable(issue_id_or_key)
    body = view.body()
    target = members(body.get("object"))
    problems = {name: f"'{name}' is required." for name in ("title", "url") if not target.get(name)}
    if problems:
        raise Refused(400, fields=problems)
    global_id = body.get("globalId")
    existing = next((r for r in issue.remote_links if global_id and r.global_id == global_id), None)
    made = RemoteLink(
        id=existing.id if existing else view.state.new_id(),
        target=target,
        global_id=global_id,
        relationship=body.get("relationship"),
        application=picked(body.get("application"), "name", "type") or None,
    )
    if existing:
        issue.remote_links[issue.remote_links.index(existing)] = made
    else:
        issue.remote_links.append(made)
    answer = {"id": made.id, "self": view.rest(f"issue/{issue.key}/remotelink/{made.id}")}
    return ok(answer) if existing else created(answer)


def delete_remote(view: View, issue_id_or_key: str, link_id: str) -> SandboxResponse:
    """DELETE a remote link."""
    issue = view.editable(issue_id_or_key)
    number = whole_number(link_id, "linkId")
    for found in issue.remote_links:
        if found.id == number:
            issue.remote_links.remove(found)
            return nothing()
    raise Refused(404, f"No remote link with the id '{link_id}' exists.")


REMOTE = "/rest/api/3/issue/{issueIdOrKey}/remotelink"
ROUTES: Routes = {
    "GET /rest/api/3/issueLinkType": types,
    "POST /rest/api/3/issueLink": create,
    "GET /rest/api/3/issueLink/{linkId}": get,
    "DELETE /rest/api/3/issueLink/{linkId}": delete,
    f"GET {REMOTE}": remote_links,
    f"POST {REMOTE}": create_remote,
    f"DELETE {REMOTE}/{{linkId}}": delete_remote,
}
