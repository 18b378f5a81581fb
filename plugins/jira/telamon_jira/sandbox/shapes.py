"""The JSON that Jira makes of its things, with all the avatars, icons and links it adds."""

from typing import Any

from telamon_jira.sandbox.definitions import (
    ISSUE_TYPES,
    LINK_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    SEVERITIES,
    STATUSES,
    Category,
)
from telamon_jira.sandbox.state import (
    Attachment,
    Change,
    Comment,
    Component,
    Issue,
    Link,
    Project,
    RemoteLink,
    Sprint,
    Version,
    Worklog,
)
from telamon_jira.sandbox.view import View

SIZES = ("48x48", "24x24", "16x16", "32x32")


def user(view: View, account_id: str) -> dict[str, Any]:
    """Return a person."""
    found = view.state.users[account_id]
    picture = f"https://avatars.example.com/initials/{found.account_id}.png"
    shaped: dict[str, Any] = {
        "self": view.rest(f"user?accountId={found.account_id}"),
        "accountId": found.account_id,
        "avatarUrls": dict.fromkeys(SIZES, picture),
        "displayName": found.name,
        "active": True,
        "timeZone": found.time_zone,
        "accountType": found.account_type,
    }
    return shaped | ({"emailAddress": found.email} if found.email else {})


def _icon(view: View, path: str) -> str:
    return f"{view.state.site.url}/images/icons/{path}.svg"


def category(view: View, found: Category) -> dict[str, Any]:
    """Return a status category."""
    return {
        "self": view.rest(f"statuscategory/{found.id}"),
        "id": found.id,
        "key": found.key,
        "colorName": found.color,
        "name": found.name,
    }


def status(view: View, identifier: str) -> dict[str, Any]:
    """Return a status with its category."""
    found = STATUSES[identifier]
    return {
        "self": view.rest(f"status/{found.id}"),
        "description": "",
        "iconUrl": f"{view.state.site.url}/",
        "name": found.name,
        "id": found.id,
        "statusCategory": category(view, found.category),
    }


def issue_type(view: View, identifier: str) -> dict[str, Any]:
    """Return an issue type."""
    found = ISSUE_TYPES[identifier]
    return {
        "self": view.rest(f"issuetype/{found.id}"),
        "id": found.id,
        "description": found.description,
        "iconUrl": _icon(view, f"issuetypes/{found.name.lower()}"),
        "name": found.name,
        "subtask": found.level < 0,
        "avatarId": 10300 + found.level,
        "hierarchyLevel": found.level,
    }


def priority(view: View, identifier: str) -> dict[str, Any]:
    """Return a priority."""
    return {
        "self": view.rest(f"priority/{identifier}"),
        "iconUrl": _icon(view, f"priorities/{PRIORITIES[identifier].lower()}"),
        "name": PRIORITIES[identifier],
        "id": identifier,
    }


def resolution(view: View, identifier: str) -> dict[str, Any]:
    """Return a resolution."""
    return {
        "self": view.rest(f"resolution/{identifier}"),
        "id": identifier,
        "description": "",
        "name": RESOLUTIONS[identifier],
    }


def option(view: View, identifier: str) -> dict[str, Any]:
    """Return an option of the select list."""
    return {
        "self": view.rest(f"customFieldOption/{identifier}"),
        "value": SEVERITIES[identifier],
        "id": identifier,
    }


def project(view: View, found: Project) -> dict[str, Any]:
    """Return a project as an issue shows it."""
    picture = f"{view.state.site.url}/avatar/project/{found.id}"
    return {
        "self": view.rest(f"project/{found.id}"),
        "id": found.id,
        "key": found.key,
        "name": found.name,
        "projectTypeKey": "software",
        "simplified": not found.strict,
        "avatarUrls": dict.fromkeys(SIZES, picture),
    }


def version(view: View, owner: Project, found: Version) -> dict[str, Any]:
    """Return a version of a project."""
    shaped: dict[str, Any] = {
        "self": view.rest(f"version/{found.id}"),
        "id": found.id,
        "description": found.description,
        "name": found.name,
        "archived": found.archived,
        "released": found.released,
        "projectId": int(owner.id),
    }
    dates = {"startDate": found.start_date, "releaseDate": found.release_date}
    return shaped | {name: value for name, value in dates.items() if value}


def component(view: View, owner: Project, found: Component) -> dict[str, Any]:
    """Return a component of a project."""
    shaped: dict[str, Any] = {
        "self": view.rest(f"component/{found.id}"),
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "assigneeType": "PROJECT_DEFAULT",
        "isAssigneeTypeValid": True,
        "project": owner.key,
        "projectId": int(owner.id),
    }
    return shaped | ({"lead": user(view, found.lead)} if found.lead else {})


