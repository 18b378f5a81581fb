"""The emulated operations on versions, labels and views of pages and blog posts."""

from collections.abc import Callable, Sequence
from typing import Any

from telamon.plugin import Operation, SandboxRequest, SandboxResponse
from telamon_confluence.answers import is_list, is_object
from telamon_confluence.sandbox import asking, documents, forms, writing
from telamon_confluence.sandbox.content_reads import COLLECTIONS, Kind
from telamon_confluence.sandbox.replies import invalid, not_found, v1, v2
from telamon_confluence.sandbox.site import SiteState

_LABELLED = ("page", "blogpost")


class History:
    """Versions, labels and views."""

    def __init__(self, site: Callable[[SandboxRequest], SiteState]) -> None:
        self._site = site

    def operations(self) -> Sequence[Operation]:
        """Return the operations."""
        read = "read:page:confluence"
        found: list[Operation] = []
        for kind, collection in COLLECTIONS.items():
            found += [
                v2(
                    "GET",
                    f"/{collection}/{{id}}/versions",
                    read,
                    self._versions(kind),
                    ("body-format", "cursor", "limit", "sort"),
                ),
                v2(
                    "GET",
                    f"/{collection}/{{id}}/labels",
                    read,
                    self._labels(kind),
                    ("prefix", "sort", "cursor", "limit"),
                ),
            ]
        write = "write:confluence-content"
        return [
            *found,
            v1(
                "POST",
                "/content/{id}/label",
                (write, "read:label:confluence write:label:confluence"),
                self.add_labels,
            ),
            v1(
                "DELETE",
                "/content/{id}/label",
                (write, "write:label:confluence"),
                self.remove_label,
                ("name",),
            ),
            v1(
                "POST",
                "/content/{id}/version",
                (write, "read:content-details:confluence write:content:confluence"),
                self.restore,
                ("expand",),
            ),
            v1(
                "GET",
                "/analytics/content/{contentId}/views",
                ("read:confluence-content.summary", "read:analytics.content:confluence"),
                self.views,
                ("fromDate",),
            ),
        ]

    def _versions(self, kind: Kind) -> Callable[..., Any]:
        def find(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
            item = self._site(request).content(request.person, asking.content_number(id), kind)
            sort = asking.choice(request, "sort", ("modified-date", "-modified-date"))
            made = sorted(
                item.versions, key=lambda each: each.number, reverse=sort != "modified-date"
            )
            return asking.page(request, f"/{COLLECTIONS[kind]}/{id}/versions", made, forms.version)

        return find

    def _labels(self, kind: Kind) -> Callable[..., Any]:
        def find(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
            item = self._site(request).content(request.person, asking.content_number(id), kind)
            prefix = asking.choice(request, "prefix", ("my", "team", "global", "system"))
            named = list(enumerate(item.labels)) if prefix in (None, "global") else []
            path = f"/{COLLECTIONS[kind]}/{id}/labels"
            return asking.page(request, path, named, lambda pair: forms.label(*pair))

        return find

    def add_labels(self, request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - as above
        """Add one label or several."""
        state = self._site(request)
        item = state.changeable(request.person, asking.content_number(id), *_LABELLED)
        given = request.body if is_list(request.body) else [request.body]
        for label in given:
            name = label.get("name") if is_object(label) else None
            if not isinstance(name, str) or not name or " " in name:
                raise invalid(f"Label contains invalid characters: {name}")
            if name.lower() not in item.labels:
                item.labels.append(name.lower())
        results = [{**forms.label(at, name), "label": name} for at, name in enumerate(item.labels)]
        return {"results": results, "start": 0, "limit": 200, "size": len(results), "_links": {}}

    def remove_label(self, request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - as above
        """Remove a label."""
        state = self._site(request)
        item = state.changeable(request.person, asking.content_number(id), *_LABELLED)
        name = request.value("name")
        if name not in item.labels:
            raise not_found()
        item.labels.remove(name)
        return SandboxResponse(status=204)

    def restore(self, request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - as above
        """Make an old version the newest again."""
        state = self._site(request)
        item = state.changeable(request.person, asking.content_number(id), *_LABELLED)
        body = writing.members(request, "operationKey", "params")
        params = writing.member(body, "params")
        old = [each for each in item.versions if each.number == params.get("versionNumber")]
        if body["operationKey"] != "restore" or not params.get("message"):
            raise invalid("operationKey, versionNumber and message are required.")
        if not old:
            raise invalid("There is no version with the given version number.")
        title = old[0].title if params.get("restoreTitle") else item.title
        state.save(
            item,
            request.person.account_id,
            documents.copy(old[0].body),
            title=title,
            message=str(params["message"]),
        )
        return {"number": item.now.number, "message": item.now.message, "minorEdit": False}

    def views(self, request: SandboxRequest, *, contentId: str) -> Any:  # noqa: N803 - the path's
        """Count views; the emulator does not know when they were."""
        item = self._site(request).content(
            request.person, asking.content_number(contentId), *_LABELLED
        )
        return {"id": item.id, "count": item.views}
