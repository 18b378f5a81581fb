"""The emulated operations on attached files."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from telamon.plugin import Operation, SandboxRequest, SandboxResponse
from telamon_confluence.sandbox import asking, forms
from telamon_confluence.sandbox.content_reads import COLLECTIONS, Kind
from telamon_confluence.sandbox.records import Attachment, Content, FileVersion
from telamon_confluence.sandbox.replies import invalid, not_found, timestamp, v1, v2
from telamon_confluence.sandbox.site import SiteState

_STATUSES = ("current", "archived", "trashed")
_SORTS = ("created-date", "-created-date", "modified-date", "-modified-date")
_READ = "read:attachment:confluence"


class Attachments:
    """Listing, reading, uploading and deleting files."""

    def __init__(self, site: Callable[[SandboxRequest], SiteState]) -> None:
        self._site = site

    def operations(self) -> Sequence[Operation]:
        """Return the operations."""
        listing = ("sort", "cursor", "status", "mediaType", "filename", "limit")
        single = (
            "version",
            "include-labels",
            "include-properties",
            "include-operations",
            "include-versions",
            "include-version",
            "include-collaborators",
        )
        upload = (
            "write:confluence-file",
            "read:content-details:confluence write:attachment:confluence",
        )
        return [
            *(
                v2("GET", f"/{place}/{{id}}/attachments", _READ, self._lister(kind), listing)
                for kind, place in COLLECTIONS.items()
            ),
            v2("GET", "/attachments/{id}", _READ, self.read, single),
            v2(
                "DELETE",
                "/attachments/{id}",
                "delete:attachment:confluence",
                self.delete,
                ("purge",),
            ),
            v1(
                "GET",
                "/content/{id}/child/attachment/{attachmentId}/download",
                ("readonly:content.attachment:confluence", _READ),
                self.download,
                ("version", "status"),
            ),
            v1("PUT", "/content/{id}/child/attachment", upload, self.put, ("status",)),
            v1("POST", "/content/{id}/child/attachment", upload, self.post, ("status",)),
        ]

    def _lister(self, kind: Kind) -> Callable[..., Any]:
        def find(request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
            state = self._site(request)
            on = state.content(request.person, asking.content_number(id), kind)
            statuses = asking.choices(request, "status", _STATUSES, ("current", "archived"))
            found = [
                item
                for item in state.attachments.values()
                if item.content == on.id
                and item.status in statuses
                and request.value("filename") in (None, item.name)
                and request.value("mediaType") in (None, item.now.media_type)
            ]
            sort = asking.choice(request, "sort", _SORTS) or "created-date"
            found.sort(key=lambda item: (item.now.saved, item.id), reverse=sort[0] == "-")
            path = f"/{COLLECTIONS[kind]}/{id}/attachments"
            return asking.page(
                request, path, found, lambda item: forms.attachment(state, item), default=50
            )

        return find

    def read(self, request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - the path's own name
        """Return what is known of a file."""
        state = self._site(request)
        return forms.attachment(state, self._found(request, id)[0])

    def download(
        self,
        request: SandboxRequest,
        *,
        id: str,  # noqa: A002 - the path's own name
        attachmentId: str,  # noqa: N803 - the path's own name
    ) -> Any:
        """Return a file's content."""
        item, on = self._found(request, attachmentId)
        if str(on.id) != id:
            raise not_found()
        return SandboxResponse(content=item.now.data, headers={"Content-Type": item.now.media_type})

    def delete(self, request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - as above
        """Put a file into the trash, or remove it from there."""
        state = self._site(request)
        item, on = self._found(request, id)
        state.changeable(request.person, on.id, "page", "blogpost")
        if not asking.flag(request, "purge"):
            item.status = "trashed"
        elif item.status == "trashed":
            del state.attachments[item.id]
        else:
            raise invalid("Only an attachment in the trash can be purged.")
        return SandboxResponse(status=204)

    def post(self, request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - as above
        """Attach a new file; a name that is taken is refused."""
        return self._uploaded(request, id, replace=False)

    def put(self, request: SandboxRequest, *, id: str) -> Any:  # noqa: A002 - as above
        """Attach a new file, or a new version of the one with this name."""
        return self._uploaded(request, id, replace=True)

    def _uploaded(self, request: SandboxRequest, number: str, *, replace: bool) -> Any:
        state = self._site(request)
        on = state.changeable(request.person, asking.content_number(number), "page", "blogpost")
        if request.file is None or request.fields.get("minorEdit") not in ("true", "false"):
            raise invalid("The form needs the fields file and minorEdit.")
        named = [
            item
            for item in state.attachments.values()
            if item.content == on.id and item.name == request.file.filename
        ]
        if named and not replace:
            raise invalid(
                "Cannot add a new attachment with same file name as an existing attachment"
            )
        made = FileVersion(
            number=named[0].now.number + 1 if named else 1,
            author=request.person.account_id,
            saved=state.clock(),
            data=request.file.content,
            media_type=request.file.media_type,
            comment=request.fields.get("comment", ""),
        )
        if named:
            item = named[0]
            item.status = "current"
            item.versions.append(made)
        else:
            fresh = state.new_id()
            item = Attachment(
                id=fresh,
                content=on.id,
                name=request.file.filename,
                file_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{state.site.cloud_id}/{fresh}")),
                versions=[made],
            )
            state.attachments[fresh] = item
        return {"results": [_old_form(request, state, item)], "size": 1, "_links": {}}

    def _found(self, request: SandboxRequest, number: str) -> tuple[Attachment, Content]:
        state = self._site(request)
        item = state.attachments.get(asking.content_number(number.removeprefix("att")))
        if item is None:
            raise not_found()
        return item, state.content(request.person, item.content, "page", "blogpost")


def _old_form(request: SandboxRequest, state: SiteState, item: Attachment) -> dict[str, Any]:
    """Return a file in v1's form."""
    links: dict[str, str] = forms.attachment(state, item)["_links"]
    return {
        "id": f"att{item.id}",
        "type": "attachment",
        "status": item.status,
        "title": item.name,
        "version": {
            "by": forms.person(request, request.person),
            "when": timestamp(item.now.saved),
            "number": item.now.number,
            "minorEdit": request.fields.get("minorEdit") == "true",
        },
        "metadata": {"comment": item.now.comment, "mediaType": item.now.media_type},
        "extensions": {
            "mediaType": item.now.media_type,
            "fileSize": len(item.now.data),
            "fileId": item.file_id,
            "comment": item.now.comment,
        },
        "_expandable": {},
        "_links": links,
    }
