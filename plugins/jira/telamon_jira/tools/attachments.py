"""Files on issues: list, read, add."""

import base64
import binascii
from typing import Annotated, Any

from pydantic import Field

from telamon.plugin import (
    Blocks,
    Embedded,
    Image,
    InvalidArgument,
    Link,
    Text,
    TooLarge,
    Upload,
    tool,
)
from telamon_jira import compact, filenames, issue_view
from telamon_jira.arguments import Id, IssueIdOrKey, Line
from telamon_jira.client import Jira
from telamon_jira.scopes import READ_WORK, WRITE_WORK
from telamon_jira.values import filled, items, members, objects
from telamon_jira.wanted import Wanted

MediaType = Annotated[str, Field(pattern=r"^[a-z]{1,32}/[a-z0-9.+-]{1,96}$")]
EMBEDDED = 100_000
"""Bytes or characters of a file that are sent along; more is only linked to."""
FILES = Wanted(given=("attachment",))


@tool(READ_WORK, access="read", group="issues", title="List Jira attachments", listed=False)
async def list_jira_issue_attachments(
    jira: Jira, *, issue_id_or_key: IssueIdOrKey
) -> dict[str, Any]:
    """List the files on an issue with the ids that downloadJiraIssueAttachment takes."""
    raw = members(await issue_view.read(jira, issue_id_or_key, FILES))
    files = items(members(raw.get("fields")).get("attachment"))
    return {"attachments": [compact.attachment(file) for file in files]}


@tool(READ_WORK, access="read", group="issues", title="Download Jira attachment", listed=False)
async def download_jira_issue_attachment(jira: Jira, *, attachment_id: Id) -> Blocks:
    """Read a file: pictures to look at, text as text, anything else as a resource.

    What is large is a link to the resource, after its beginning if it is text.
    """
    name, content = await read_attachment(jira, attachment_id)
    media_type, data = content.media_type, content.data
    unit = "bytes" if isinstance(data, bytes) else "characters"
    about = f"{name} ({media_type}, {len(data)} {unit})"
    if isinstance(data, bytes):
        if filenames.is_picture(media_type, data):
            return [Text(about), Image(data, media_type)]
        if len(data) > EMBEDDED:
            return [Text(about), Link(content.uri, name, media_type, len(data))]
    elif len(data) > EMBEDDED:
        begins = Embedded(content.uri, data[:EMBEDDED], media_type)
        link = Link(content.uri, name, media_type)
        return [Text(f"{about}, of which the first {EMBEDDED} are here"), begins, link]
    return [Text(about), content]


@tool(WRITE_WORK, access="write", group="issues", title="Attach file to Jira issue", listed=False)
async def upload_attachment_to_jira_issue(
    jira: Jira,
    *,
    issue_id_or_key: IssueIdOrKey,
    filename: Line,
    content_base64: Annotated[str, Field(min_length=1)],
    media_type: MediaType | None = None,
) -> dict[str, Any]:
    """Attach a file to an issue; `contentBase64` is its content in base64."""
    limit = jira.settings.attachment_upload_limit
    encoded = "".join(content_base64.split())  # programs break it into lines
    if len(encoded) * 3 // 4 > limit + 2:
        raise TooLarge(f"The file is larger than the {limit} bytes that may be uploaded here.")
    try:
        content = base64.b64decode(encoded, validate=True)
    except binascii.Error as problem:
        raise InvalidArgument(
            f"contentBase64 is not base64 alone, padded with =: {problem}."
        ) from problem
    if len(content) > limit:
        raise TooLarge(f"The file is larger than the {limit} bytes that may be uploaded here.")
    name = filenames.clean_name(filename)
    saved = await jira.api.upload(
        "/rest/api/3/issue/{issueIdOrKey}/attachments",
        Upload(content=content, filename=name, media_type=media_type or filenames.type_of(name)),
        issueIdOrKey=issue_id_or_key,
    )
    return filled(
        issue=issue_id_or_key,
        url=jira.page(issue_id_or_key),
        attachments=[compact.attachment(file) for file in objects(saved)],
    )


async def read_attachment(jira: Jira, identifier: str) -> tuple[str, Embedded]:
    """Return a file's clean name, and its content as an embedded resource.

    Raises:
        TooLarge: It is over the operator's limit; nothing of it was downloaded.
    """
    limit = jira.settings.attachment_download_limit
    about = members(await jira.api.get("/rest/api/3/attachment/{id}", id=identifier))
    name = filenames.clean_name(str(about.get("filename") or ""))
    if int(about.get("size") or 0) > limit:
        raise TooLarge(
            f"{name} has {about.get('size')} bytes; at most {limit} are downloaded here. "
            f"It can be opened in the browser: {jira.api.site.url}/secure/attachment/{identifier}/"
        )
    # without redirect=false Jira sends the client on to a media host
    file = await jira.api.download(
        "/rest/api/3/attachment/content/{id}", {"redirect": False}, limit=limit, id=identifier
    )
    said = str(about.get("mimeType") or file.media_type).split(";", 1)[0].strip().lower()
    uri = jira.resource("attachment", identifier)
    text = filenames.as_text(said, file.content)
    if text is not None:
        return name, Embedded(uri, text, said)
    kept = filenames.declared(said)
    if kept in filenames.TEXTS or (
        kept in filenames.PICTURES and not filenames.is_picture(kept, file.content)
    ):
        kept = filenames.OPAQUE
    return name, Embedded(uri, file.content, kept)
