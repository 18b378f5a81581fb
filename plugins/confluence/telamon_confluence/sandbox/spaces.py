"""The emulated operations on spaces."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from telamon.plugin import Operation, SandboxRequest
from telamon_confluence.sandbox import asking, forms
from telamon_confluence.sandbox.records import Space
from telamon_confluence.sandbox.replies import v2
from telamon_confluence.sandbox.site import SiteState

_TYPES = (
    "global",
    "collaboration",
    "knowledge_base",
    "personal",
    "system",
    "onboarding",
    "xflow_sample_space",
)
_SORTS = ("id", "-id", "key", "-key", "name", "-name")

_READING = ("use space", "read space", "read page", "read blogpost", "read comment")
_WRITING = ("create page", "create blogpost", "create comment", "create attachment", "delete page")


def operations(site: Callable[[SandboxRequest], SiteState]) -> Sequence[Operation]:
    """Return the operations; *site* gives the state that a request is about."""

    def find(request: SandboxRequest) -> Any:
        state = site(request)
        wanted = {
            "ids": asking.several(request, "ids"),
            "keys": asking.several(request, "keys"),
            "labels": asking.several(request, "labels"),
        }
        kind = asking.choice(request, "type", _TYPES)
        status = asking.choice(request, "status", ("current", "archived"))
        spaces = [
            space
            for space in state.spaces.values()
            if state.sees_space(request.person, space)
            and (wanted["ids"] is None or str(space.id) in wanted["ids"])
            and (wanted["keys"] is None or space.key in wanted["keys"])
            and (wanted["labels"] is None or set(space.labels) & set(wanted["labels"]))
            and kind in (None, space.kind)
            and status in (None, space.status)
            and request.value("favorited-by") is None
        ]
        sort = asking.choice(request, "sort", _SORTS) or "id"
        spaces.sort(key=attrgetter(sort.lstrip("-")), reverse=sort.startswith("-"))
        return asking.page(request, "/spaces", spaces, lambda space: shaped(request, state, space))

    def read(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        space = state.space(request.person, asking.content_number(id))
        shape = shaped(request, state, space)
        if asking.flag(request, "include-labels"):
            labels = [forms.label(at, name) for at, name in enumerate(space.labels)]
            shape["labels"] = {"results": labels, "meta": {"hasMore": False}, "_links": {}}
        return shape

    def permissions(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        space = state.space(request.person, asking.content_number(id))
        found = [
            (who.account_id, *operation.split())
            for who in state.people
            for may, granted in (
                (state.sees_space(who, space), _READING),
                (state.writes_space(who, space), _WRITING),
            )
            if may
            for operation in granted
        ]
        path = f"/spaces/{id}/permissions"
        return asking.page(request, path, list(enumerate(found)), _permission)

    def shaped(request: SandboxRequest, state: SiteState, space: Space) -> dict[str, Any]:
        described = asking.choice(request, "description-format", ("plain", "view"))
        return forms.space(state, space, described, icon=asking.flag(request, "include-icon"))

    return [
        v2(
            "GET",
            "/spaces",
            "read:space:confluence",
            find,
            (
                "ids",
                "keys",
                "type",
                "status",
                "labels",
                "favorited-by",
                "not-favorited-by",
                "sort",
                "description-format",
                "include-icon",
                "cursor",
                "limit",
            ),
        ),
        v2(
            "GET",
            "/spaces/{id}",
            "read:space:confluence",
            read,
            (
                "description-format",
                "include-icon",
                "include-operations",
                "include-properties",
                "include-permissions",
                "include-role-assignments",
                "include-labels",
            ),
        ),
        v2(
            "GET",
            "/spaces/{id}/permissions",
            "read:space:confluence",
            permissions,
            ("cursor", "limit"),
        ),
    ]


def _permission(numbered: tuple[int, tuple[str, ...]]) -> dict[str, Any]:
    number, (account_id, key, target) = numbered
    return {
        "id": str(number),
        "principal": {"type": "user", "id": account_id},
        "operation": {"key": key, "targetType": target},
    }
