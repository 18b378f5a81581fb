"""Find the people whom other tools name by account id."""

from typing import Any

from telamon.plugin import InvalidArgument, tool
from telamon_jira import compact
from telamon_jira.arguments import IssueIdOrKey, Line, ProjectIdOrKey, StartAt, UpTo100
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_USER
from telamon_jira.values import filled, objects
from telamon_jira.who import ACCOUNT_ID

FOUND_SHOWN = 50


@tool(READ_USER, access="read", group="people", title="Find Jira users")
async def lookup_jira_account_id(jira: Jira, *, search_string: Line) -> dict[str, Any]:
    """Find people by name, e-mail address or account id; returns account ids, e.g. for JQL."""
    found = await jira.api.get(
        "/rest/api/3/user/search", {**_named(search_string), "maxResults": FOUND_SHOWN}
    )
    return {"users": [shown_person(user) for user in objects(found)]}


@tool(READ_USER, access="read", group="people", title="Find assignable Jira users", listed=False)
async def find_assignable_users(
    jira: Jira,
    *,
    project_key: ProjectIdOrKey | None = None,
    issue_key: IssueIdOrKey | None = None,
    query: Line | None = None,
    start_at: StartAt = 0,
    max_results: UpTo100 = 50,
) -> dict[str, Any]:
    """Find people to whom an issue, or the issues of a project, can be assigned."""
    if bool(project_key) == bool(issue_key):
        raise InvalidArgument("Give either projectKey or issueKey.")
    issue = "issueId" if issue_key and issue_key.isdigit() else "issueKey"
    found = await jira.api.get(
        "/rest/api/3/user/assignable/search",
        {
            "project": project_key,
            issue: issue_key,
            **(_named(query) if query else {}),
            "startAt": start_at,
            "maxResults": max_results,
        },
    )
    shown = [shown_person(user) for user in objects(found)]
    # Jira filters after it has cut the page: a short page need not be the last, an empty one is
    return {"users": shown, "startAt": start_at, "isLast": not shown}


def _named(person: str) -> dict[str, str]:
    return {"accountId" if ACCOUNT_ID.fullmatch(person) else "query": person}


def shown_person(user: dict[str, Any]) -> dict[str, Any]:
    """Return a person with what tells two of the same name apart."""
    return filled(
        **(compact.person(user) or {}),
        email=user.get("emailAddress"),
        timeZone=user.get("timeZone"),
    )
