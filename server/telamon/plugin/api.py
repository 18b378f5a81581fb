"""The authenticated client a plugin receives: requests in, JSON out, no tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Json = Any
"""Parsed JSON. Atlassian's answers are not validated: their documents describe them too loosely."""

QueryValue = str | int | float | bool | Sequence[str] | Sequence[int] | None
Query = Mapping[str, QueryValue]
"""Query values by name. ``None`` is left out, booleans are ``true``/``false``, sequences repeat the
name; join with commas yourself where the operation wants that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """One Atlassian Cloud site, as ``accessible-resources`` names it.

    ``url`` is the browser address without a trailing slash; links are built from it.
    """

    cloud_id: str
    url: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """A file's content, read whole within the cap. ``media_type`` is what Atlassian said of it."""

    content: bytes
    media_type: str
    filename: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file to send as one multipart part."""

    content: bytes
    filename: str
    media_type: str = "application/octet-stream"


class Api(Protocol):
    """One user's connection to one product on one Atlassian site.

    *path* is the REST operation's own path template, beginning with one of the product's
    ``api_roots``: ``"/rest/api/3/issue/{issueIdOrKey}"``. Each ``{name}`` is filled from the
    keyword arguments, percent-encoded as one path segment.

    Every method raises :class:`~telamon.plugin.errors.ToolError` subclasses: ``InvalidArgument``
    (a segment is empty, ``.`` or ``..``), ``Rejected``, ``Conflict``, ``NotFound``, ``Forbidden``,
    ``MissingScope``, ``SignInAgain``, ``RateLimited``, ``Unavailable``, ``TooLarge``. Reads are
    retried within a budget; writes never are.
    """

    @property
    def site(self) -> Site:
        """The site this connection is bound to."""
        ...

    @property
    def account_id(self) -> str:
        """The Atlassian account id of the user whose connection this is."""
        ...

    @property
    def scopes(self) -> frozenset[str]:
        """The names of the scopes that the connection's token holds."""
        ...

    async def get(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        """GET and return the parsed JSON, or ``None`` for an empty body."""
        ...

    async def post(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """POST *body* as JSON and return the parsed JSON, or ``None`` for an empty body."""
        ...

    async def read(
        self, path: str, body: Json, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """POST *body* to an operation that only reads (a search): retried like a ``get``."""
        ...

    async def put(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """PUT *body* as JSON and return the parsed JSON, or ``None`` for an empty body."""
        ...

    async def delete(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        """DELETE and return the parsed JSON, or ``None`` for an empty body."""
        ...

    async def download(
        self, path: str, query: Query | None = None, /, *, limit: int, **segments: str | int
    ) -> Download:
        """GET a file of at most *limit* bytes; one redirect to a media host is followed."""
        ...

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
        """Send *file* as the multipart field ``file``, with *fields* beside it."""
        ...
