"""Find the people whom other tools name by account id."""

from typing import Any

from telamon.plugin import InvalidArgument, tool
from telamon_jira import compact
from telamon_jira.arguments import IssueIdOrKey, Line, ProjectIdOrKey, StartAt, UpTo100
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_USER
from telamon_jira.tools.paging import counted
from telamon_jira.values import filled, objects
from telamon_jira.who import ACCOUNT_ID

FOUND_SHOWN = 50
MORE = f"Only the first {FOUND_SHOWN} are shown: give more of the name, or the e-mail address."
CONSIDERED = 1000
"""Jira cuts its list of people before it leaves out those who cannot be assigned; it looks at no
more than these."""


@tool(READ_USER, access="read", group="people", title="Find Jira users")
async def lookup_jira_account_id(jira: Jira, *, search_string: Line) -> dict[str, Any]:
    """Find people by name, e-mail address or account id; returns account ids, e.g. for JQL."""
    found = await jira.api.get(
        "/rest/api/3/user/search", {**_named(search_string), "maxResults": FOUND_SHOWN}
    )
    shown = [shown_person(user) for user in objects(found)]
    full = len(shown) == FOUND_SHOWN
    return filled(users=shown, note=MORE if full else None) if shown else {"users": []}


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
    """List who can be assigned an issue, or the issues of a project; `query` begins a name.

    Jira considers no more than the first 1000 people that match.
    """
    if bool(project_key) == bool(issue_key):
        raise InvalidArgument("Give either projectKey or issueKey.")
    issue = "issueId" if issue_key and issue_key.isdigit() else "issueKey"
    found = await jira.api.get(
        "/rest/api/3/user/assignable/search",
        {
            "project": project_key,
            issue: issue_key,
            **(_named(query) if query else {}),
            "maxResults": CONSIDERED,
        },
    )
    people = objects(found)
    page = {"startAt": start_at, "total": len(people)}
    shown = people[start_at : start_at + max_results]
    return counted(page, "users", [shown_person(user) for user in shown])


def _named(person: str) -> dict[str, str]:
    return {"accountId" if ACCOUNT_ID.fullmatch(person) else "query": person}


def shown_person(user: dict[str, Any]) -> dict[str, Any]:
    """Return a person with what tells two of the same name apart."""
    return filled(
        **(compact.person(user) or {}),
        email=user.get("emailAddress"),
        timeZone=user.get("timeZone"),
    )
