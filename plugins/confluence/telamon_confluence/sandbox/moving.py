"""The emulated operations that move, copy and archive pages, and the long tasks of the last two."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from telamon.plugin import Operation, SandboxRequest, SandboxResponse
from telamon_confluence.answers import part, parts
from telamon_confluence.sandbox import asking, documents, forms, writing
from telamon_confluence.sandbox.records import Attachment, Content, LongTask, Space, Version
from telamon_confluence.sandbox.replies import forbidden, invalid, not_found, v1
from telamon_confluence.sandbox.site import SiteState

_WRITE = "write:confluence-content"
_TREE = "read:content.metadata:confluence write:page:confluence"


class Moving:
    """Moving, copying and archiving."""

    def __init__(self, site: Callable[[SandboxRequest], SiteState]) -> None:
        self._site = site

    def operations(self) -> Sequence[Operation]:
        """Return the operations."""
        copying = (_WRITE, "read:content-details:confluence write:page:confluence")
        following = ("read:confluence-space.summary", "read:content.metadata:confluence")
        return [
            v1(
                "PUT",
                "/content/{pageId}/move/{position}/{targetId}",
                (_WRITE, "write:page:confluence"),
                self.move,
            ),
            v1("POST", "/content/{id}/copy", copying, self.copy, ("expand",)),
            v1("POST", "/content/{id}/pagehierarchy/copy", (_WRITE, _TREE), self.copy_tree),
            v1("POST", "/content/archive", (_WRITE, _TREE), self.archive),
            v1("GET", "/longtask/{id}", following, self.follow),
        ]

    def move(
        self,
        request: SandboxRequest,
        *,
        pageId: str,  # noqa: N803 - the path's own name
        position: str,
        targetId: str,  # noqa: N803 - the path's own name
    ) -> Any:
        """Move a page with all below it."""
        state = self._site(request)
        page = state.changeable(request.person, asking.content_number(pageId), "page")
        target = state.changeable(request.person, asking.content_number(targetId), "page", "folder")
        if position not in ("append", "before", "after"):
            raise invalid(f"'{position}' is not a position.")
        if page in state.upward(target):
            raise invalid("A page cannot be moved below or beside itself.")
        parent = target.id if position == "append" else target.parent
        beside = state.children(parent) if parent else [target]
        siblings = [each for each in beside if each is not page]
        at = len(siblings)
        if position != "append":
            at = siblings.index(target) + (position == "after")
        siblings.insert(at, page)
        page.parent = parent
        for place, each in enumerate(siblings):
            each.position = place
        for each in [page, *_all_below(state, page)]:
            each.space = target.space
        return {"pageId": str(page.id)}

    def copy(self, request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        """Copy one page."""
        state = self._site(request)
        page = state.content(request.person, asking.content_number(id), "page")
        body = writing.members(request, "destination")
        destination = writing.member(body, "destination")
        if destination.get("type") != "parent_page":
            raise invalid("The sandbox copies to a parent page only.")
        parent = state.content(
            request.person, asking.content_number(str(destination.get("value"))), "page"
        )
        title = str(body.get("pageTitle") or page.title)
        made = self._copied(request, page, parent, title, body=body)
        return {
            "id": str(made.id),
            "type": "page",
            "status": "current",
            "title": made.title,
            "_links": {"webui": forms.webui(state, made), "base": f"{state.site.url}/wiki"},
        }

    def copy_tree(self, request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - as above
        """Copy a page and all pages below it."""
        state = self._site(request)
        page = state.content(request.person, asking.content_number(id), "page")
        body = writing.members(request, "destinationPageId")
        parent = state.content(
            request.person, asking.content_number(str(body["destinationPageId"])), "page"
        )
        if page in state.upward(parent):
            raise invalid("A tree cannot be copied into itself.")
        prefix = str(part(body, "titleOptions").get("prefix") or "")
        made = {page.id: self._copied(request, page, parent, prefix + page.title, body=body)}
        for each in _all_below(state, page):
            if each.kind == "page" and each.parent in made and state.sees(request.person, each):
                above = made[each.parent]
                made[each.id] = self._copied(request, each, above, prefix + each.title, body=body)
        return self._begun(state, "copy.page.hierarchy", made[page.id].id, len(made))

    def archive(self, request: SandboxRequest) -> Any:
        """Archive pages."""
        state = self._site(request)
        wanted = parts(writing.members(request, "pages"), "pages")
        pages = [
            state.changeable(request.person, asking.content_number(str(each.get("id"))), "page")
            for each in wanted
        ]
        if any(page.status != "current" for page in pages):
            raise invalid("Only current pages can be archived.")
        for page in pages:
            page.status = "archived"
        return self._begun(state, "archive.pages", None, len(pages))

    def follow(self, request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - as above
        """Tell how far a long task is; every second look finds it finished."""
        task = self._site(request).long_tasks.get(id)
        if task is None:
            raise not_found()
        task.looked += 1
        percent = min(100, task.looked * 50)
        return {
            "ari": f"ari:cloud:confluence:{request.site.cloud_id}:long-task/{task.id}",
            "id": task.id,
            "name": {"key": task.name, "args": []},
            "elapsedTime": task.looked * 400,
            "percentageComplete": percent,
            "successful": percent == 100,
            "finished": percent == 100,
            "messages": [],
            "status": "done" if percent == 100 else "working",
            "errors": [],
            "additionalDetails": {
                "destinationId": str(task.destination) if task.destination else None,
                "totalPageNeedToCopy": task.total,
            },
            "_links": {"status": f"/rest/api/longtask/{task.id}"},
        }

    def _begun(
        self, state: SiteState, name: str, destination: int | None, total: int
    ) -> SandboxResponse:
        number = str(state.new_id())
        state.long_tasks[number] = LongTask(
            id=number, name=name, destination=destination, total=total
        )
        links = {"status": f"/rest/api/longtask/{number}"}
        return SandboxResponse(status=202, body={"id": number, "links": links})

    def _copied(
        self,
        request: SandboxRequest,
        page: Content,
        parent: Content,
        title: str,
        *,
        body: Mapping[str, Any],
    ) -> Content:
        state = self._site(request)
        space = state.spaces[parent.space]
        if not state.writes_space(request.person, space):
            raise forbidden("User does not have permission to create content in this space")
        if _taken(state, space, title):
            raise invalid("A page with this title already exists in this space")
        me = request.person.account_id
        number = state.new_id()
        made = Version(
            number=1,
            author=me,
            saved=state.clock(),
            body=documents.copy(page.now.body),
            title=title,
        )
        state.contents[number] = copied = Content(
            id=number,
            kind="page",
            space=space.id,
            author=me,
            created=state.clock(),
            versions=[made],
            parent=parent.id,
            position=number,
            labels=list(page.labels) if body.get("copyLabels") else [],
        )
        state.keep_tasks(copied)
        if body.get("copyAttachments"):
            for item in [each for each in state.attachments.values() if each.content == page.id]:
                fresh = state.new_id()
                state.attachments[fresh] = Attachment(
                    id=fresh,
                    content=number,
                    name=item.name,
                    file_id=item.file_id,
                    versions=[item.now],
                )
        return copied


def _taken(state: SiteState, space: Space, title: str) -> bool:
    return any(
        each.kind == "page"
        and each.space == space.id
        and each.status == "current"
        and each.title.casefold() == title.casefold()
        for each in state.contents.values()
    )


def _all_below(state: SiteState, top: Content) -> list[Content]:
    found: list[Content] = []
    for child in state.children(top.id):
        found += [child, *_all_below(state, child)]
    return found
