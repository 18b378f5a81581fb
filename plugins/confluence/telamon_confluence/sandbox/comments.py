"""The emulated operations on footer and inline comments."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from telamon.plugin import Operation, SandboxRequest, SandboxResponse
from telamon_confluence.sandbox import asking, forms, passages, writing
from telamon_confluence.sandbox.records import Comment, CommentKind, Content, Version
from telamon_confluence.sandbox.replies import Refusal, forbidden, invalid, not_found, v2
from telamon_confluence.sandbox.site import SiteState

_STATUSES = ("current", "archived", "trashed", "deleted", "historical", "draft")
_RESOLUTIONS = ("resolved", "open", "dangling", "reopened")
_SORTS = ("created-date", "-created-date", "modified-date", "-modified-date")
_READ = "read:comment:confluence"
_WRITE = "write:comment:confluence"
_PLACES: Mapping[str, str] = {"pages": "page", "blogposts": "blogpost"}


class Comments:
    """Reading and writing comments."""

    def __init__(self, site: Callable[[SandboxRequest], SiteState]) -> None:
        self._site = site

    def operations(self) -> Sequence[Operation]:
        """Return the operations."""
        listing = ("body-format", "sort", "cursor", "limit")
        single = (
            "body-format",
            "version",
            "include-properties",
            "include-operations",
            "include-likes",
            "include-versions",
            "include-version",
        )
        found: list[Operation] = []
        kinds: tuple[CommentKind, CommentKind] = ("footer", "inline")
        for kind in kinds:
            more = ("resolution-status",) if kind == "inline" else ()
            found += [
                v2(
                    "GET",
                    f"/{place}/{{id}}/{kind}-comments",
                    _READ,
                    self._lister(kind, place),
                    (*listing, "status", *more),
                )
                for place in _PLACES
            ]
            one = f"/{kind}-comments/{{comment_id}}"
            found += [
                v2("GET", one, _READ, self._reader(kind), single),
                v2(
                    "GET",
                    f"/{kind}-comments/{{id}}/children",
                    _READ,
                    self._replies(kind),
                    listing,
                ),
                v2("POST", f"/{kind}-comments", _WRITE, self._creator(kind)),
                v2("PUT", one, _WRITE, self._updater(kind)),
                v2("DELETE", one, "delete:comment:confluence", self._deleter(kind)),
            ]
        return found

    def _lister(self, kind: CommentKind, place: str) -> Callable[..., Any]:
        def find(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
            state = self._site(request)
            on = state.content(request.person, asking.content_number(id), _PLACES[place])
            statuses = asking.choices(request, "status", _STATUSES, ("current",))
            resolutions = asking.choices(request, "resolution-status", _RESOLUTIONS, _RESOLUTIONS)
            found = [
                comment
                for comment in state.comments.values()
                if comment.kind == kind
                and comment.content == on.id
                and comment.parent is None
                and "current" in statuses
                and (kind == "footer" or state.resolution(comment) in resolutions)
            ]
            return _listed(request, state, found, f"/{place}/{id}/{kind}-comments")

        return find

    def _replies(self, kind: CommentKind) -> Callable[..., Any]:
        def find(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
            state = self._site(request)
            above = state.comment(request.person, asking.content_number(id), kind)
            found = [each for each in state.comments.values() if each.parent == above.id]
            return _listed(request, state, found, f"/{kind}-comments/{id}/children")

        return find

    def _reader(self, kind: CommentKind) -> Callable[..., Any]:
        def read(request: SandboxRequest, *, comment_id: str) -> Any:
            state = self._site(request)
            found = state.comment(request.person, asking.content_number(comment_id), kind)
            form = asking.choice(request, "body-format", forms.FORMATS)
            history = asking.flag(request, "include-versions")
            return forms.comment(state, found, form, history=history)

        return read

    def _creator(self, kind: CommentKind) -> Callable[..., Any]:
        def create(request: SandboxRequest) -> Any:
            state = self._site(request)
            body = writing.members(request)
            document = writing.adf_of(body)
            above, on = _target(state, request, kind, body)
            _check_writer(state, request, on)
            me = request.person.account_id
            made = Comment(
                id=state.new_id(),
                kind=kind,
                content=on.id,
                versions=[Version(number=1, author=me, saved=state.clock(), body=document)],
                parent=above.id if above else None,
            )
            if kind == "inline" and above is None:
                _place(state, made, on, body)
            state.comments[made.id] = made
            return SandboxResponse(status=201, body=forms.comment(state, made, "atlas_doc_format"))

        return create

    def _updater(self, kind: CommentKind) -> Callable[..., Any]:
        def update(request: SandboxRequest, *, comment_id: str) -> Any:
            state = self._site(request)
            comment = state.comment(request.person, asking.content_number(comment_id), kind)
            on = state.contents[comment.content]
            _check_writer(state, request, on)
            body = writing.members(request, "version")
            number, message = writing.version_of(body)
            if number is None or number != comment.now.number + 1:
                raise Refusal(
                    409,
                    "Version must be incremented when updating a comment. "
                    f"Current Version: [{comment.now.number}]. Provided version: [{number}]",
                    "CONFLICT",
                )
            document = writing.adf_of(body) if "body" in body else comment.now.body
            if "body" in body and comment.versions[0].author != request.person.account_id:
                raise forbidden("Only the author can edit this comment")
            if kind == "inline" and body.get("resolved") is not None:
                comment.resolution = "resolved" if body["resolved"] else "reopened"
            comment.versions.append(
                Version(
                    number=number,
                    author=request.person.account_id,
                    saved=state.clock(),
                    body=document,
                    message=message,
                )
            )
            return forms.comment(state, comment, "atlas_doc_format")

        return update

    def _deleter(self, kind: CommentKind) -> Callable[..., Any]:
        def delete(request: SandboxRequest, *, comment_id: str) -> Any:
            state = self._site(request)
            comment = state.comment(request.person, asking.content_number(comment_id), kind)
            _check_writer(state, request, state.contents[comment.content])
            doomed = {comment.id}
            for each in sorted(state.comments):
                if state.comments[each].parent in doomed:
                    doomed.add(each)
            for number in doomed:
                del state.comments[number]
            return SandboxResponse(status=204)

        return delete


def _listed(request: SandboxRequest, state: SiteState, found: list[Comment], path: str) -> Any:
    form = asking.choice(request, "body-format", forms.FORMATS[:2])
    sort = asking.choice(request, "sort", _SORTS) or "created-date"
    first = 0 if sort.endswith("created-date") else -1
    found.sort(key=lambda each: (each.versions[first].saved, each.id), reverse=sort[0] == "-")
    return asking.page(request, path, found, lambda each: forms.comment(state, each, form))


def _target(
    state: SiteState, request: SandboxRequest, kind: CommentKind, body: Mapping[str, Any]
) -> tuple[Comment | None, Content]:
    """Return the comment that is replied to, if any, and the content that is commented on."""
    names = ("pageId", "blogPostId", "parentCommentId", "attachmentId", "customContentId")
    given = [name for name in names if body.get(name) is not None]
    if len(given) != 1:
        raise invalid("Exactly one of pageId, blogPostId and parentCommentId must be provided.")
    number = asking.content_number(str(body[given[0]]).removeprefix("att"))
    match given[0]:
        case "parentCommentId":
            above = state.comment(request.person, number, kind)
            return above, state.contents[above.content]
        case "pageId":
            return None, state.content(request.person, number, "page")
        case "blogPostId":
            return None, state.content(request.person, number, "blogpost")
        case "attachmentId" if kind == "footer" and number in state.attachments:
            on = state.attachments[number].content
            return None, state.content(request.person, on, "page", "blogpost")
        case _:
            raise not_found()


def _check_writer(state: SiteState, request: SandboxRequest, on: Content) -> None:
    if not state.writes_space(request.person, state.spaces[on.space]):
        raise forbidden("User does not have permission to comment on this content")


def _place(state: SiteState, made: Comment, on: Content, body: Mapping[str, Any]) -> None:
    """Mark the passage of an inline comment in the content's newest version."""
    given = writing.member(body, "inlineCommentProperties")
    if not given.get("textSelection"):
        raise invalid("inlineCommentProperties is required for a top level inline comment.")
    selection = str(given["textSelection"])
    count, index = given.get("textSelectionMatchCount"), given.get("textSelectionMatchIndex")
    there = passages.count(on.now.body, selection)
    if count != there or not isinstance(index, int) or not 0 <= index < there:
        raise invalid(
            f"The text selection occurs {there} times; textSelectionMatchCount is {count} and "
            f"textSelectionMatchIndex is {index}."
        )
    made.selection = selection
    made.marker = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{state.site.cloud_id}/{made.id}"))
    passages.mark(on.now.body, selection, index, made.marker)
