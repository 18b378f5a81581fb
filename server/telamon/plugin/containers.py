"""Keep a product within the projects, spaces or the like that the operator allows.

The limit stands where requests leave the plugin, not in each tool: whatever a tool, a resource, a
prompt, ``search`` or ``fetch`` asks passes the product's guard, and so does every answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from telamon.plugin.api import Api, Download, Json, Query, Site, Upload


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """One request on its way: *path* is the operation's template, *body* JSON or form fields."""

    method: str
    path: str
    query: Query
    segments: Mapping[str, str | int]
    body: Json = None


class Guard(Protocol):
    """Lets nothing through that is outside the allowed containers.

    A guard knows operations, not tools. **What it does not know it refuses**, so that a new tool
    cannot slip past it.
    """

    async def outgoing(self, asking: Asking) -> Asking:
        """Return the request as it may be sent, e.g. with a search narrowed.

        Raises:
            NotFound: It is about something outside; in the words for what does not exist.
            Forbidden: The operation cannot be kept within the allowed containers.
        """
        ...

    def incoming(self, asking: Asking, answer: Json) -> Json:
        """Return the answer without what lies outside.

        Raises:
            NotFound: The thing that was asked for lies outside.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Containers:
    """What an operator may limit a product to (``policy.products.<name>.only_in``).

    Attributes:
        noun: What they are to people, in the plural: ``projects``, ``spaces``.
        key: The pattern of a key; a configuration with another one is refused at the start.
        guard: Builds the guard of one connection from its unguarded Api and the allowed keys; the
            guard may ask that Api what a thing belongs to. Does no I/O itself.
    """

    noun: str
    key: str
    guard: Callable[[Api, frozenset[str]], Guard] = field(repr=False)

    def guarded(self, api: Api, allowed: frozenset[str]) -> Api:
        """Return *api* kept within the containers whose keys are *allowed*."""
        return GuardedApi(api, self.guard(api, allowed))


class GuardedApi:
    """An :class:`~telamon.plugin.Api` whose requests and answers pass a guard."""

    def __init__(self, api: Api, guard: Guard) -> None:
        self._api = api
        self._guard = guard

    @property
    def site(self) -> Site:
        """The site this connection is bound to."""
        return self._api.site

    @property
    def account_id(self) -> str:
        """The Atlassian account id of the user whose connection this is."""
        return self._api.account_id

    @property
    def scopes(self) -> frozenset[str]:
        """The names of the scopes that the connection's token holds."""
        return self._api.scopes

    async def get(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        """GET within the allowed containers."""
        asked = await self._allowed("GET", path, query, segments)
        return self._cleared(asked, await self._api.get(asked.path, asked.query, **asked.segments))

    async def post(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """POST within the allowed containers."""
        asked = await self._allowed("POST", path, query, segments, body)
        answer = await self._api.post(asked.path, asked.body, asked.query, **asked.segments)
        return self._cleared(asked, answer)

    async def read(
        self, path: str, body: Json, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """POST to an operation that only reads, within the allowed containers."""
        asked = await self._allowed("POST", path, query, segments, body)
        answer = await self._api.read(asked.path, asked.body, asked.query, **asked.segments)
        return self._cleared(asked, answer)

    async def put(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """PUT within the allowed containers."""
        asked = await self._allowed("PUT", path, query, segments, body)
        answer = await self._api.put(asked.path, asked.body, asked.query, **asked.segments)
        return self._cleared(asked, answer)

    async def delete(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        """DELETE within the allowed containers."""
        asked = await self._allowed("DELETE", path, query, segments)
        answer = await self._api.delete(asked.path, asked.query, **asked.segments)
        return self._cleared(asked, answer)

    async def download(
        self, path: str, query: Query | None = None, /, *, limit: int, **segments: str | int
    ) -> Download:
        """Download within the allowed containers; a file's content is not looked at."""
        asked = await self._allowed("GET", path, query, segments)
        return await self._api.download(asked.path, asked.query, limit=limit, **asked.segments)

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
        """Upload within the allowed containers."""
        asked = await self._allowed(method, path, query, segments, dict(fields or {}))
        answer = await self._api.upload(
            asked.path, file, asked.body, asked.query, method=method, **asked.segments
        )
        return self._cleared(asked, answer)

    async def _allowed(
        self,
        method: str,
        path: str,
        query: Query | None,
        segments: Mapping[str, str | int],
        body: Json = None,
    ) -> Asking:
        asking = Asking(
            method=method, path=path, query=dict(query or {}), segments=dict(segments), body=body
        )
        allowed = await self._guard.outgoing(asking)
        # A guard narrows what is asked; another operation than the one it judged is none of that.
        return replace(allowed, method=method, path=path)

    def _cleared(self, asking: Asking, answer: Json) -> Json:
        return self._guard.incoming(asking, answer)
