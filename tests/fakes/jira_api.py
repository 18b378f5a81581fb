"""A Jira to test against: one person's Api over the product's own emulator, scopes enforced."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from facts.requests import check, scopes_allow

from telamon.plugin import (
    Conflict,
    Download,
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
    Upload,
    World,
)
from telamon.plugin.paths import fill
from telamon.plugin.testing import FakeCall, Request
from telamon_jira import register_product
from telamon_jira.client import Jira
from telamon_jira.sandbox.emulator import JiraEmulator
from telamon_jira.settings import JiraSettings

MISDESCRIBED = frozenset({"/rest/api/3/bulk/issues/move"})
"""Its schema requires two names that it does not have; its example has the right ones."""

NOW = 1_781_524_800.0
"""Monday, 15 June 2026, 12:00 UTC."""

ADA = Person(account_id="5b10a0000000000000000001", name="Ada Example", email="ada@example.com")
BEN = Person(account_id="5b10a0000000000000000002", name="Ben Example", email="ben@example.com")
FIRST = Site(
    cloud_id="11111111-1111-4111-8111-111111111111",
    url="https://first.example.com",
    name="First",
)
SECOND = Site(
    cloud_id="22222222-2222-4222-8222-222222222222",
    url="https://second.example.com",
    name="Second",
)


class FakeClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def query_texts(query: Query | None) -> dict[str, list[str]]:
    """Return query values as they travel."""
    texts: dict[str, list[str]] = {}
    for name, value in (query or {}).items():
        if value is None:
            continue
        many = [value] if isinstance(value, str | int | float) else list(value)
        texts[name] = [str(item).lower() if isinstance(item, bool) else str(item) for item in many]
    return texts


@dataclass(kw_only=True)
class JiraApi:
    """An Api that asks the emulator; ``tool_scopes`` limits it to what a tool declares."""

    emulator: JiraEmulator
    person: Person = ADA
    site: Site = FIRST
    scopes: frozenset[str] = field(
        default_factory=lambda: frozenset(scope.name for scope in register_product().scopes)
    )
    requests: list[Request] = field(default_factory=list[Request])

    @property
    def account_id(self) -> str:
        return self.person.account_id

    def _operation(self, method: str, path: str, query: Mapping[str, Any]) -> Operation:
        for operation in self.emulator.operations:
            if (operation.method, operation.path) == (method, path):
                unknown = query.keys() - operation.query
                assert not unknown, f"{method} {path} does not know {sorted(unknown)}"
                if not any(needed <= self.scopes for needed in operation.scopes):
                    raise MissingScope(f"{method} {path} needs more scopes", [])
                return operation
        raise AssertionError(f"the emulator has no {method} {path}")

    def ask(
        self,
        method: str,
        path: str,
        query: Query | None,
        segments: Mapping[str, str | int],
        *,
        body: Json = None,
        file: Upload | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> SandboxResponse:
        """Send one request and return the whole answer, or raise what the server's Api raises."""
        texts = query_texts(query)
        filled = fill(path, segments)
        operation = self._operation(method, path, texts)
        problems = check("jira", method, filled, texts, _recorded(body, file, fields))
        assert not problems or path in MISDESCRIBED, problems
        assert scopes_allow("jira", method, filled, self.scopes), f"scopes of {method} {path}"
        given = {name: value for name, value in (query or {}).items() if value is not None}
        self.requests.append(
            Request(method=method, template=path, path=filled, query=given, body=body, file=file)
        )
        request = SandboxRequest(
            person=self.person,
            site=self.site,
            query=texts,
            body=body,
            file=file,
            fields=fields or {},
        )
        parameters = {name: str(value) for name, value in segments.items()}
        response = operation.handle(request, **parameters)
        if response.status >= 400:
            raise failure(response)
        return response

    async def get(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        return self.ask("GET", path, query, segments).body

    async def post(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        return self.ask("POST", path, query, segments, body=body).body

    async def read(
        self, path: str, body: Json, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        return self.ask("POST", path, query, segments, body=body).body

    async def put(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        return self.ask("PUT", path, query, segments, body=body).body

    async def delete(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        return self.ask("DELETE", path, query, segments).body

    async def download(
        self, path: str, query: Query | None = None, /, *, limit: int, **segments: str | int
    ) -> Download:
        response = self.ask("GET", path, query, segments)
        content = response.content or b""
        if len(content) > limit:
            raise TooLarge(f"The file is larger than {limit} bytes.")
        return Download(content=content, media_type=response.headers["Content-Type"])

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
        return self.ask(method, path, query, segments, file=file, fields=fields).body


def _recorded(body: Json, file: Upload | None, fields: Mapping[str, str] | None) -> Any:
    return body if file is None else {"fields": dict(fields or {}), "file": file.filename}


def failure(response: SandboxResponse) -> Exception:
    """Return what the server's Api raises for an answer of Jira's."""
    body = response.body or {}
    errors = body.get("errors") or {}
    errors = {} if isinstance(errors, list) else errors  # a bulk request's are a list
    sentence = " ".join([*body.get("errorMessages", []), *errors.values()])
    kinds = {403: Forbidden, 404: NotFound}
    if response.status in kinds:
        return kinds[response.status](sentence)
    if response.status == 409:
        return Conflict(sentence, fields=errors)
    return Rejected(sentence, fields=errors)


@dataclass(kw_only=True)
class Sandbox:
    """An emulated Jira and the people who use it."""

    clock: FakeClock = field(default_factory=FakeClock)
    settings: JiraSettings = field(default_factory=JiraSettings)

    def __post_init__(self) -> None:
        self.emulator = JiraEmulator(
            World(people=(ADA, BEN), sites=(FIRST, SECOND), now=self.clock)
        )

    def api(self, person: Person = ADA, site: Site = FIRST) -> JiraApi:
        return JiraApi(emulator=self.emulator, person=person, site=site)

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        person: Person = ADA,
        site: Site = FIRST,
        call: FakeCall | None = None,
        api: JiraApi | None = None,
    ) -> Any:
        """Call a tool as the server does, with no more scopes than the tool declares."""
        tool = next(tool for tool in register_product().tools if tool.name == name)
        scopes = frozenset(scope.name for scope in tool.scopes)
        bound = replace(api or self.api(person, site), scopes=scopes)

        async def pause(_seconds: float) -> None:
            self.clock.now += 1

        client = Jira(api=bound, settings=self.settings, pause=pause)
        return await tool.call(client, call or FakeCall(), arguments or {})
