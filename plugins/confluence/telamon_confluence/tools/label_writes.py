"""Tools that change labels and tasks."""

from typing import Annotated, Literal

from pydantic import Field

from telamon.plugin import tool
from telamon_confluence import bodies, scopes, shapes
from telamon_confluence.answers import results
from telamon_confluence.arguments import ContentId, PageRef, Split
from telamon_confluence.client import Confluence
from telamon_confluence.tools.tasks import people_of, task_shape

Label = Annotated[str, Field(pattern=r"^[^\s:;,.?&\[\]()#^*!@]{1,255}$")]
"""Confluence refuses labels with spaces and these signs."""


@tool(
    scopes.CHANGE_CONTENT,
    access="write",
    group="content",
    title="Add labels to a Confluence page",
    idempotent=True,
)
async def add_confluence_labels(
    confluence: Confluence,
    *,
    page_id: PageRef,
    labels: Annotated[list[Label], Field(min_length=1, max_length=20), Split],
) -> shapes.Shape:
    """Add labels to a page or blog post; those it has stay."""
    number = confluence.number(page_id)
    answer = await confluence.api.post(
        "/wiki/rest/api/content/{id}/label",
        [{"prefix": "global", "name": label} for label in labels],
        id=number,
    )
    return {"id": number, "labels": [label.get("name") for label in results(answer)]}


@tool(
    scopes.CHANGE_CONTENT,
    access="write",
    group="content",
    title="Remove a label from a Confluence page",
    destructive=True,
    idempotent=True,
)
async def remove_confluence_label(
    confluence: Confluence, *, page_id: PageRef, label: Label
) -> shapes.Shape:
    """Remove one label from a page or blog post."""
    number = confluence.number(page_id)
    await confluence.api.delete("/wiki/rest/api/content/{id}/label", {"name": label}, id=number)
    return {"id": number, "removed": label}


@tool(
    scopes.WRITE_TASKS,
    scopes.READ_USERS,
    access="write",
    group="content",
    title="Tick or untick a Confluence task",
    idempotent=True,
    listed=False,
)
async def update_confluence_task(
    confluence: Confluence, *, task_id: ContentId, status: Literal["complete", "incomplete"]
) -> shapes.Shape:
    """Mark a task of listConfluenceTasks as done, or as open again."""
    task = await confluence.api.put(
        "/wiki/api/v2/tasks/{id}", {"status": status}, {"body-format": bodies.ADF}, id=task_id
    )
    names = await confluence.names(people_of(task))
    return task_shape(confluence, task, names, await bodies.read(task))
