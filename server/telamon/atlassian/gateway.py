"""The authenticated client that plugins get: one user, one site, one product, and no token."""

import asyncio
import json
import time
from collections.abc import Callable, Collection, Mapping
from io import BytesIO
from typing import Any

import aiohttp

from telamon.atlassian.calls import Caller, Outgoing, Patience
from telamon.atlassian.custody import Custody
from telamon.atlassian.faults import Asked
from telamon.atlassian.files import download_of, form_of
from telamon.atlassian.identity import CLOUD_ID
from telamon.atlassian.paths import address, check_template, encode_query
from telamon.atlassian.principal import Principal
from telamon.atlassian.timing import Pause
from telamon.clock import Clock
from telamon.plugin import AnyProduct, Api, Download, InvalidArgument, Json, Query, Site, Upload
from telamon.plugin.paths import fill
from telamon.settings import AtlassianSettings, LimitSettings

Segments = Mapping[str, str | int]
LARGE = 2**20
NO_CHECK = {"X-Atlassian-Token": "no-check"}
"""Says that no browser sent this; several writing operations refuse requests without it."""


class Gateway:
    """Makes an :class:`~telamon.plugin.Api` for whoever a call is made for."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        custody: Custody,
        settings: AtlassianSettings,
        limits: LimitSettings,
        clock: Clock = time.time,
        *,
        ticks: Clock = time.monotonic,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._http = http
        self._settings = settings
        self._limits = limits
        self._caller = Caller(
            http,
            custody,
            clock,
            ticks=ticks,
            patience=lambda: Patience(limits.retry_budget_seconds, pause),
        )

    def api(self, principal: Principal, product: AnyProduct, *, needs: Collection[str] = ()) -> Api:
        """Bind *product* to *principal*.

        *needs* are the scopes of the tool that will run; they are named to the user when Atlassian
        says that one is missing. Without them all of the product's are. Where the operator keeps
        the user within some containers, nothing else is reached.

        Raises:
            ValueError: The principal's cloud id is none, or the product cannot be kept so.
        """
        if not CLOUD_ID.fullmatch(principal.site.cloud_id):
            raise ValueError("the principal's cloud id is none")
        api = SiteApi(
            http=self._http,
            caller=self._caller,
            settings=self._settings,
            limit=self._limits.upstream_bytes,
            principal=principal,
            product=product,
            needs=tuple(sorted(needs or {scope.name for scope in product.scopes})),
        )
        only_in = principal.policy.of(product.name).only_in
        if not only_in:
            return api
        if product.containers is None:
            raise ValueError(f"{product.name} cannot be kept within {sorted(only_in)}")
        return product.containers.guarded(api, only_in)


class SiteApi:
    """One user's connection to one product on one site; see :class:`~telamon.plugin.Api`."""

    def __init__(
        self,
        *,
        http: aiohttp.ClientSession,
        caller: Caller,
        settings: AtlassianSettings,
        limit: int,
        principal: Principal,
        product: AnyProduct,
        needs: tuple[str, ...],
    ) -> None:
        self._http = http
        self._caller = caller
        self._settings = settings
        self._limit = limit
        self._principal = principal
        self._product = product
        self._needs = needs
        self._base = f"{settings.api_url}/ex/{product.gateway}/{principal.site.cloud_id}"

    @property
    def site(self) -> Site:
        """The site this connection is bound to."""
        return self._principal.site

    @property
    def account_id(self) -> str:
        """The Atlassian account id of the user whose connection this is."""
        return self._principal.account_id

    @property
    def scopes(self) -> frozenset[str]:
        """The names of the scopes that the connection's token holds."""
        return self._principal.scopes

    async def get(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        """GET and return the parsed JSON, or ``None`` for an empty body."""
        return await self._json("GET", path, query, segments, reads=True)

    async def post(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """POST *body* as JSON and return the parsed JSON, or ``None`` for an empty body."""
        return await self._json("POST", path, query, segments, body=body)

    async def read(
        self, path: str, body: Json, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """POST *body* to an operation that only reads (a search): retried like a ``get``."""
        return await self._json("POST", path, query, segments, body=body, reads=True)

    async def put(
        self, path: str, body: Json = None, query: Query | None = None, /, **segments: str | int
    ) -> Json:
        """PUT *body* as JSON and return the parsed JSON, or ``None`` for an empty body."""
        return await self._json("PUT", path, query, segments, body=body)

    async def delete(self, path: str, query: Query | None = None, /, **segments: str | int) -> Json:
        """DELETE and return the parsed JSON, or ``None`` for an empty body."""
        return await self._json("DELETE", path, query, segments)

    async def download(
        self, path: str, query: Query | None = None, /, *, limit: int, **segments: str | int
    ) -> Download:
        """GET a file of at most *limit* bytes; one redirect to a media host is followed."""
        outgoing = self._outgoing(
            "GET",
            path,
            query,
            segments,
            reads=True,
            limit=limit,
            headers={"Accept": "*/*"},
            redirects=True,
        )
        answered = await self._caller.send(self._principal, outgoing)
        return await download_of(self._http, self._settings, outgoing, answered)

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
        form = form_of(file, fields or {})
        outgoing = self._outgoing(method, path, query, segments, headers=NO_CHECK, data=form)
        return await self._caller.json(self._principal, outgoing)

    async def _json(
        self,
        method: str,
        path: str,
        query: Query | None,
        segments: Segments,
        *,
        body: Json = None,
        reads: bool = False,
    ) -> Json:
        headers = {} if method == "GET" else dict(NO_CHECK)
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = _sender(_encoded(body))
        outgoing = self._outgoing(
            method, path, query, segments, reads=reads, headers=headers, data=data
        )
        return await self._caller.json(self._principal, outgoing)

    def _outgoing(
        self,
        method: str,
        path: str,
        query: Query | None,
        segments: Segments,
        *,
        headers: Mapping[str, str],
        reads: bool = False,
        data: Callable[[], Any] | None = None,
        limit: int | None = None,
        redirects: bool = False,
    ) -> Outgoing:
        check_template(self._product, path)
        return Outgoing(
            asked=Asked(
                product=self._product,
                site=self.site,
                method=method,
                template=path,
                reads=reads,
                needs=self._needs,
            ),
            url=address(self._base, fill(path, segments), encode_query(query)),
            limit=self._limit if limit is None else limit,
            headers=headers,
            data=data,
            redirects=redirects,
        )


def _sender(encoded: bytes) -> Callable[[], Any]:
    """Return what makes a body for each try; a large one is written in pieces, not in one go."""
    return lambda: encoded if len(encoded) < LARGE else BytesIO(encoded)


def _encoded(body: Json) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise InvalidArgument("An argument is not valid Unicode text.") from None
