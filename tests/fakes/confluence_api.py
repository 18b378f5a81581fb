"""An Api that is answered by the emulated Confluence, with scopes and query names enforced."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from telamon.plugin import (
    Conflict,
    Download,
    Emulator,
    Forbidden,
    Json,
    MissingScope,
    NotFound,
    Operation,
    Person,
    Query,
    Rejected,
    SandboxRequest,
    SandboxResponse,
    Site,
    TooLarge,
    ToolError,
    Upload,
)
from telamon.plugin.paths import fill


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One request that reached the emulator."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    body: Json = None
    fields: Mapping[str, str] = field(default_factory=dict)
    file: Upload | None = None


@dataclass(kw_only=True)
class EmulatedApi:
    """One person's connection to one emulated site.

    *scopes* are the names the token holds; a request without them is ``MissingScope``.
    """

    emulator: Emulator
    person: Person
    site: Site
    scopes: frozenset[str]
    requests: list[Sent] = field(default_factory=list)
    before_put: Callable[[], Awaitable[object]] | None = None
    """What happens once, between a read and the write that follows it."""

    @property
    def account_id(self) -> str:
        return self.person.account_id

    async def get(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        return self._send("GET", path, query, segments).body

    async def post(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        return self._send("POST", path, query, segments, body=body).body

    async def read(
        self, path: str, body: Json, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        return self._send("POST", path, query, segments, body=body).body

    async def put(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        meanwhile, self.before_put = self.before_put, None
        if meanwhile is not None:
            await meanwhile()
        return self._send("PUT", path, query, segments, body=body).body

    async def delete(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        return self._send("DELETE", path, query, segments).body

    async def download(
        self, path: str, query: Query | None = None, /, *, limit: int, **segments: str | int
    ) -> Download:
        answer = self._send("GET", path, query, segments)
        content = answer.content or b""
        if len(content) > limit:
            raise TooLarge(f"The file has {len(content)} bytes; at most {limit} are read.")
        return Download(content=content, media_type=answer.headers.get("Content-Type", ""))

    async def upload(
        self,
        path: str,
        file: Upload,
        fields: Mapping[str, str] | None = None,
        query: Query | None = None,
        /,
        *,
        method: str = "POST",
        **segments: str | int,
    ) -> Json:
        return self._send(method, path, query, segments, file=file, fields=fields).body

    def _send(
        self,
        method: str,
        template: str,
        query: Query | None,
        segments: Mapping[str, str | int],
        *,
        body: Json = None,
        file: Upload | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> SandboxResponse:
        path = fill(template, segments)
        values = {name: _texts(value) for name, value in (query or {}).items() if value is not None}
        self.requests.append(
            Sent(method=method, path=path, query=values, body=body, file=file, fields=fields or {})
        )
        operation, parameters = self._operation(method, path)
        if not any(family <= self.scopes for family in operation.scopes):
            raise MissingScope(f"{method} {path} needs scopes", sorted(operation.scopes[0]))
        unknown = set(values) - operation.query
        assert not unknown, f"{method} {path} does not know {unknown}"
        answer = operation.handle(
            SandboxRequest(
                person=self.person,
                site=self.site,
                query=values,
                body=body,
                file=file,
                fields=fields or {},
            ),
            **parameters,
        )
        if answer.status >= 400:
            raise _error(answer)
        return answer

    def _operation(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        found = [
            (operation, parameters)
            for operation in self.emulator.operations
            if operation.method == method
            and (parameters := _match(operation.path, path)) is not None
        ]
        if not found:
            raise NotFound(f"There is no operation {method} {path}.")
        return min(found, key=lambda pair: len(pair[1]))


def _match(template: str, path: str) -> dict[str, str] | None:
    wanted, given = template.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    parameters: dict[str, str] = {}
    for hole, segment in zip(wanted, given, strict=True):
        if hole.startswith("{"):
            parameters[hole[1:-1]] = segment
        elif hole != segment:
            return None
    return parameters


def _texts(value: Any) -> list[str]:
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, (str, int, float)):
        return [str(value)]
    return [str(item) for item in value]


def _error(answer: SandboxResponse) -> ToolError:
    body = answer.body
    sentence = body["errors"][0]["title"] if "errors" in body else body["message"]
    match answer.status:
        case 403:
            return Forbidden(sentence)
        case 404:
            return NotFound(sentence)
        case 409:
            return Conflict(sentence)
        case _:
            return Rejected(sentence)
