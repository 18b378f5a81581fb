"""The emulated operations on people."""

from collections.abc import Callable, Sequence
from typing import Any

from telamon.plugin import Operation, SandboxRequest
from telamon_confluence.sandbox import forms, writing
from telamon_confluence.sandbox.replies import invalid, not_found, v1, v2
from telamon_confluence.sandbox.site import SiteState


def operations(site: Callable[[SandboxRequest], SiteState]) -> Sequence[Operation]:
    """Return the operations; *site* gives the state that a request is about."""

    def bulk(request: SandboxRequest) -> Any:
        wanted: list[str] = writing.members(request, "accountIds")["accountIds"]
        if len(wanted) > 250:
            raise invalid("accountIds must be a list of at most 250 ids.")
        people = [who for who in site(request).people if who.account_id in wanted]
        results = [
            {
                name: value
                for name, value in forms.person(request, who).items()
                if name not in ("type", "locale", "_expandable", "_links")
            }
            for who in people
        ]
        return {"results": results, "_links": {"base": f"{request.site.url}/wiki"}}

    def current(request: SandboxRequest) -> Any:
        return forms.person(request, request.person)

    def read(request: SandboxRequest) -> Any:
        for who in site(request).people:
            if who.account_id == request.value("accountId"):
                return forms.person(request, who)
        raise not_found()

    families = ("read:confluence-user", "read:content-details:confluence")
    return [
        v2("POST", "/users-bulk", "read:user:confluence", bulk),
        v1("GET", "/user/current", families, current, ("expand",)),
        v1("GET", "/user", families, read, ("accountId", "expand")),
    ]
