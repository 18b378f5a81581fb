"""Tools that read the tasks on pages."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from telamon.plugin import Json, tool
from telamon_confluence import bodies, scopes, shapes
from telamon_confluence.answers import results
from telamon_confluence.arguments import AccountId, Cursor, Day, Limit, PageRef, SpaceRef
from telamon_confluence.client import Confluence


@tool(
    scopes.READ_TASKS,
    scopes.READ_SPACES,
    scopes.READ_USERS,
    access="read",
    group="content",
    title="List Confluence tasks",
    listed=False,
)
async def list_confluence_tasks(
    confluence: Confluence,
    *,
    status: Literal["complete", "incomplete"] | None = None,
    page_id: PageRef | None = None,
    blog_post_id: PageRef | None = None,
    space_id: SpaceRef | None = None,
    assigned_to: AccountId | None = None,
    created_by: AccountId | None = None,
    due_from: Day | None = None,
    due_to: Day | None = None,
    limit: Limit = 25,
    cursor: Cursor | None = None,
) -> shapes.Shape:
    """List the task items on pages: of a page, a space or a person, open or done, by due date."""
    answer = await confluence.api.get(
        "/wiki/api/v2/tasks",
        {
            "body-format": bodies.ADF,
            "status": status,
            "page-id": _one(page_id and confluence.number(page_id)),
            "blogpost-id": _one(blog_post_id and confluence.number(blog_post_id)),
            "space-id": _one(await confluence.space(space_id) if space_id else None),
            "assigned-to": _one(assigned_to),
            "created-by": _one(created_by),
            "due-at-from": _milliseconds(due_from),
            "due-at-to": _milliseconds(due_to, end=True),
            "limit": limit,
            "cursor": cursor,
        },
    )
    items = results(answer)
    names = await confluence.names(who for item in items for who in people_of(item))
    return shapes.page_of("tasks", [task_shape(item, names) for item in items], answer)


def people_of(item: Json) -> list[str | None]:
    """Return the account ids of those whom a task concerns."""
    return [item.get(role) for role in ("assignedTo", "createdBy", "completedBy")]


def task_shape(item: Json, names: Mapping[str, str]) -> shapes.Shape:
    """Return one task."""
    return {
        "id": item.get("id"),
        "status": item.get("status"),
        "body": str(bodies.read(item)).strip() or None,
        "pageId": item.get("pageId"),
        "blogPostId": item.get("blogPostId"),
        "spaceId": item.get("spaceId"),
        "assignedTo": shapes.person(item.get("assignedTo"), names),
        "createdBy": shapes.person(item.get("createdBy"), names),
        "completedBy": shapes.person(item.get("completedBy"), names),
        "createdAt": item.get("createdAt"),
        "dueAt": item.get("dueAt"),
        "completedAt": item.get("completedAt"),
    }


def _one(value: str | None) -> list[str] | None:
    return None if value is None else [value]


def _milliseconds(day: str | None, *, end: bool = False) -> int | None:
    """Return the first or the last moment of a day in UTC, as Confluence counts time."""
    if day is None:
        return None
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return int(start.timestamp() * 1000) + (86_399_999 if end else 0)
