"""How records look in answers, with the links, avatars and empty members that Confluence adds."""

import base64
import json
from typing import Any
from urllib.parse import quote_plus

from telamon.plugin import Person, SandboxRequest
from telamon_confluence.sandbox.records import Attachment, Comment, Content, Space, Version
from telamon_confluence.sandbox.replies import timestamp
from telamon_confluence.sandbox.site import SiteState
from telamon_confluence.sandbox.storage_format import to_storage

FORMATS = ("atlas_doc_format", "storage", "view")
"""The body formats that the emulator can write; Confluence has some more for single pages."""


def tiny(number: int) -> str:
    """Return the path of the short link to content: Base64 of the id's little-endian bytes."""
    data = number.to_bytes((number.bit_length() + 7) // 8, "little")
    code = base64.b64encode(data).decode().rstrip("=").rstrip("A")
    return "/x/" + code.replace("/", "-").replace("+", "_")


def webui(state: SiteState, content: Content) -> str:
    """Return the browser path of content, below ``/wiki``."""
    key = state.spaces[content.space].key
    title = quote_plus(content.title)
    if content.kind == "blogpost":
        day = timestamp(content.created)[:10].replace("-", "/")
        return f"/spaces/{key}/blog/{day}/{content.id}/{title}"
    if content.kind == "folder":
        return f"/spaces/{key}/folder/{content.id}"
    return f"/spaces/{key}/pages/{content.id}/{title}"


def version(made: Version) -> dict[str, Any]:
    """Return a version in v2's form."""
    return {
        "number": made.number,
        "message": made.message,
        "minorEdit": False,
        "authorId": made.author,
        "createdAt": timestamp(made.saved),
        "ncsStepVersion": None,
    }


def body(made: Version, form: str | None) -> dict[str, Any]:
    """Return a body in the format that was asked for; without one it is empty."""
    if form is None:
        return {}
    if form == "atlas_doc_format":
        value = json.dumps(made.body, ensure_ascii=False, separators=(",", ":"))
    else:
        value = to_storage(made.body)
    return {form: {"representation": form, "value": value}}


def content(
    state: SiteState,
    item: Content,
    made: Version | None = None,
    form: str | None = None,
    *,
    single: bool = False,
) -> dict[str, Any]:
    """Return a page or blog post in v2's form; *made* is the version to show."""
    shown = made or item.now
    parent = state.contents.get(item.parent) if item.parent else None
    link = webui(state, item)
    key = state.spaces[item.space].key
    links = {
        "editui": f"/pages/resumedraft.action?draftId={item.id}",
        "webui": link,
        "edituiv2": f"/spaces/{key}/pages/edit-v2/{item.id}",
        "tinyui": tiny(item.id),
    }
    if single:
        links["base"] = f"{state.site.url}/wiki"
    shape: dict[str, Any] = {
        "id": str(item.id),
        "status": "historical" if shown is not item.now else item.status,
        "title": shown.title,
        "spaceId": str(item.space),
        "authorId": item.author,
        "createdAt": timestamp(item.created),
        "version": version(shown),
        "body": body(shown, form),
        "_links": links,
    }
    if item.kind == "page":
        shape |= {
            "parentId": str(parent.id) if parent else None,
            "parentType": parent.kind if parent else None,
            "position": item.position,
            "ownerId": item.author,
            "lastOwnerId": None,
            "subtype": item.subtype or None,
        }
    return shape


def label(number: int, name: str) -> dict[str, Any]:
    """Return a label in v2's form."""
    return {"id": str(3801000 + number), "name": name, "prefix": "global"}


def space(state: SiteState, item: Space, described: str | None, *, icon: bool) -> dict[str, Any]:
    """Return a space in v2's form."""
    description = None
    if described:
        description = {described: {"representation": described, "value": item.description}}
    return {
        "id": str(item.id),
        "key": item.key,
        "name": item.name,
        "type": item.kind,
        "status": item.status,
        "authorId": item.author,
        "spaceOwnerId": item.author,
        "createdAt": timestamp(item.created),
        "homepageId": str(item.homepage) if item.homepage else None,
        "currentActiveAlias": item.key,
        "icon": {"path": f"/images/logo/{item.key}.svg", "apiDownloadLink": ""} if icon else None,
        "description": description,
        "_links": {"webui": f"/spaces/{item.key}", "base": f"{state.site.url}/wiki"},
    }


def comment(
    state: SiteState, item: Comment, form: str | None, *, history: bool = False
) -> dict[str, Any]:
    """Return a comment in v2's form, with all of its versions if *history* is wanted."""
    on = state.contents[item.content]
    shape: dict[str, Any] = {
        "id": str(item.id),
        "status": "current",
        "title": f"Re: {on.title}",
        "version": version(item.now),
        "body": body(item.now, form),
        "_links": {"webui": f"{webui(state, on)}?focusedCommentId={item.id}"},
    }
    if item.parent:
        shape["parentCommentId"] = str(item.parent)
    else:
        shape["pageId" if on.kind == "page" else "blogPostId"] = str(on.id)
    if history:
        shape["versions"] = {
            "results": [version(made) for made in reversed(item.versions)],
            "meta": {"hasMore": False},
        }
    if item.kind == "inline":
        shape["resolutionStatus"] = state.resolution(item)
        shape["properties"] = {
            "inlineMarkerRef": item.marker,
            "inlineOriginalSelection": item.selection,
        }
    return shape


def person(request: SandboxRequest, who: Person) -> dict[str, Any]:
    """Return somebody in v1's form."""
    base = f"{request.site.url}/wiki"
    return {
        "type": "known",
        "accountId": who.account_id,
        "accountType": "atlassian",
        "email": who.email,
        "publicName": who.name,
        "profilePicture": {
            "path": f"/wiki/aa-avatar/{who.account_id}",
            "width": 48,
            "height": 48,
            "isDefault": False,
        },
        "displayName": who.name,
        "isExternalCollaborator": False,
        "isGuest": False,
        "locale": "en_US",
        "accountStatus": "active",
        "_expandable": {"operations": "", "personalSpace": ""},
        "_links": {
            "self": f"{base}/rest/api/user?accountId={who.account_id}",
            "base": base,
            "context": "/wiki",
        },
    }


def attachment(state: SiteState, item: Attachment) -> dict[str, Any]:
    """Return an attachment in v2's form."""
    on = state.contents[item.content]
    made = item.now
    name = quote_plus(item.name)
    download = f"/download/attachments/{on.id}/{name}?version={made.number}&api=v2"
    view = f"/pages/viewpageattachments.action?pageId={on.id}&preview=%2F{on.id}%2F{item.id}"
    return {
        "id": f"att{item.id}",
        "status": item.status,
        "title": item.name,
        "createdAt": timestamp(item.versions[0].saved),
        "pageId" if on.kind == "page" else "blogPostId": str(on.id),
        "mediaType": made.media_type,
        "mediaTypeDescription": made.media_type,
        "comment": made.comment,
        "fileId": item.file_id,
        "fileSize": len(made.data),
        "webuiLink": view,
        "downloadLink": download,
        "version": {
            "number": made.number,
            "message": made.comment,
            "minorEdit": False,
            "authorId": made.author,
            "createdAt": timestamp(made.saved),
        },
        "_links": {"webui": view, "download": download},
    }
