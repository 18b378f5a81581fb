"""Find the people whom other tools name by account id."""

from typing import Any

from telamon.plugin import tool
from telamon_jira import compact
from telamon_jira.arguments import Line
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_USER
from telamon_jira.values import filled, objects

FOUND_SHOWN = 50


@tool(READ_USER, access="read", group="people", title="Find Jira users")
async def lookup_jira_account_id(jira: Jira, *, search_string: Line) -> dict[str, Any]:
    """Find people by name or e-mail address; returns account ids for assignee and JQL."""
    found = await jira.api.get(
        "/rest/api/3/user/search", {"query": search_string, "maxResults": FOUND_SHOWN}
    )
    return {"users": [shown_person(user) for user in objects(found)]}


def shown_person(user: dict[str, Any]) -> dict[str, Any]:
    """Return a person with what tells two of the same name apart."""
    return filled(
        **(compact.person(user) or {}),
        email=user.get("emailAddress"),
        timeZone=user.get("timeZone"),
    )
