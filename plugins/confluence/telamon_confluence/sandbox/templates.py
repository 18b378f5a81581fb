"""The emulated operations on page templates."""

from collections.abc import Callable, Sequence
from typing import Any

from telamon.plugin import Operation, SandboxRequest
from telamon_confluence.sandbox import asking
from telamon_confluence.sandbox.records import Template
from telamon_confluence.sandbox.replies import not_found, v1
from telamon_confluence.sandbox.site import SiteState


def operations(site: Callable[[SandboxRequest], SiteState]) -> Sequence[Operation]:
    """Return the operations; *site* gives the state that a request is about."""

    def templates(request: SandboxRequest) -> Any:
        state = site(request)
        key = request.value("spaceKey")
        space = state.space_by_key(key) if key else None
        if key and (space is None or not state.sees_space(request.person, space)):
            raise not_found()
        wanted = space.id if space else None
        found = [each for each in state.templates.values() if each.space == wanted]
        start = asking.number(request, "start", 0, 0, 10**6)
        limit = asking.number(request, "limit", 25, 0, 200)
        shown = found[start : start + limit]
        links = {"base": f"{request.site.url}/wiki", "context": "/wiki"}
        if start + limit < len(found):
            links["next"] = f"/rest/api/template/page?start={start + limit}&limit={limit}"
        return {
            "results": [_template(state, request, each) for each in shown],
            "start": start,
            "limit": limit,
            "size": len(shown),
            "_links": links,
        }

    def template(request: SandboxRequest, *, contentTemplateId: str) -> Any:  # noqa: N803 - path's
        state = site(request)
        found = state.templates.get(asking.content_number(contentTemplateId))
        if found is None or (
            found.space and not state.sees_space(request.person, state.spaces[found.space])
        ):
            raise not_found()
        return _template(state, request, found)

    families = (
        "read:confluence-content.summary",
        "read:template:confluence read:content-details:confluence",
    )
    return [
        v1("GET", "/template/page", families, templates, ("spaceKey", "start", "limit", "expand")),
        v1("GET", "/template/{contentTemplateId}", families, template, ("expand",)),
    ]


def _template(state: SiteState, request: SandboxRequest, item: Template) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "templateId": str(item.id),
        "name": item.name,
        "description": item.description,
        "labels": [{"prefix": "global", "name": each, "id": "1"} for each in item.labels],
        "templateType": "page",
        "editorVersion": "v2",
        "_expandable": {"body": ""},
        "_links": {"self": f"{state.site.url}/wiki/rest/api/template/{item.id}"},
    }
    if item.space:
        space = state.spaces[item.space]
        shape["space"] = {"id": space.id, "key": space.key, "name": space.name}
    if set(asking.several(request, "expand") or ()) & {"body", "body.storage"}:
        storage: dict[str, Any] = {
            "value": item.storage,
            "representation": "storage",
            "embeddedContent": [],
        }
        shape["body"] = {"storage": storage, "_expandable": {"view": ""}}
    return shape
