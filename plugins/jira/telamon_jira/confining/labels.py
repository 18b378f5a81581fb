"""The labels inside the allowed projects: Jira lists those of the whole site alone."""

from typing import Any

from telamon.plugin import Api
from telamon_jira.values import items, members, objects

PAGES = 10
PAGE = 100
"""Of the issues that have labels, the 1,000 that were changed last are looked at."""


async def in_use(api: Api, within: str) -> set[str]:
    """Return the labels of issues that the condition *within* matches."""
    query: dict[str, Any] = {
        "jql": f"{within} AND labels IS NOT EMPTY ORDER BY updated DESC",
        "fields": ["labels"],
        "maxResults": PAGE,
    }
    found: set[str] = set()
    for _ in range(PAGES):
        page = members(await api.read("/rest/api/3/search/jql", query))
        for issue in objects(page.get("issues")):
            found |= {str(label) for label in items(members(issue.get("fields")).get("labels"))}
        token = page.get("nextPageToken")
        if not token:
            break
        query = {**query, "nextPageToken": token}
    return found
