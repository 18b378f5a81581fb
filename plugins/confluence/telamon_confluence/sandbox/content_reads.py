"""The emulated operations that read and list pages and blog posts."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from telamon.plugin import Operation, SandboxRequest
from telamon_confluence.sandbox import asking, forms
from telamon_confluence.sandbox.records import Content, Version
from telamon_confluence.sandbox.replies import invalid, not_found, v2
from telamon_confluence.sandbox.site import SiteState

SINGLE = (
    "body-format",
    "get-draft",
    "status",
    "version",
    "include-labels",
    "include-properties",
    "include-operations",
    "include-likes",
    "include-versions",
    "include-version",
    "include-favorited-by-current-user-status",
    "include-webresources",
    "include-collaborators",
)
_LIST = ("sort", "status", "title", "body-format", "cursor", "limit")
_STATUSES = ("current", "archived", "trashed", "deleted", "historical", "draft")
_SORTS: dict[str, Callable[[Content], Any]] = {
    "id": lambda item: item.id,
    "created-date": lambda item: item.created,
    "modified-date": lambda item: item.now.saved,
    "title": lambda item: item.title.casefold(),
}
_SCOPE = "read:page:confluence"

Kind = Literal["page", "blogpost"]
COLLECTIONS: dict[Kind, str] = {"page": "pages", "blogpost": "blogposts"}


class ContentReads:
    """Reading pages and blog posts."""

    def __init__(self, site: Callable[[SandboxRequest], SiteState]) -> None:
        self._site = site

    def operations(self) -> Sequence[Operation]:
        """Return the operations."""
        found: list[Operation] = []
        for kind, collection in COLLECTIONS.items():
            extra = ("subtype",) if kind == "page" else ()
            children = ("include-direct-children",) if kind == "page" else ()
            depth = ("depth",) if kind == "page" else ()
            found += [
                v2(
                    "GET", f"/{collection}/{{id}}", _SCOPE, self._reader(kind), (*SINGLE, *children)
                ),
                v2(
                    "GET",
                    f"/{collection}",
                    _SCOPE,
                    self._lister(kind),
                    ("id", "space-id", *extra, *_LIST),
                ),
                v2(
                    "GET",
                    f"/spaces/{{id}}/{collection}",
                    _SCOPE,
                    self._space_lister(kind),
                    (*depth, *_LIST),
                ),
            ]
        return found

    def _reader(self, kind: Kind) -> Callable[..., Any]:
        def read(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
            state = self._site(request)
            item = state.content(request.person, asking.content_number(id), kind)
            made = _version(request, item)
            form = asking.choice(request, "body-format", forms.FORMATS)
            shape = forms.content(state, item, made, form, single=True)
            if made is item.draft:
                shape["status"] = "draft"
            if asking.flag(request, "include-labels"):
                labels = [forms.label(at, name) for at, name in enumerate(item.labels)]
                shape["labels"] = {
                    "results": labels,
                    "meta": {"hasMore": False},
                    "_links": {"self": f"/wiki/api/v2/{COLLECTIONS[kind]}/{id}/labels"},
                }
            return shape

        return read

    def _lister(self, kind: Kind) -> Callable[..., Any]:
        def find(request: SandboxRequest) -> Any:
            state = self._site(request)
            ids = asking.several(request, "id")
            spaces = asking.several(request, "space-id")
            subtype = asking.choice(request, "subtype", ("live", "page"))
            found = [
                item
                for item in state.contents.values()
                if (ids is None or str(item.id) in ids)
                and (spaces is None or str(item.space) in spaces)
                and subtype in (None, item.subtype or "page")
            ]
            return self._listed(request, state, kind, found, f"/{COLLECTIONS[kind]}")

        return find

    def _space_lister(self, kind: Kind) -> Callable[..., Any]:
        def find(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
            state = self._site(request)
            space = state.space(request.person, asking.content_number(id))
            root = asking.choice(request, "depth", ("all", "root")) == "root"
            found = [
                item
                for item in state.contents.values()
                if item.space == space.id and (not root or item.parent in (None, space.homepage))
            ]
            return self._listed(
                request, state, kind, found, f"/spaces/{space.id}/{COLLECTIONS[kind]}"
            )

        return find

    def _listed(
        self,
        request: SandboxRequest,
        state: SiteState,
        kind: Kind,
        items: list[Content],
        path: str,
    ) -> Any:
        statuses = asking.choices(request, "status", _STATUSES, ("current", "archived"))
        title = request.value("title")
        form = asking.choice(request, "body-format", forms.FORMATS[:2])
        sort = asking.choice(
            request, "sort", [sign + name for name in _SORTS for sign in ("", "-")]
        )
        shown = [
            item
            for item in items
            if item.kind == kind
            and item.status in statuses
            and title in (None, item.title)
            and state.sees(request.person, item)
        ]
        shown.sort(key=_SORTS[(sort or "id").lstrip("-")], reverse=(sort or "").startswith("-"))
        return asking.page(request, path, shown, lambda item: forms.content(state, item, form=form))


def _version(request: SandboxRequest, item: Content) -> Version:
    """Return the version of *item* that the request is about, or refuse."""
    number = request.value("version")
    if number is not None:
        if not number.isdecimal():
            raise invalid("Provided value for 'version' is not the correct type.")
        for made in item.versions:
            if made.number == int(number):
                return made
        raise not_found()
    statuses = asking.choices(request, "status", _STATUSES, ("current", "archived"))
    if asking.flag(request, "get-draft"):
        return item.draft or item.now
    if item.status not in statuses:
        raise not_found()
    return item.now
