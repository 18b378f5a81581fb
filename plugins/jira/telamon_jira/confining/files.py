"""Whether a file is on an allowed issue: Jira does not tell of a file which issue it is on."""

from datetime import datetime, timedelta
from typing import Any

from telamon.plugin import Api
from telamon_jira.values import members, objects

PAGES = 10
PAGE = 100
"""Of the issues that can have the file, the newest 1,000 are looked at."""
MINUTE = timedelta(minutes=1)
"""JQL's times are no finer; they are in the user's time zone, as those in answers are."""


async def is_inside(api: Api, file: str, about: dict[str, Any], within: str) -> bool:
    """Look for the file among allowed issues that are older, and were changed when it came.

    *about* is what Jira says of the file, *within* the JQL of being inside. A file that is not
    found is outside.
    """
    try:
        came = datetime.fromisoformat(str(about.get("created")))
    except ValueError:
        return False
    query: dict[str, Any] = {
        "jql": (
            f"{within} AND attachments IS NOT EMPTY "
            f'AND created <= "{came + MINUTE:%Y-%m-%d %H:%M}" '
            f'AND updated >= "{came - MINUTE:%Y-%m-%d %H:%M}" ORDER BY created DESC'
        ),
        "fields": ["attachment"],
        "maxResults": PAGE,
    }
    for _ in range(PAGES):
        page = members(await api.read("/rest/api/3/search/jql", query))
        for issue in objects(page.get("issues")):
            files = objects(members(issue.get("fields")).get("attachment"))
            if file in (str(found.get("id")) for found in files):
                return True
        token = page.get("nextPageToken")
        if not token:
            return False
        query = {**query, "nextPageToken": token}
    return False
