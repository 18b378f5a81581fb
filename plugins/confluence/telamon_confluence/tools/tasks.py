"""Tools that read the tasks on pages."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from telamon.plugin import Call, Json, tool
from telamon_confluence import bodies, parts, scopes, shapes, who
from telamon_confluence.addresses import web_link
from telamon_confluence.answers import results
from telamon_confluence.arguments import (
    BodyFormat,
    Cursor,
    Day,
    Limit,
    PageRef,
    Person,
    SpaceRef,
)
from telamon_confluence.client import Confluence


@tool(
    scopes.READ_TASKS,
    scopes.READ_SPACES,
    scopes.READ_USERS,
    scopes.READ_PEOPLE,
    access="read",
    group="content",
    title="List Confluence tasks",
    listed=False,
)
async def list_confluence_tasks(
    confluence: Confluence,
    call: Call,
    *,
    status: Literal["complete", "incomplete"] | None = None,
    page_id: PageRef | None = None,
    blog_post_id: PageRef | None = None,
    space_id: SpaceRef | None = None,
    assigned_to: Person | None = None,
    created_by: Person | None = None,
    due_from: Day | None = None,
    due_to: Day | None = None,
    content_format: BodyFormat | None = None,
    limit: Limit = 25,
    cursor: Cursor | None = None,
) -> shapes.Shape:
    """List the task items on pages: of a page, a space or a person, open or done, by due date."""
    meant = await who.accounts(
        confluence, call, [person for person in (assigned_to, created_by) if person]
    )
    answer = await confluence.api.get(
        "/wiki/api/v2/tasks",
        {
            "body-format": bodies.requested(content_format),
            "status": status,
            "page-id": _one(page_id and confluence.number(page_id)),
            "blogpost-id": _one(blog_post_id and confluence.number(blog_post_id)),
            "space-id": _one(await confluence.space(space_id) if space_id else None),
            "assigned-to": _one(assigned_to and meant[assigned_to]),
            "created-by": _one(created_by and meant[created_by]),
            "due-at-from": _milliseconds(due_from),
            "due-at-to": _milliseconds(due_to, end=True),
            "limit": limit,
            "cursor": cursor,
        },
    )
    items = results(answer)
    names = await confluence.names(who for item in items for who in people_of(item))
    read, note = await parts.of_many(items, content_format)
    shown = [
        task_shape(confluence, item, names, body) for item, body in zip(items, read, strict=True)
    ]
    return shapes.page_of("tasks", shown, answer, note=note)


def people_of(item: Json) -> list[str | None]:
    """Return the account ids of those whom a task concerns."""
    return [item.get(role) for role in ("assignedTo", "createdBy", "completedBy")]


def task_shape(
    confluence: Confluence, item: Json, names: Mapping[str, str], body: object = None
) -> shapes.Shape:
    """Return one task; Confluence gives it no address, so it opens with its page."""
    on = item.get("pageId") or item.get("blogPostId")
    return {
        "id": item.get("id"),
        "status": item.get("status"),
        "body": (body.strip() if isinstance(body, str) else body) or None,
        "pageId": item.get("pageId"),
        "blogPostId": item.get("blogPostId"),
        "spaceId": item.get("spaceId"),
        "assignedTo": shapes.person(item.get("assignedTo"), names),
        "createdBy": shapes.person(item.get("createdBy"), names),
        "completedBy": shapes.person(item.get("completedBy"), names),
        "createdAt": item.get("createdAt"),
        "dueAt": item.get("dueAt"),
        "completedAt": item.get("completedAt"),
        "url": web_link(confluence.api.site, f"/pages/viewpage.action?pageId={on}") if on else None,
    }


def _one(value: str | None) -> list[str] | None:
    return None if value is None else [value]


def _milliseconds(day: str | None, *, end: bool = False) -> int | None:
    """Return the first or the last moment of a day in UTC, as Confluence counts time."""
    if day is None:
        return None
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return int(start.timestamp() * 1000) + (86_399_999 if end else 0)
