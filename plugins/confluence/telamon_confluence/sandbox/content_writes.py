"""The emulated operations that create, change and delete pages and blog posts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from telamon.plugin import Operation, SandboxRequest, SandboxResponse
from telamon_confluence.sandbox import asking, documents, forms, writing
from telamon_confluence.sandbox.content_reads import COLLECTIONS, Kind
from telamon_confluence.sandbox.records import Content, Space, Version
from telamon_confluence.sandbox.replies import Refusal, forbidden, invalid, not_found, v2
from telamon_confluence.sandbox.site import SiteState


class ContentWrites:
    """Writing pages and blog posts."""

    def __init__(self, site: Callable[[SandboxRequest], SiteState]) -> None:
        self._site = site

    def operations(self) -> Sequence[Operation]:
        """Return the operations."""
        found: list[Operation] = []
        for kind, collection in COLLECTIONS.items():
            placing = ("private", "embedded", "root-level") if kind == "page" else ("private",)
            one = f"/{collection}/{{id}}"
            found += [
                v2("POST", f"/{collection}", "write:page:confluence", self._creator(kind), placing),
                v2("PUT", one, "write:page:confluence", self._updater(kind)),
                v2(
                    "DELETE",
                    one,
                    "delete:page:confluence",
                    self._deleter(kind),
                    ("purge", "draft"),
                ),
            ]
        return found

    def _creator(self, kind: Kind) -> Callable[..., Any]:
        def create(request: SandboxRequest) -> Any:
            state = self._site(request)
            body = writing.members(request, "spaceId")
            space = state.space(request.person, asking.content_number(str(body["spaceId"])))
            if not state.writes_space(request.person, space):
                raise forbidden("User does not have permission to create content in this space")
            status = _status(body)
            title = str(body.get("title") or "")
            document = writing.adf_of(body) if "body" in body else documents.doc()
            if status == "current":
                _check_title(state, space, title, kind)
            me = request.person.account_id
            number = state.new_id()
            item = Content(
                id=number,
                kind=kind,
                space=space.id,
                author=me,
                created=state.clock(),
                versions=[
                    Version(number=1, author=me, saved=state.clock(), body=document, title=title)
                ],
                status=status,
                subtype=str(body.get("subtype") or ""),
            )
            if kind == "page" and not asking.flag(request, "root-level"):
                item.parent = _parent(state, request, space, body) or space.homepage
                item.position = number
            if asking.flag(request, "private"):
                item.restricted = {"read": frozenset({me}), "update": frozenset({me})}
            state.contents[number] = item
            state.keep_tasks(item)
            return forms.content(state, item, form="atlas_doc_format", single=True)

        return create

    def _updater(self, kind: Kind) -> Callable[..., Any]:
        def update(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
            state = self._site(request)
            item = state.changeable(request.person, asking.content_number(id), kind)
            body = writing.members(request, "id", "status", "title", "body", "version")
            if str(body["id"]) != id:
                raise invalid("The id in the body must be the id in the path.")
            status = _status(body)
            if item.status == "trashed" and status == "current":
                item.status = "current"
                return forms.content(state, item, single=True)
            space = state.spaces[item.space]
            if str(body.get("spaceId") or space.id) != str(space.id):
                raise invalid("Moving a page to another space is not supported.")
            document = writing.adf_of(body)
            title = str(body["title"])
            number, message = writing.version_of(body)
            _check_version(item, status, number)
            if status == "draft":
                item.draft = Version(
                    number=1,
                    author=request.person.account_id,
                    saved=state.clock(),
                    body=document,
                    title=title,
                )
                return forms.content(state, item, item.draft, single=True) | {"status": "draft"}
            _check_title(state, space, title, kind, but=item)
            if kind == "page" and body.get("parentId"):
                _move_below(state, item, _parent(state, request, space, body))
            if item.status == "draft":
                item.status = "current"
                item.versions.clear()
                item.versions.append(
                    Version(
                        number=1,
                        author=request.person.account_id,
                        saved=state.clock(),
                        body=document,
                        title=title,
                        message=message,
                    )
                )
                state.keep_tasks(item)
            else:
                state.save(item, request.person.account_id, document, title=title, message=message)
            return forms.content(state, item, form="atlas_doc_format", single=True)

        return update

    def _deleter(self, kind: Kind) -> Callable[..., Any]:
        def delete(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
            state = self._site(request)
            item = state.changeable(request.person, asking.content_number(id), kind)
            if asking.flag(request, "draft"):
                if item.draft is None and item.status != "draft":
                    raise not_found()
                item.draft = None
            if asking.flag(request, "purge"):
                if item.status != "trashed":
                    raise invalid("Only content in the trash can be purged.")
                del state.contents[item.id]
            elif item.status == "draft":
                del state.contents[item.id]
            elif not asking.flag(request, "draft"):
                item.status = "trashed"
                for child in state.children(item.id):
                    child.parent = item.parent
            return SandboxResponse(status=204)

        return delete


def _status(body: Mapping[str, Any]) -> str:
    status = body.get("status") or "current"
    if status not in ("current", "draft"):
        raise invalid("Provided value for 'status' is not one of current, draft.")
    return str(status)


def _check_title(
    state: SiteState, space: Space, title: str, kind: str, but: Content | None = None
) -> None:
    if not title.strip():
        raise invalid("A title is required to publish content.")
    if len(title) > 255:
        raise invalid("The title must have at most 255 characters.")
    for other in state.contents.values():
        if (
            other is not but
            and other.kind == kind == "page"
            and other.space == space.id
            and other.status == "current"
            and other.title.casefold() == title.casefold()
        ):
            raise invalid("A page with this title already exists in this space")


def _check_version(item: Content, status: str, number: int | None) -> None:
    if status == "draft" or item.status == "draft":
        if number != 1:
            raise invalid("The version number of a draft must be 1.")
    elif number != item.now.number + 1:
        raise Refusal(
            409,
            "Version must be incremented when updating a page. "
            f"Current Version: [{item.now.number}]. Provided version: [{number}]",
            "CONFLICT",
        )


def _parent(
    state: SiteState, request: SandboxRequest, space: Space, body: Mapping[str, Any]
) -> int | None:
    if body.get("parentId") is None:
        return None
    number = asking.content_number(str(body["parentId"]))
    parent = state.content(request.person, number, "page", "folder")
    if parent.space != space.id:
        raise invalid("The parent must be in the same space.")
    return parent.id


def _move_below(state: SiteState, item: Content, parent: int | None) -> None:
    if parent is not None and item in state.upward(state.contents[parent]):
        raise invalid("A page cannot be moved below itself.")
    if parent != item.parent:
        item.parent = parent
        item.position = state.new_id()
