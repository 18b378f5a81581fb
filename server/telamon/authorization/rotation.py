"""A refresh token becomes its successor, once; Atlassian is never asked.

* *current*: a new pair, by one compare-and-swap, and the answer is kept sealed for the grace.
* *consumed, in its grace, successor unused, same scope*: the very same answer once more. Several
  processes of one client share a token file, and answers get lost.
* *consumed otherwise*: somebody holds a copy; the family is revoked.
* *unknown, expired, revoked, another client's, its Atlassian grant dead, or person or site no
  longer let in by the operator*: refused.
"""

import json
from typing import Any, cast

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # authlib ships no types
    InvalidGrantError,
)

from telamon.authorization.allowed import Allowed
from telamon.authorization.endings import Endings
from telamon.authorization.grants import Issued, SnapshotServer
from telamon.authorization.snapshot import ClientView, RefreshView, Request
from telamon.clock import Clock
from telamon.plugin import TokenIssued, TokenReused
from telamon.plugin.events import Announce
from telamon.settings import TokenSettings
from telamon.storage import Client, NewToken, Storage, Token, Unsealable
from telamon.storage.credentials import looks_valid


class Rotation:
    """The grant ``refresh_token``."""

    def __init__(
        self,
        *,
        storage: Storage,
        allowed: Allowed,
        endings: Endings,
        settings: TokenSettings,
        announce: Announce,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._allowed = allowed
        self._endings = endings
        self._settings = settings
        self._announce = announce
        self._clock = clock

    async def rotate(self, client: Client, request: Request) -> dict[str, Any]:
        """Return the token response.

        Raises:
            OAuth2Error: What the client is to be told.
        """
        text = request.form.get("refresh_token", "")
        token = await self._find(text, client)
        if token is not None and token.consumed_at is not None:
            return await self._again(token, request)
        live = token is not None and await self._may_go_on(token)
        view = RefreshView(token) if token is not None and live else None
        server = SnapshotServer(
            ClientView(client, token.family.scopes if token else ()),
            refresh=view,
            expires_in=self._settings.access_seconds,
        )
        issued = server.issue(request)
        if view is None:  # authlib has refused this already
            raise InvalidGrantError
        if await self._commit(text, view.token, issued):
            return issued.answer()
        token = await self._find(text, client)
        if token is None or token.consumed_at is None:
            raise InvalidGrantError
        return await self._again(token, request)

    async def _find(self, text: str, client: Client) -> Token | None:
        """Return the token if it is the client's and its family and it are within their time."""
        if not looks_valid("refresh", text):
            return None
        try:
            token = await self._storage.tokens.refresh(text)
        except Unsealable:
            return None
        now = self._clock()
        if (
            token is None
            or token.family.client_id != client.client_id
            or token.family.revoked_at is not None
            or min(token.expires_at, token.family.expires_at) <= now
        ):
            return None
        return token

    async def _may_go_on(self, token: Token) -> bool:
        """Tell whether the Atlassian grant is good, and person and site still let in."""
        try:
            grant = await self._storage.grants.get(token.family.grant_id)
        except Unsealable:
            return False
        return (
            grant is not None
            and grant.state == "active"
            and self._allowed.account(grant.email)
            and self._allowed.site(token.family.site_url)
        )

    async def _again(self, token: Token, request: Request) -> dict[str, Any]:
        """Answer to a consumed token: the same answer within its grace, else the end."""
        if (
            token.replay is not None
            and (token.grace_until or 0) > self._clock()
            and not token.successor_used
        ):
            answer = cast("dict[str, Any]", json.loads(token.replay))
            if set(_named(token, request)) == set(answer["scope"].split()):
                return answer
        family = token.family
        if await self._endings.revoke(family, "refresh_token_reused"):
            self._announce(
                TokenReused(
                    account_id=family.account_id, client_id=family.client_id, family_id=family.id
                )
            )
        raise InvalidGrantError("The refresh token was used before; its family is revoked.")

    async def _commit(self, text: str, token: Token, issued: Issued) -> bool:
        now, family = self._clock(), token.family
        rotated = await self._storage.tokens.rotate(
            text,
            access=NewToken(
                token=issued.access,
                scopes=issued.scopes,
                expires_at=min(now + issued.expires_in, family.expires_at),
            ),
            successor=NewToken(
                token=issued.refresh,
                scopes=token.scopes,
                expires_at=min(now + self._settings.refresh_idle_seconds, family.expires_at),
            ),
            replay=json.dumps(issued.answer()),
            grace_until=now + self._settings.refresh_grace_seconds,
            now=now,
        )
        if rotated:
            self._announce(
                TokenIssued(
                    account_id=family.account_id,
                    client_id=family.client_id,
                    family_id=family.id,
                    cloud_id=family.cloud_id,
                    scopes=issued.scopes,
                    refreshed=True,
                )
            )
        return rotated


def _named(token: Token, request: Request) -> list[str]:
    """Return what an access token for this request would hold."""
    named = request.form.get("scope")
    asked = token.scopes if named is None else named.split()
    return [scope for scope in asked if scope in token.family.scopes]
