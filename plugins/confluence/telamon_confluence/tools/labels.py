"""Tools that read labels."""

from telamon.plugin import tool
from telamon_confluence import scopes, shapes
from telamon_confluence.answers import results
from telamon_confluence.arguments import Cursor, Limit, PageRef
from telamon_confluence.client import Confluence


@tool(
    scopes.READ_PAGES,
    access="read",
    group="content",
    title="List the labels of a Confluence page",
)
async def list_confluence_content_labels(
    confluence: Confluence, *, page_id: PageRef, limit: Limit = 100, cursor: Cursor | None = None
) -> shapes.Shape:
    """List the labels of a page or blog post."""
    _, answer = await confluence.under(
        "page",
        confluence.number(page_id),
        "/labels",
        {"limit": limit, "cursor": cursor},
    )
    labels = [{"name": item.get("name"), "prefix": item.get("prefix")} for item in results(answer)]
    return shapes.page_of("labels", labels, answer)
