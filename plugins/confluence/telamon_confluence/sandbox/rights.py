"""The emulated operations on who may do what: restrictions of a page, and checks."""

from collections.abc import Callable, Sequence
from typing import Any, get_args

from telamon.plugin import Operation, SandboxRequest
from telamon_confluence.answers import part, parts
from telamon_confluence.sandbox import asking, forms, writing
from telamon_confluence.sandbox.records import Content, Rights
from telamon_confluence.sandbox.replies import invalid, v1
from telamon_confluence.sandbox.site import SiteState

_KINDS = ("page", "blogpost")
_RIGHTS: tuple[Rights, ...] = get_args(Rights)


def operations(site: Callable[[SandboxRequest], SiteState]) -> Sequence[Operation]:
    """Return the operations; *site* gives the state that a request is about."""

    def read(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        item = state.content(request.person, asking.content_number(id), *_KINDS)
        return _restrictions(state, request, item)

    def replace(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        item = state.changeable(request.person, asking.content_number(id), *_KINDS)
        wanted: dict[Rights, frozenset[str]] = {}
        for rule in parts(writing.members(request, "results"), "results"):
            operation = rule.get("operation")
            if operation not in _RIGHTS:
                raise invalid(f"The operation '{operation}' cannot be restricted.")
            named = part(rule, "restrictions")
            if parts(named, "group"):
                raise invalid("The sandbox has no groups.")
            people = frozenset(str(each.get("accountId")) for each in parts(named, "user"))
            if people - {who.account_id for who in state.people}:
                raise invalid("Somebody in the restrictions does not exist.")
            wanted[operation] = people
        item.restricted = wanted
        return _restrictions(state, request, item)

    def remove(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        item = state.changeable(request.person, asking.content_number(id), *_KINDS)
        item.restricted = {}
        return _restrictions(state, request, item)

    def check(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        state = site(request)
        item = state.content(request.person, asking.content_number(id), *_KINDS)
        body = writing.members(request, "subject", "operation")
        who = [
            each
            for each in state.people
            if each.account_id == writing.member(body, "subject").get("identifier")
        ]
        if not who or body["operation"] not in ("read", "update", "delete"):
            raise invalid("The subject or the operation does not exist.")
        allowed = (state.sees if body["operation"] == "read" else state.changes)(who[0], item)
        said: dict[str, Any] = {"translation": "The user has no permission.", "args": []}
        return {"hasPermission": allowed, "errors": [] if allowed else [said], "_links": {}}

    reading = ("read:confluence-content.all", "read:content-details:confluence")
    writing_it = (
        "write:confluence-content",
        "read:content-details:confluence write:content.restriction:confluence",
    )
    checking = ("read:confluence-content.permission", "read:content.permission:confluence")
    path = "/content/{id}/restriction"
    return [
        v1("GET", path, reading, read, ("expand", "start", "limit")),
        v1("PUT", path, writing_it, replace, ("expand",)),
        v1("DELETE", path, writing_it, remove, ("expand",)),
        v1("POST", "/content/{id}/permission/check", checking, check),
    ]


def _restrictions(state: SiteState, request: SandboxRequest, item: Content) -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    for right in _RIGHTS:
        people = [
            forms.person(request, who)
            for who in state.people
            if who.account_id in item.restricted.get(right, frozenset())
        ]
        named: dict[str, Any] = {
            "user": {"results": people, "start": 0, "limit": 100, "size": len(people)},
            "group": {"results": [], "start": 0, "limit": 100, "size": 0},
        }
        results.append({"operation": right, "restrictions": named, "_expandable": {}})
    return {"results": results, "start": 0, "limit": 100, "size": len(results), "_links": {}}