def neighbour(view: View, issue: Issue) -> dict[str, Any]:
    """Return an issue as others show it: parent, subtask, linked issue."""
    return {
        "id": str(issue.id),
        "key": issue.key,
        "self": view.rest(f"issue/{issue.id}"),
        "fields": {
            "summary": issue.values["summary"],
            "status": status(view, issue.values["status"]),
            "priority": priority(view, issue.values["priority"]),
            "issuetype": issue_type(view, issue.values["issuetype"]),
        },
    }


def link_type(view: View, identifier: str) -> dict[str, Any]:
    """Return a link type."""
    found = LINK_TYPES[identifier]
    return {
        "id": found.id,
        "name": found.name,
        "inward": found.inward,
        "outward": found.outward,
        "self": view.rest(f"issueLinkType/{found.id}"),
    }


def link(view: View, found: Link, seen_from: Issue) -> dict[str, Any]:
    """Return a link as the issue *seen_from* shows it."""
    outward = found.source == seen_from.id
    other = view.state.issues[found.target if outward else found.source]
    return {
        "id": str(found.id),
        "self": view.rest(f"issueLink/{found.id}"),
        "type": link_type(view, found.type),
        "outwardIssue" if outward else "inwardIssue": neighbour(view, other),
    }


def duration(value: int) -> str:
    """Return a duration in Jira's notation, a day being eight hours and a week five days."""
    parts: list[str] = []
    for unit, size in (("w", 144_000), ("d", 28_800), ("h", 3_600), ("m", 60)):
        count, value = divmod(value, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0m"


def comment(view: View, issue: Issue, found: Comment) -> dict[str, Any]:
    """Return a comment."""
    shaped: dict[str, Any] = {
        "self": view.rest(f"issue/{issue.id}/comment/{found.id}"),
        "id": str(found.id),
        "author": user(view, found.author),
        "body": found.body,
        "updateAuthor": user(view, found.author),
        "created": view.moment(found.created),
        "updated": view.moment(found.updated),
        "jsdPublic": True,
    }
    return shaped | ({"visibility": found.visibility} if found.visibility else {})


def worklog(view: View, issue: Issue, found: Worklog) -> dict[str, Any]:
    """Return a work log."""
    shaped: dict[str, Any] = {
        "self": view.rest(f"issue/{issue.id}/worklog/{found.id}"),
        "author": user(view, found.author),
        "updateAuthor": user(view, found.author),
        "created": view.moment(found.created),
        "updated": view.moment(found.updated),
        "started": view.moment(found.started),
        "timeSpent": duration(found.seconds),
        "timeSpentSeconds": found.seconds,
        "id": str(found.id),
        "issueId": str(issue.id),
    }
    shaped |= {"comment": found.comment} if found.comment else {}
    return shaped | ({"visibility": found.visibility} if found.visibility else {})


def attachment(view: View, found: Attachment) -> dict[str, Any]:
    """Return what a file is; ``content`` is a gateway address that needs the same token."""
    return {
        "self": view.rest(f"attachment/{found.id}"),
        "id": str(found.id),
        "filename": found.filename,
        "author": user(view, found.author),
        "created": view.moment(found.created),
        "size": len(found.content),
        "mimeType": found.media_type,
        "content": view.rest(f"attachment/content/{found.id}"),
    }


def remote_link(view: View, issue: Issue, found: RemoteLink) -> dict[str, Any]:
    """Return a link to something outside."""
    shaped: dict[str, Any] = {
        "id": found.id,
        "self": view.rest(f"issue/{issue.key}/remotelink/{found.id}"),
        "object": {"icon": {}, "status": {"icon": {}}, **found.target},
        "application": found.application or {},
    }
    more = {"globalId": found.global_id, "relationship": found.relationship}
    return shaped | {name: value for name, value in more.items() if value}


def change(view: View, found: Change) -> dict[str, Any]:
    """Return an entry of an issue's history."""
    return {
        "id": str(found.id),
        "author": user(view, found.author),
        "created": view.moment(found.created),
        "items": found.items,
    }


def sprint(view: View, found: Sprint, *, in_issue: bool = False) -> dict[str, Any]:
    """Return a sprint, as the agile API or as an issue's sprint field shows it."""
    shaped: dict[str, Any] = {"id": found.id, "name": found.name, "state": found.state}
    if in_issue:
        shaped["boardId"] = found.board
    else:
        shaped["self"] = view.rest(f"sprint/{found.id}").replace("api/3", "agile/1.0")
        shaped["originBoardId"] = found.board
        shaped["createdDate"] = view.instant((found.start or view.now) - 86_400)
    dates = {
        "startDate": view.instant(found.start),
        "endDate": view.instant(found.end),
        "completeDate": view.instant(found.completed),
    }
    return shaped | {"goal": found.goal} | {name: at for name, at in dates.items() if at}
