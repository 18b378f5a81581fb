"""Dynamic client registration (RFC 7591). What was registered cannot be changed, only replaced."""

import secrets

from aiohttp import web

from telamon.authorization.client_metadata import BadMetadata, ClientMetadata, read_metadata
from telamon.authorization.limit_hits import LimitHits
from telamon.authorization.metadata import AUTH_METHODS
from telamon.authorization.redirects import RedirectRules
from telamon.clock import Clock
from telamon.plugin import ClientRegistered, Json
from telamon.plugin.events import Announce
from telamon.settings import LimitSettings, ListenSettings
from telamon.storage import Client, Storage
from telamon.storage.credentials import new_secret
from telamon.web.answers import json_answer, oauth_error
from telamon.web.body import BadJson, parse_json, read_body
from telamon.web.limits import Limiter, client_network, too_many

LARGEST = 16 * 1024
_PER_DAY = 100
_PER_MINUTE_OF_ALL, _BURST_OF_ALL = 60, 1000
"""Recovers in minutes: a flood from many networks must not shut everybody out for a day."""
_DEPTH = 8


class Registration:
    """The endpoint ``POST /register``."""

    def __init__(
        self,
        *,
        storage: Storage,
        rules: RedirectRules,
        limits: LimitSettings,
        listen: ListenSettings,
        limiter: Limiter,
        hits: LimitHits,
        announce: Announce,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._rules = rules
        self._limits = limits
        self._proxies = listen.trusted_proxies
        self._limiter = limiter
        self._hits = hits
        self._announce = announce
        self._clock = clock

    async def register(self, request: web.Request) -> web.Response:
        """Register a client and answer 201 with all that was registered (section 3.2.1)."""
        wait = self._over_limit(client_network(request, self._proxies))
        if wait is not None:
            return too_many(wait)
        raw = await read_body(request, limit=LARGEST, seconds=self._limits.body_seconds)
        try:
            metadata = read_metadata(parse_json(raw, depth=_DEPTH), self._rules, AUTH_METHODS)
        except BadJson as error:
            return oauth_error("invalid_client_metadata", str(error))
        except BadMetadata as error:
            return oauth_error(error.error, str(error))
        return await self._add(metadata)

    def _over_limit(self, network: str) -> float | None:
        per_minute = self._limits.registrations_per_minute
        buckets = (
            ("registrations", network, per_minute, None),
            ("registrations_of_day", network, _PER_DAY / 1440, _PER_DAY),
            ("registrations_of_all", "all", _PER_MINUTE_OF_ALL, _BURST_OF_ALL),
        )
        for limit, key, rate, burst in buckets:
            wait = self._limiter.take(limit, key, per_minute=rate, burst=burst)
            if wait is not None:
                self._hits.tell(limit, "register")
                return wait
        return None

    async def _add(self, metadata: ClientMetadata) -> web.Response:
        if not await self._storage.clients.make_room(self._limits.clients):
            self._hits.tell("clients", "register")
            return oauth_error(
                "temporarily_unavailable",
                "This server has as many clients as it takes.",
                status=503,
                headers={"Retry-After": "3600"},
            )
        now = self._clock()
        client = Client(
            client_id=secrets.token_urlsafe(24),
            kind="dynamic",
            name=metadata.name,
            redirect_uris=metadata.redirect_uris,
            auth_method=metadata.auth_method,
            scopes=(),
            metadata=metadata.echo,
            created_at=now,
            last_used_at=now,
            authorised_at=None,
            expires_at=None,
        )
        secret = None if client.auth_method == "none" else new_secret("client")
        await self._storage.clients.add(client, secret=secret)
        targets = {self._rules.read(uri).target for uri in client.redirect_uris}
        self._announce(
            ClientRegistered(
                client_id=client.client_id,
                client_name=client.name,
                redirect_hosts=tuple(sorted(targets)),
            )
        )
        return json_answer(_information(client, secret), status=201)


def _information(client: Client, secret: str | None) -> dict[str, Json]:
    """Return the client information response; the secret stands in it once and never expires."""
    issued: dict[str, Json] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at),
    }
    if secret is not None:
        issued |= {"client_secret": secret, "client_secret_expires_at": 0}
    return {**client.metadata, **issued}
