"""Tools that read page templates."""

from typing import Annotated, Any

from pydantic import Field

from telamon.plugin import Json, tool
from telamon_confluence import scopes, shapes
from telamon_confluence.answers import part, parts, results
from telamon_confluence.arguments import ContentId, SpaceKey
from telamon_confluence.client import Confluence


@tool(
    scopes.READ_SUMMARIES,
    access="read",
    group="content",
    title="List Confluence page templates",
    listed=False,
)
async def list_confluence_templates(
    confluence: Confluence,
    *,
    space_key: SpaceKey | None = None,
    start: Annotated[int, Field(ge=0, le=100_000)] = 0,
    limit: Annotated[int, Field(ge=1, le=100)] = 25,
) -> shapes.Shape:
    """List the page templates of a space, or the site's own without spaceKey."""
    answer = await confluence.api.get(
        "/wiki/rest/api/template/page", {"spaceKey": space_key, "start": start, "limit": limit}
    )
    found = results(answer)
    more = part(answer, "_links").get("next") is not None
    return {
        "templates": [_shape(item) for item in found],
        "nextStart": start + len(found) if more else None,
    }


@tool(
    scopes.READ_SUMMARIES,
    access="read",
    group="content",
    title="Read a Confluence page template",
    listed=False,
)
async def get_confluence_template(confluence: Confluence, *, template_id: ContentId) -> Any:
    """Read a page template with its body in Confluence's storage format (XHTML)."""
    answer = await template(confluence, template_id)
    return {**_shape(answer), "body": storage_of(answer)}


async def template(confluence: Confluence, number: str) -> Json:
    """Read a template with its body."""
    return await confluence.api.get(
        "/wiki/rest/api/template/{contentTemplateId}",
        {"expand": "body.storage"},
        contentTemplateId=number,
    )


def storage_of(answer: Json) -> str:
    """Return a template's body."""
    return str(part(part(answer, "body"), "storage").get("value") or "")


def _shape(item: Json) -> shapes.Shape:
    return {
        "id": item.get("templateId"),
        "name": item.get("name"),
        "description": item.get("description") or None,
        "spaceKey": part(item, "space").get("key"),
        "labels": [label["name"] for label in parts(item, "labels")] or None,
    }
