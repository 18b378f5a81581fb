"""The emulated operations on the tree that pages and folders stand in."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from telamon.plugin import Operation, SandboxRequest
from telamon_confluence.sandbox import asking
from telamon_confluence.sandbox.records import Content
from telamon_confluence.sandbox.replies import v2
from telamon_confluence.sandbox.site import SiteState


def operations(site: Callable[[SandboxRequest], SiteState]) -> Sequence[Operation]:
    """Return the operations; *site* gives the state that a request is about."""

    def descendants(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        top = state.content(request.person, asking.content_number(id), "page")
        depth = asking.number(request, "depth", 2, 1, 10)
        found = list(_below(state, request, top.id, 1, depth))
        return asking.page(request, f"/pages/{id}/descendants", found, lambda entry: entry)

    def children(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        top = state.content(request.person, asking.content_number(id), "page", "folder")
        found = list(_below(state, request, top.id, 1, 1))
        path = f"/{top.kind}s/{id}/direct-children"
        return asking.page(request, path, found, _without_depth)

    def ancestors(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        item = state.content(request.person, asking.content_number(id), "page")
        limit = asking.number(request, "limit", 25, 1, 250)
        above = list(state.upward(item))[1:][:limit]
        return {
            "results": [{"id": str(each.id), "type": each.kind} for each in reversed(above)],
            "_links": {"base": f"{request.site.url}/wiki"},
        }

    tree = "read:hierarchical-content:confluence"
    listing = ("cursor", "limit", "sort")
    return [
        v2("GET", "/pages/{id}/descendants", tree, descendants, ("limit", "depth", "cursor")),
        v2("GET", "/pages/{id}/direct-children", tree, children, listing),
        v2("GET", "/folders/{id}/direct-children", tree, children, listing),
        v2(
            "GET",
            "/pages/{id}/ancestors",
            "read:content.metadata:confluence",
            ancestors,
            ("limit",),
        ),
    ]


def _below(
    state: SiteState, request: SandboxRequest, parent: int, depth: int, most: int
) -> Iterator[dict[str, Any]]:
    for at, child in enumerate(state.children(parent)):
        if state.sees(request.person, child):
            yield _entry(child, parent, depth, at)
            if depth < most:
                yield from _below(state, request, child.id, depth + 1, most)


def _entry(item: Content, parent: int, depth: int, position: int) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "status": item.status,
        "title": item.title,
        "type": item.kind,
        "spaceId": str(item.space),
        "childPosition": position,
        "parentId": str(parent),
        "depth": depth,
    }


def _without_depth(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in ("depth", "parentId")}
