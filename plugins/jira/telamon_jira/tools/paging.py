"""Lists that Jira counts: what a page of one shows, and where the next page begins."""

from collections.abc import Callable, Mapping
from typing import Any

from telamon_jira import compact
from telamon_jira.client import Jira
from telamon_jira.converting import converted
from telamon_jira.values import filled, members, objects


async def listed(
    jira: Jira,
    path: str,
    query: Mapping[str, Any],
    name: str,
    shape: Callable[[dict[str, Any]], Any],
    *,
    within: str = "values",
    **segments: str,
) -> dict[str, Any]:
    """GET one page of a list, and return it under *name* with each thing in its *shape*.

    Long texts are cut, so that all of the page stays readable.
    """
    page = members(await jira.api.get(path, query, **segments))
    found = objects(page.get(within))
    shown = await converted(
        lambda: [compact.shortened(shape(one), len(found)) for one in found], found
    )
    return counted(page, name, shown)


def counted(page: dict[str, Any], name: str, shown: list[Any]) -> dict[str, Any]:
    """Return a page of a list: where it starts, how long the list is, and how it goes on.

    The next page begins after what Jira counted, which is more than *shown* where some of it is
    kept from this connection.
    """
    start = int(page.get("startAt") or 0)
    total = page.get("total")
    over = page.get("isLast")
    if over is None:
        over = total is None or start + len(shown) >= int(total)
    following = None if over else start + int(page.get("maxResults") or len(shown))
    return {
        name: shown,
        "startAt": start,
        **filled(total=total, nextStartAt=following),
        "isLast": bool(over),
    }
