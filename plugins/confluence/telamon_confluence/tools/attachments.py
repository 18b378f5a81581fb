"""Tools that read attached files."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from telamon.plugin import Blocks, Download, Json, NotFound, TooLarge, tool
from telamon_confluence import files, scopes, shapes
from telamon_confluence.answers import author, results
from telamon_confluence.arguments import AttachmentId, Cursor, Limit, PageRef
from telamon_confluence.client import Confluence


@tool(
    scopes.READ_ATTACHMENTS,
    scopes.READ_USERS,
    access="read",
    group="content",
    title="List the files attached to a Confluence page",
    listed=False,
)
async def list_confluence_attachments(
    confluence: Confluence,
    *,
    page_id: PageRef,
    filename: str | None = None,
    media_type: str | None = None,
    sort: Literal["created-date", "-created-date", "modified-date", "-modified-date"] | None = None,
    limit: Limit = 25,
    cursor: Cursor | None = None,
) -> shapes.Shape:
    """List the files attached to a page or blog post; downloadConfluenceAttachment reads one."""
    _, answer = await confluence.under(
        "page",
        confluence.number(page_id),
        "/attachments",
        {
            "filename": filename,
            "mediaType": media_type,
            "sort": sort,
            "limit": limit,
            "cursor": cursor,
        },
    )
    items = results(answer)
    names = await confluence.names(author(item) for item in items)
    shown = [attachment_shape(confluence, item, names) for item in items]
    return shapes.page_of("attachments", shown, answer)


@tool(
    scopes.READ_ATTACHMENTS,
    scopes.DOWNLOAD_ATTACHMENTS,
    access="read",
    group="content",
    title="Download a file from Confluence",
    listed=False,
)
async def download_confluence_attachment(
    confluence: Confluence, *, attachment_id: AttachmentId
) -> Blocks:
    """Read an attached file: an image to look at, text to read, anything else as it is."""
    file, item = await attached(confluence, attachment_id)
    name = files.clean_name(str(item.get("title") or ""))
    return files.blocks(file, name, media_type(item), attachment_uri(confluence, item))


async def attached(confluence: Confluence, attachment_id: str) -> tuple[Download, Json]:
    """Read an attached file and what Confluence knows of it; its size is checked first.

    Raises:
        TooLarge: It is over the operator's cap.
    """
    number = f"att{attachment_id.removeprefix('att')}"
    item = await confluence.api.get("/wiki/api/v2/attachments/{id}", id=number)
    limit = confluence.settings.attachment_download_limit
    size = item.get("fileSize")
    if isinstance(size, int) and size > limit:
        raise TooLarge(
            f"The file has {size} bytes; at most {limit} are read. Open it in the browser: "
            f"{confluence.link(item) or confluence.api.site.url}"
        )
    on = item.get("pageId") or item.get("blogPostId")
    if not on:
        raise NotFound("This file is on neither a page nor a blog post, so it cannot be read here.")
    file = await confluence.api.download(
        "/wiki/rest/api/content/{id}/child/attachment/{attachmentId}/download",
        limit=limit,
        id=str(on),
        attachmentId=number,
    )
    return file, item


def media_type(item: Json) -> str:
    """Return the type that Confluence says an attached file has."""
    return str(item.get("mediaType") or "")


def attachment_uri(confluence: Confluence, item: Json) -> str:
    """Return the address of an attached file as a resource."""
    return f"confluence://{urlsplit(confluence.api.site.url).netloc}/attachment/{item.get('id')}"


def attachment_shape(confluence: Confluence, item: Json, names: Mapping[str, str]) -> shapes.Shape:
    """Return an attached file without its content; pages refer to it by its ``fileId``."""
    return {
        "id": item.get("id"),
        "fileId": item.get("fileId"),
        "filename": files.clean_name(str(item.get("title") or "")),
        "mediaType": item.get("mediaType"),
        "size": item.get("fileSize"),
        "comment": item.get("comment") or None,
        **shapes.changes(item, names),
        "createdAt": item.get("createdAt"),
        "url": confluence.link(item),
    }
