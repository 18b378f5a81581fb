"""Whose token this is: a bearer token in, a principal out, or the challenge that brings one.

RFC 6750 (bearer tokens), RFC 9728 section 5.1 (``resource_metadata``), MCP authorization.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from aiohttp import web

from telamon.addresses import Addresses
from telamon.atlassian.principal import Principal
from telamon.catalog import Catalog
from telamon.clock import Clock
from telamon.endpoint.desk import GrantSource
from telamon.endpoint.wire import Refused
from telamon.plugin import Site
from telamon.policy import Policy
from telamon.storage import Token, Unsealable
from telamon.storage.credentials import looks_valid
from telamon.storage.tokens import Tokens
from telamon.web.answers import json_answer, visible

_CREDENTIALS = re.compile(r"bearer +(?P<token>[A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_CACHE_SECONDS = 1.0
_CACHE_SIZE = 4096
_SCOPE_SETS = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """A principal, and the token to look at again while a stream stays open."""

    principal: Principal
    token: str = field(repr=False)


class Bearer:
    """Checks the bearer token of every request; tokens are remembered for at most one second."""

    def __init__(
        self,
        tokens: Tokens,
        grants: GrantSource,
        addresses: Addresses,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._tokens = tokens
        self._grants = grants
        self._addresses = addresses
        self._scopes = catalog.initial()
        self._policies = catalog.policies
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Principal | None]] = {}
        # An open stream keeps its principal; most of them have the same few sets of scopes.
        self._one: Callable[[tuple[str, ...]], frozenset[str]] = lru_cache(_SCOPE_SETS)(frozenset)

    async def admit(self, request: web.Request, resource: str) -> Admission:
        """Return on whose behalf *request* comes.

        *resource* is the endpoint's own URL; its metadata is what the challenge points to.

        Raises:
            Refused: 401 without ``error`` for no credentials, 401 ``invalid_token`` for a token
                that is not good here, 400 ``invalid_request`` for malformed credentials.
            StorageUnavailable: Nobody can tell just now.
        """
        if "access_token" in request.query:
            raise Refused(
                self._refuse(
                    resource, "invalid_token", "Send the token in the Authorization header."
                )
            )
        said = request.headers.getall("Authorization", ())
        if not any(value.lower().startswith("bearer") for value in said):
            raise Refused(self._challenge(resource, 401))
        found = _CREDENTIALS.fullmatch(said[0]) if len(said) == 1 else None
        if found is None:
            raise Refused(
                self._refuse(
                    resource, "invalid_request", "The Authorization header is malformed.", 400
                )
            )
        principal = await self.look_up(found["token"])
        if principal is None:
            raise Refused(
                self._refuse(resource, "invalid_token", "The access token is invalid or expired.")
            )
        return Admission(principal=principal, token=found["token"])

    async def look_up(self, token: str) -> Principal | None:
        """Return whose *token* is, or None if it is not good, or not good any more."""
        if not looks_valid("access", token):
            return None
        now = self._clock()
        key = sha256(token.encode()).digest()
        if (known := self._known.get(key)) and 0 <= now - known[0] < _CACHE_SECONDS:
            return known[1] if now < known[1].expires_at else None
        self._known.pop(key, None)
        # A client that comes back with all its streams at once asks the database once.
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(self._ask(key, token, now), name="look up token")
            self._asking[key] = asking
        return await asyncio.shield(asking)

    async def _ask(self, key: bytes, token: str, now: float) -> Principal | None:
        try:
            record = await self._tokens.access(token)
            if record is None or not self._good(record, now):
                return None
            scopes = self._one(record.scopes)
            principal = _principal(record, scopes, await self._policy(record))
            if self._asking.get(key) is asyncio.current_task():  # else it may be out of date
                self._known[key] = (now, principal)
                if len(self._known) > _CACHE_SIZE:
                    self._known.popitem(last=False)
            return principal
        finally:
            if self._asking.get(key) is asyncio.current_task():
                del self._asking[key]

    def forget(self, family_id: str | None = None) -> None:
        """Look the tokens of this family up again at their next use; those of all without one."""
        self._asking.clear()
        for key, (_, known) in list(self._known.items()):
            if family_id in {None, known.family_id}:
                del self._known[key]

    async def _policy(self, token: Token) -> Policy:
        family, email = token.family, None
        if self._policies.needs_email:
            try:
                grant = await self._grants.get(family.grant_id)
            except Unsealable:
                grant = None
            email = grant.email if grant else None
        return self._policies.of(family.account_id, email, family.site_url)

    def _good(self, token: Token, now: float) -> bool:
        family = token.family
        return (
            token.kind == "access"
            and now < min(token.expires_at, family.expires_at)
            and family.revoked_at is None
            and family.resource in {self._addresses.mcp, self._addresses.sse}
        )

    def lacks_scope(self, resource: str, scopes: Iterable[str], what: str) -> web.Response:
        """Answer 403 ``insufficient_scope``, naming every scope that *what* needs."""
        names = " ".join(scopes)
        description = f"{what} needs more than this token allows"
        return self._challenge(resource, 403, names, "insufficient_scope", description)

    def _refuse(
        self, resource: str, error: str, description: str, status: int = 401
    ) -> web.Response:
        return self._challenge(resource, status, None, error, description)

    def _challenge(
        self,
        resource: str,
        status: int,
        scope: str | None = None,
        error: str | None = None,
        description: str | None = None,
    ) -> web.Response:
        """Write the challenge, ``scope`` first: one client reads it without an anchor (D5)."""
        wanted = " ".join(self._scopes) if scope is None else scope
        parts = {
            "scope": wanted,
            "resource_metadata": self._addresses.resource_metadata(resource),
            "error": error,
            "error_description": visible(description) if description else None,
        }
        header = ", ".join(f'{name}="{value}"' for name, value in parts.items() if value)
        body = {"error": error or "unauthorized"}
        if description:
            body["error_description"] = visible(description)
        return json_answer(body, status=status, headers={"WWW-Authenticate": f"Bearer {header}"})


def _principal(token: Token, scopes: frozenset[str], policy: Policy) -> Principal:
    family = token.family
    return Principal(
        account_id=family.account_id,
        client_id=family.client_id,
        family_id=family.id,
        grant_id=family.grant_id,
        site=Site(cloud_id=family.cloud_id, url=family.site_url, name=family.site_name),
        scopes=scopes,
        policy=policy,
        expires_at=min(token.expires_at, family.expires_at),
    )
