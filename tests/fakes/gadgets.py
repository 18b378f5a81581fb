"""A product with a small emulated API, for tests that go through the sandbox's gateway."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from telamon.plugin import (
    AnyProduct,
    Operation,
    Product,
    SandboxRequest,
    SandboxResponse,
    Scope,
    World,
)

READ = Scope("read:gadgets", "read gadgets")
WRITE = Scope("write:gadgets", "change gadgets", "write")
ROOT = "/rest/gadgets/1"


class NoSettings(BaseModel):
    """Nothing to set."""


class Gadgets:
    """Gadgets by id; who made a change is written down."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reset()

    def reset(self) -> None:
        self.gadgets: dict[str, Any] = {}
        self.files: dict[str, bytes] = {"1": b"the file"}

    def unreadable(self, problem: str) -> SandboxResponse:
        return SandboxResponse(status=400, body={"errorMessages": [problem], "errors": {}})

    @property
    def operations(self) -> Sequence[Operation]:
        read, write = (frozenset({READ.name}),), (frozenset({WRITE.name}),)
        item = f"{ROOT}/gadget/{{gadget-id}}"

        def operation(method: str, path: str, handle: Any, scopes: Any, *query: str) -> Operation:
            return Operation(
                method=method, path=path, scopes=scopes, handle=handle, query=frozenset(query)
            )

        return [
            operation("GET", item, self._read, read, "fields", "tag", "deep"),
            operation("PUT", item, self._write, write),
            operation("DELETE", item, self._delete, write),
            operation("POST", f"{ROOT}/gadget", self._make, write),
            operation("POST", f"{ROOT}/gadget/search", self._search, read),
            operation("GET", f"{ROOT}/gadget/count", self._count, read),
            operation("GET", f"{ROOT}/file/{{file}}", self._file, read, "redirect"),
            operation("POST", f"{ROOT}/file", self._upload, write),
            operation("GET", f"{ROOT}/open", self._open, ()),
        ]

    def _read(self, asked: SandboxRequest, gadget_id: str) -> SandboxResponse:
        return SandboxResponse(
            body={
                "id": gadget_id,
                "reader": asked.person.account_id,
                "site": asked.site.cloud_id,
                "query": {name: list(values) for name, values in asked.query.items()},
                "value": self.gadgets.get(gadget_id),
            }
        )

    def _write(self, asked: SandboxRequest, gadget_id: str) -> SandboxResponse:
        self.gadgets[gadget_id] = asked.body
        return SandboxResponse(status=204)

    def _delete(self, asked: SandboxRequest, gadget_id: str) -> SandboxResponse:
        del asked
        if self.gadgets.pop(gadget_id, None) is None:
            return SandboxResponse(
                status=404, body={"errorMessages": ["No such gadget."], "errors": {}}
            )
        return SandboxResponse(status=204)

    def _make(self, asked: SandboxRequest) -> SandboxResponse:
        self.gadgets[str(len(self.gadgets) + 1)] = asked.body
        return SandboxResponse(status=201, body={"id": str(len(self.gadgets))})

    def _search(self, asked: SandboxRequest) -> SandboxResponse:
        return SandboxResponse(body={"asked": asked.body, "found": sorted(self.gadgets)})

    def _count(self, asked: SandboxRequest) -> SandboxResponse:
        del asked
        return SandboxResponse(body={"count": len(self.gadgets)})

    def _file(self, asked: SandboxRequest, file: str) -> SandboxResponse:
        del asked
        return SandboxResponse(
            content=self.files[file],
            headers={
                "Content-Type": "Text/Plain; charset=utf-8",
                "Content-Disposition": "attachment; filename*=UTF-8''..%2Fr%C3%A9sum%C3%A9.txt",
            },
        )

    def _upload(self, asked: SandboxRequest) -> SandboxResponse:
        if asked.file is None:
            return self.unreadable("no file")
        self.files["new"] = asked.file.content
        return SandboxResponse(
            body={
                "name": asked.file.filename,
                "type": asked.file.media_type,
                "fields": dict(asked.fields),
            }
        )

    def _open(self, asked: SandboxRequest) -> SandboxResponse:
        return SandboxResponse(body={"reader": asked.person.name})


def gadgets(**changes: Any) -> AnyProduct:
    """Return the product; its gateway is ``jira`` unless a test says otherwise."""
    given: dict[str, Any] = {
        "name": "gadgets",
        "title": "Gadgets",
        "gateway": "jira",
        "api_roots": (ROOT,),
        "settings": NoSettings,
        "connect": lambda api, _: api,
        "sandbox": Gadgets,
        **changes,
    }
    return Product(**given)
