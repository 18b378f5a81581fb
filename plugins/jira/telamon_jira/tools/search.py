"""Find issues by JQL, and count them."""

import asyncio
from typing import Any

from telamon.plugin import Json, tool
from telamon_jira import compact, issue_view
from telamon_jira.arguments import Fields, Jql, PageToken, UpTo100
from telamon_jira.client import Jira
from telamon_jira.converting import converted
from telamon_jira.scopes import READ_WORK
from telamon_jira.tools.refused_jql import explained
from telamon_jira.values import filled, members, objects
from telamon_jira.wanted import Wanted

DEFAULT_FIELDS: Fields = list(issue_view.OVERVIEW)


@tool(READ_WORK, access="read", group="issues", title="Search Jira issues with JQL")
async def search_jira_issues_using_jql(
    jira: Jira,
    *,
    jql: Jql,
    max_results: UpTo100 = 50,
    fields: Fields = DEFAULT_FIELDS,
    next_page_token: PageToken | None = None,
    count: bool = False,
) -> dict[str, Any]:
    """Find issues with JQL, which must restrict something (`project = DEMO ORDER BY created DESC`).

    More pages: pass `nextPageToken` until `isLast`. `count` adds how many match, roughly. For
    plain words use search.
    """
    wanted = Wanted.by(fields)
    query = filled(
        jql=jql,
        maxResults=max_results,
        fields=wanted.asked,
        nextPageToken=next_page_token,
        expand="names" if wanted.needs_names else None,
    )
    with explained():
        found, total = await asyncio.gather(
            jira.api.read("/rest/api/3/search/jql", query),
            _count(jira, jql) if count else _nothing(),
        )
    return await issue_page(jira, found, wanted, total)


@tool(READ_WORK, access="read", group="issues", title="Count Jira issues", listed=False)
async def count_jira_issues(jira: Jira, *, jql: Jql) -> dict[str, Any]:
    """Count the issues that a JQL query matches, roughly, without reading them."""
    with explained():
        return {"approximateCount": await _count(jira, jql)}


async def issue_page(
    jira: Jira, raw: Json, wanted: Wanted, total: int | None = None
) -> dict[str, Any]:
    """Return one page of issues, saying whether and how there is more."""
    page = members(raw)
    issues = objects(page.get("issues"))
    names = members(page.get("names"))
    shown = await converted(lambda: _shown(jira, issues, wanted, names), issues)
    token = page.get("nextPageToken")
    held = {name for issue in shown for name in members(issue.get("fields"))}
    return {
        "issues": shown,
        "isLast": bool(page.get("isLast", token is None)),
        **filled(
            nextPageToken=token,
            approximateCount=total,
            names=issue_view.custom_names(names, dict.fromkeys(held)),
            fieldsNotFound=wanted.missing(names if issues and "names" in page else None),
        ),
    }


def _shown(
    jira: Jira, issues: list[dict[str, Any]], wanted: Wanted, names: dict[str, Any]
) -> list[dict[str, Any]]:
    found = [issue_view.show(jira, issue, wanted, names) for issue in issues]
    return [compact.shortened(issue, len(found)) for issue in found]


async def _count(jira: Jira, jql: str) -> int | None:
    answer = await jira.api.read("/rest/api/3/search/approximate-count", {"jql": jql})
    return members(answer).get("count")


async def _nothing() -> None:
    return None
