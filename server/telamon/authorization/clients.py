"""Which client a ``client_id`` means: configured, registered, or described by its own document."""

import hmac
from collections import Counter
from collections.abc import Mapping

from telamon.authorization.client_metadata import clean_name
from telamon.authorization.documents import ClientDocuments
from telamon.authorization.redirects import NEVER, BadRedirect, RedirectRules
from telamon.clock import Clock
from telamon.settings import ClientSettings, ConfiguredClient
from telamon.storage import Client, Storage

UNUSED_SECONDS = 86_400.0
"""A registered client that nobody ever approved is gone after a day."""
IDLE_SECONDS = 90 * 86_400.0
_LONGEST_ID = 2048


def client_faults(settings: ClientSettings) -> list[str]:
    """Return what in *settings* can never be used, by the rules that hold for every client."""
    rules, found = RedirectRules(settings), list[str]()
    for scheme in settings.custom_schemes:
        if scheme in NEVER:
            found.append(f"clients.custom_schemes: {scheme} is never a redirect URI's scheme")
    for number, client in enumerate(settings.configured):
        for uri in client.redirect_uris:
            try:
                rules.read(uri)
            except BadRedirect as error:
                found.append(f"clients.configured.{number}.redirect_uris: {uri!r}: {error}")
    times = Counter(client.client_id for client in settings.configured)
    found += [
        f"clients.configured: {name!r} stands there twice" for name in times - Counter(set(times))
    ]
    return found


class ClientDirectory:
    """Finds clients. Configured ones live in the configuration alone."""

    def __init__(
        self,
        *,
        storage: Storage,
        documents: ClientDocuments,
        settings: ClientSettings,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._documents = documents
        self._configured: Mapping[str, ConfiguredClient] = {
            client.client_id: client for client in settings.configured
        }
        self._clock = clock

    async def find(self, client_id: str, network: str | None = None) -> Client | None:
        """Return the live client of this id.

        *network* is that of a stranger who names it, and who has it found out: reading documents
        that are new here is limited for each.

        Raises:
            DocumentRefused: It has a metadata document, and that is no good.
            DocumentUnavailable: Its document cannot be read just now.
        """
        if not 0 < len(client_id) <= _LONGEST_ID:
            return None
        if client_id in self._configured:
            return _configured(self._configured[client_id])
        if client_id.startswith(("https:", "http:")):
            return await self._documents.client(client_id, network)
        client = await self._storage.clients.get(client_id)
        return client if client and is_alive(client, self._clock()) else None

    async def name_of(self, client_id: str) -> str:
        """Return what to call a client that may be gone, without reading its document anew."""
        if client_id in self._configured:
            return clean_name(self._configured[client_id].name)
        client = await self._storage.clients.get(client_id)
        return (client.name if client else "") or clean_name(client_id)

    async def secret_matches(self, client: Client, secret: str) -> bool:
        """Tell whether *secret* is the client's, in constant time; an expired one is not."""
        configured = self._configured.get(client.client_id)
        if configured is not None:
            kept = configured.client_secret
            return kept is not None and hmac.compare_digest(
                kept.get_secret_value().encode(), secret.encode()
            )
        if client.expires_at is not None and client.expires_at <= self._clock():
            return False
        return await self._storage.clients.secret_matches(client.client_id, secret)


def is_alive(client: Client, now: float) -> bool:
    """Tell whether a registered client still counts, purged already or not."""
    if client.authorised_at is None:
        return now < client.created_at + UNUSED_SECONDS
    return now < client.last_used_at + IDLE_SECONDS


def _configured(client: ConfiguredClient) -> Client:
    return Client(
        client_id=client.client_id,
        kind="configured",
        name=clean_name(client.name),
        redirect_uris=client.redirect_uris,
        # Either way of presenting the secret is fine for a client that an operator entered.
        auth_method="client_secret_post" if client.client_secret else "none",
        scopes=(),
        metadata={},
        created_at=0.0,
        last_used_at=0.0,
        authorised_at=0.0,
        expires_at=None,
    )
