"""Tools whose work Confluence goes on with after it answered: copying trees, archiving pages."""

import asyncio
import contextlib
from typing import Annotated, Any

from pydantic import Field

from telamon.plugin import Call, InvalidArgument, Json, Rejected, ToolError, tool
from telamon_confluence import long_work, scopes, shapes
from telamon_confluence.addresses import web_link
from telamon_confluence.answers import next_cursor, results, webui
from telamon_confluence.arguments import PageRef, Split, Title
from telamon_confluence.client import Confluence

_PAGE = "/wiki/api/v2/pages/{id}"


@tool(
    scopes.READ_PAGES,
    scopes.CHANGE_CONTENT,
    scopes.READ_PROGRESS,
    access="write",
    group="content",
    title="Archive Confluence pages",
    idempotent=False,
    listed=False,
)
async def archive_confluence_pages(
    confluence: Confluence,
    call: Call,
    *,
    page_ids: Annotated[list[PageRef], Field(min_length=1, max_length=100), Split],
) -> shapes.Shape:
    """Archive pages: they leave the page tree and the search, and can be brought back.

    The answer says of each page whether it is archived by now.
    """
    numbers = list(dict.fromkeys(confluence.number(page) for page in page_ids))
    started = await confluence.api.post(
        "/wiki/rest/api/content/archive", {"pages": [{"id": int(number)} for number in numbers]}
    )
    failure: Rejected | None = None
    done: shapes.Shape = {"finished": True}
    try:
        done = await long_work.follow(confluence, call, started)
    except Rejected as error:
        failure = error
    pages = await _standing(confluence, numbers)
    if failure is not None and not any(page["archived"] for page in pages):
        raise failure
    names = ("taskId", "finished", "percentageComplete", "messages", "note")
    return {
        **{name: done.get(name) for name in names},
        "problem": None if failure is None else str(failure),
        "pages": pages,
    }


async def _standing(confluence: Confluence, numbers: list[str]) -> list[shapes.Shape]:
    """Return how each page stands now, in the order in which they were named."""
    answer = await confluence.api.get(
        "/wiki/api/v2/pages",
        {"id": numbers, "status": ["current", "archived"], "limit": len(numbers)},
    )
    there = {str(page.get("id")): page for page in results(answer)}
    return [
        {
            "id": number,
            "title": there.get(number, {}).get("title"),
            "archived": there.get(number, {}).get("status") == "archived",
        }
        for number in numbers
    ]


@tool(
    scopes.READ_PAGES,
    scopes.CHANGE_CONTENT,
    scopes.READ_PROGRESS,
    scopes.READ_TREE,
    access="write",
    group="content",
    title="Copy a Confluence page",
    listed=False,
)
async def copy_confluence_page(
    confluence: Confluence,
    call: Call,
    *,
    page_id: PageRef,
    parent_id: PageRef,
    title: Title | None = None,
    with_descendants: bool = False,
    title_prefix: Annotated[str, Field(min_length=1, max_length=100)] | None = None,
) -> shapes.Shape:
    """Copy a page with its files and labels below another page, or a whole tree of pages.

    Titles are unique in a space: pass title for one page, titlePrefix for a tree.
    """
    number, parent = confluence.number(page_id), confluence.number(parent_id)
    copied = {
        "copyAttachments": True,
        "copyLabels": True,
        "copyProperties": True,
        "copyPermissions": False,
        "copyCustomContents": False,
    }
    if with_descendants:
        if title is not None:
            raise InvalidArgument("The pages of a tree keep their titles; pass titlePrefix.")
        body: dict[str, Any] = {**copied, "copyDescendants": True, "destinationPageId": parent}
        if title_prefix:
            body["titleOptions"] = {"prefix": title_prefix}
        started = await confluence.api.post(
            "/wiki/rest/api/content/{id}/pagehierarchy/copy", body, id=number
        )
        done = await long_work.follow(confluence, call, started)
        return await _copied(confluence, done, parent) if done["finished"] else done
    if title is None:
        raise InvalidArgument("A copy of one page needs a title of its own; pass title.")
    made = await confluence.api.post(
        "/wiki/rest/api/content/{id}/copy",
        {
            **copied,
            "destination": {"type": "parent_page", "value": parent},
            "pageTitle": title,
        },
        id=number,
    )
    return {
        "id": made.get("id"),
        "title": made.get("title"),
        "url": web_link(confluence.api.site, webui(made)),
    }


async def _copied(confluence: Confluence, done: shapes.Shape, parent: str) -> shapes.Shape:
    """Return what the finished long task made: the top of the tree, and the pages below it."""
    number, total = done.pop("destinationId", None), done.pop("total", None)
    top: Json = {}
    below: Json = {}
    if number is not None:
        with contextlib.suppress(ToolError):  # the tree is copied all the same
            top, below = await asyncio.gather(
                confluence.api.get(_PAGE, id=number),
                confluence.api.get(f"{_PAGE}/descendants", {"limit": 250, "depth": 10}, id=number),
            )
    if top.get("parentId") != parent:
        note = f"The copy is below {parent}: getConfluencePageDescendants lists it."
        return {**done, "note": note}
    pages = [
        {"id": each.get("id"), "title": each.get("title")}
        for each in results(below)
        if each.get("type") == "page"
    ]
    left_out = next_cursor(below) is not None
    missing = None
    if str(total).isdecimal() and not left_out and int(str(total)) > len(pages) + 1:
        missing = (
            f"{len(pages) + 1} of {total} pages are there so far; those that this user may not "
            "see, and new ones for a moment, are not listed."
        )
    return {
        **done,
        "id": top.get("id"),
        "title": top.get("title"),
        "url": confluence.link(top),
        "pagesBelow": pages,
        "note": "There are more: getConfluencePageDescendants lists all." if left_out else missing,
    }
