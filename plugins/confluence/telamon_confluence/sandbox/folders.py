"""The emulated operations on folders."""

from collections.abc import Callable, Sequence
from typing import Any

from telamon.plugin import Operation, SandboxRequest
from telamon_confluence.sandbox import asking, documents, forms, writing
from telamon_confluence.sandbox.records import Content, Version
from telamon_confluence.sandbox.replies import forbidden, invalid, timestamp, v2
from telamon_confluence.sandbox.site import SiteState


def operations(site: Callable[[SandboxRequest], SiteState]) -> Sequence[Operation]:
    """Return the operations; *site* gives the state that a request is about."""

    def read(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        return _folder(state, state.content(request.person, asking.content_number(id), "folder"))

    def create(request: SandboxRequest) -> Any:
        state = site(request)
        body = writing.members(request, "spaceId", "title")
        space = state.space(request.person, asking.content_number(str(body["spaceId"])))
        if not state.writes_space(request.person, space):
            raise forbidden("User does not have permission to create content in this space")
        parent = space.homepage
        if body.get("parentId") is not None:
            number = asking.content_number(str(body["parentId"]))
            above = state.content(request.person, number, "page", "folder")
            if above.space != space.id:
                raise invalid("The parent must be in the same space.")
            parent = above.id
        me = request.person.account_id
        number = state.new_id()
        made = Version(
            number=1,
            author=me,
            saved=state.clock(),
            body=documents.doc(),
            title=str(body["title"]),
        )
        item = Content(
            id=number,
            kind="folder",
            space=space.id,
            author=me,
            created=state.clock(),
            versions=[made],
            parent=parent,
            position=number,
        )
        state.contents[number] = item
        return _folder(state, item)

    single = (
        "include-collaborators",
        "include-direct-children",
        "include-operations",
        "include-properties",
    )
    return [
        v2("GET", "/folders/{id}", "read:folder:confluence", read, single),
        v2("POST", "/folders", "write:folder:confluence", create),
    ]


def _folder(state: SiteState, item: Content) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "type": "folder",
        "status": item.status,
        "title": item.title,
        "parentId": str(item.parent) if item.parent else None,
        "parentType": state.contents[item.parent].kind if item.parent else None,
        "position": item.position,
        "authorId": item.author,
        "ownerId": item.author,
        "createdAt": timestamp(item.created),
        "spaceId": str(item.space),
        "version": forms.version(item.now),
        "_links": {"webui": forms.webui(state, item), "base": f"{state.site.url}/wiki"},
    }
