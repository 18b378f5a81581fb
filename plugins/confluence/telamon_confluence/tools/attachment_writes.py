"""Tools that attach files."""

import base64
import binascii
from typing import Annotated

from pydantic import Field

from telamon.plugin import InvalidArgument, TooLarge, Upload, tool
from telamon_confluence import files, scopes, shapes
from telamon_confluence.addresses import web_link
from telamon_confluence.answers import part, results, webui
from telamon_confluence.arguments import PageRef
from telamon_confluence.client import Confluence


@tool(
    scopes.UPLOAD_FILES,
    access="write",
    group="content",
    title="Attach a file to a Confluence page",
    listed=False,
)
async def upload_confluence_attachment(
    confluence: Confluence,
    *,
    page_id: PageRef,
    filename: Annotated[str, Field(min_length=1, max_length=255)],
    content_base64: str,
    media_type: Annotated[str, Field(pattern=r"^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}$")]
    | None = None,
    comment: Annotated[str, Field(max_length=255)] | None = None,
) -> shapes.Shape:
    """Attach a file to a page or blog post; a file of that name there gets a new version.

    The name's ending says what it is; mediaType counts where it does not.
    """
    number = confluence.number(page_id)
    name = files.clean_name(filename)
    fields = {"minorEdit": "true"}
    if comment:
        fields["comment"] = comment
    answer = await confluence.api.upload(
        "/wiki/rest/api/content/{id}/child/attachment",
        Upload(
            content=_decoded(content_base64, confluence.settings.attachment_upload_limit),
            filename=name,
            media_type=files.upload_type(name, media_type),
        ),
        fields,
        method="PUT",
        id=number,
    )
    return {"attachments": [_shape(confluence, item) for item in results(answer)]}


def _decoded(content: str, limit: int) -> bytes:
    if len(content) > limit * 4 // 3 + 4:
        raise TooLarge(f"The file is over the cap of {limit} bytes; attach it in the browser.")
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument("contentBase64 is not Base64 (RFC 4648, section 4).") from error
    if len(data) > limit:
        raise TooLarge(f"The file is over the cap of {limit} bytes; attach it in the browser.")
    return data


def _shape(confluence: Confluence, item: shapes.Shape) -> shapes.Shape:
    return {
        "id": item.get("id"),
        "fileId": part(item, "extensions").get("fileId"),
        "filename": item.get("title"),
        "mediaType": part(item, "extensions").get("mediaType"),
        "size": part(item, "extensions").get("fileSize"),
        "version": part(item, "version").get("number"),
        "url": web_link(confluence.api.site, webui(item)),
    }
