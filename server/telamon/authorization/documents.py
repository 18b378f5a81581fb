"""Clients described by a document at their own ``client_id`` (Client ID Metadata Document).

A document is read at most once at a time, kept as its host says within bounds, and for a day more
where the host is down. One refused document is never remembered: it may be mended any moment.
Reading a known client's anew has a limit of its own, so that strangers with new ones are not in
its way.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, TypeGuard, cast
from urllib.parse import unquote

import structlog

from telamon.authorization.client_metadata import BadMetadata, is_public_host, read_metadata
from telamon.authorization.fetching import Fetched, Fetcher, FetchRefused, FetchUnavailable
from telamon.authorization.limit_hits import LimitHits
from telamon.authorization.redirects import RedirectRules
from telamon.clock import Clock
from telamon.plugin import ClientRegistered
from telamon.plugin.events import Announce
from telamon.settings import ClientSettings, LimitSettings
from telamon.storage import Client, Storage
from telamon.tasks import Tasks
from telamon.web.limits import Limiter

SHORTEST, USUAL, LONGEST = 300.0, 3600.0, 86_400.0
"""Bounds and default of how long a document is kept, in seconds."""
FETCHES_PER_CLIENT = 5
"""Of one that is known here already, per minute."""
FETCHES_PER_NETWORK = 20
FETCHES_PER_HOST = 5
FETCHES = 60
"""Of clients that are new here, per minute: for one caller, of one host, at all."""
_FETCHED_AT = "fetched_at"
_CLIENT_ID = re.compile(
    r"https://(?P<host>[a-z0-9.-]+)(?::(?P<port>\d{1,5}))?(?P<path>/[^?#]+)(?:\?[^#]*)?"
)
_PLAIN = re.compile(r"(?:[A-Za-z0-9\-._~:/?!$&'()*+,;=@]|%[0-9A-Fa-f]{2})+")
log = structlog.get_logger(__name__)


class DocumentRefused(Exception):
    """The client id or its document cannot be accepted."""


class DocumentUnavailable(Exception):
    """The document cannot be read just now; *seconds* later it may."""

    def __init__(self, seconds: float = 30.0) -> None:
        super().__init__("the client's metadata document cannot be read just now")
        self.seconds = seconds


class DocumentLimited(DocumentUnavailable):
    """Too many documents are asked for, of this host or at all."""


_Outcome = Client | DocumentRefused | DocumentUnavailable


def check_client_id(client_id: str) -> str:
    """Return the host of a client id that is a URL.

    It is compared as a string everywhere, so there is one way to write it: https, a public name in
    lower case, a path without dot segments, no default port, user or fragment.

    Raises:
        DocumentRefused: It is written in another way.
    """
    found = _CLIENT_ID.fullmatch(client_id)
    if found is None or not _PLAIN.fullmatch(client_id) or not is_public_host(found["host"]):
        raise DocumentRefused("the client id is not an https address with a public host and a path")
    port = found["port"]
    if port is not None and (port.startswith("0") or not 0 < int(port) < 65536 or port == "443"):
        raise DocumentRefused("the client id has a port that it should not have")
    if any(segment in (".", "..") for segment in re.split(r"[/\\]", unquote(found["path"]))):
        raise DocumentRefused("the client id has dot segments in its path")
    return found["host"]


class ClientDocuments:
    """Finds clients by their documents, and keeps these in the storage."""

    def __init__(
        self,
        *,
        storage: Storage,
        fetcher: Fetcher,
        rules: RedirectRules,
        settings: ClientSettings,
        limits: LimitSettings,
        limiter: Limiter,
        hits: LimitHits,
        tasks: Tasks,
        announce: Announce,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._fetcher = fetcher
        self._rules = rules
        self._settings = settings
        self._limits = limits
        self._limiter = limiter
        self._hits = hits
        self._tasks = tasks
        self._announce = announce
        self._clock = clock
        self._running: dict[str, asyncio.Task[_Outcome]] = {}

    async def client(self, client_id: str, network: str | None = None) -> Client | None:
        """Return the client that the document at *client_id* describes; None where switched off.

        Raises:
            DocumentRefused: The id or the document is no good.
            DocumentUnavailable: The document cannot be read, and no copy of a day is there.
        """
        if not self._settings.metadata_documents:
            return None
        host = check_client_id(client_id)
        if self._settings.metadata_document_hosts and (
            host not in self._settings.metadata_document_hosts
        ):
            raise DocumentRefused("clients of this host are not accepted")
        kept = await self._storage.clients.get(client_id)
        if self._is_fresh(kept):
            return kept
        now = self._clock()
        try:
            return await self._read_once(client_id, host, kept, network)
        except DocumentUnavailable:
            if kept is not None and now < float(kept.metadata.get(_FETCHED_AT, 0)) + LONGEST:
                return kept
            raise

    def _is_fresh(self, kept: Client | None) -> TypeGuard[Client]:
        return kept is not None and (kept.expires_at or 0) > self._clock()

    async def _read_once(
        self, client_id: str, host: str, kept: Client | None, network: str | None
    ) -> Client:
        running = self._running.get(client_id)
        if running is None:
            self._check_limits(client_id, host, kept, network)
            running = self._tasks.start(self._outcome(client_id, host, kept), name="document")
            self._running[client_id] = running
            running.add_done_callback(lambda _: self._running.pop(client_id, None))
        outcome = await asyncio.shield(running)
        if isinstance(outcome, Client):
            return outcome
        raise outcome

    async def _outcome(self, client_id: str, host: str, kept: Client | None) -> _Outcome:
        """Return what is raised: whoever waits hears of it, and it is no failure of the task."""
        try:
            # While this caller looked, a read that was under way may have kept it.
            kept = await self._storage.clients.get(client_id)
            return kept if self._is_fresh(kept) else await self._read(client_id, host, kept)
        except (DocumentRefused, DocumentUnavailable) as error:
            return error

    async def _read(self, client_id: str, host: str, kept: Client | None) -> Client:
        try:
            fetched = await self._fetcher.fetch(client_id)
            client = self._client(client_id, fetched)
        except FetchUnavailable as error:
            log.info("client.document.unavailable", host=host, reason=str(error))
            raise DocumentUnavailable from error
        except (FetchRefused, BadMetadata) as error:
            log.info("client.document.refused", host=host, reason=str(error))
            if kept is not None:
                await self._storage.clients.delete(client_id)
            raise DocumentRefused("the client's metadata document cannot be accepted") from error
        if kept is None and not await self._storage.clients.make_room(self._limits.clients):
            self._hits.tell("clients", host)
            raise DocumentLimited
        await self._storage.clients.add(client)
        if kept is None:
            targets = {self._rules.read(uri).target for uri in client.redirect_uris}
            self._announce(
                ClientRegistered(
                    client_id=client_id,
                    client_name=client.name,
                    redirect_hosts=tuple(sorted(targets)),
                )
            )
        return client

    def _check_limits(
        self, client_id: str, host: str, kept: Client | None, network: str | None
    ) -> None:
        """Take from one bucket after the other: who is refused by the first is no cost to others.

        Raises:
            DocumentLimited: One of them is empty.
        """
        if kept is not None:
            buckets = [("documents_of_client", client_id, FETCHES_PER_CLIENT)]
        else:
            buckets = [("documents_of_host", host, FETCHES_PER_HOST), ("documents", "all", FETCHES)]
            if network is not None:
                buckets.insert(0, ("documents_of_network", network, FETCHES_PER_NETWORK))
        for limit, key, per_minute in buckets:
            wait = self._limiter.take(limit, key, per_minute=per_minute)
            if wait is not None:
                self._hits.tell(limit, key)
                raise DocumentLimited(wait)

    def _client(self, client_id: str, fetched: Fetched) -> Client:
        said = fetched.content
        fields: Mapping[str, Any] = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
        if fields.get("client_id") != client_id:
            raise FetchRefused("the document names another client_id")
        if not fields.get("client_name"):
            raise FetchRefused("the document has no client_name")
        if "client_secret" in fields or "client_secret_expires_at" in fields:
            raise FetchRefused("the document has a client secret")
        metadata = read_metadata(fields, self._rules, ("none",))
        now = self._clock()
        age = USUAL if fetched.max_age is None else fetched.max_age
        return Client(
            client_id=client_id,
            kind="document",
            name=metadata.name,
            redirect_uris=metadata.redirect_uris,
            auth_method="none",
            scopes=(),
            metadata={**metadata.echo, _FETCHED_AT: now},
            created_at=now,
            last_used_at=now,
            authorised_at=None,
            expires_at=now + min(max(age, SHORTEST), LONGEST),
        )
