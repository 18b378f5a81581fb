"""A code becomes the first token pair of its family, once.

* A code of another client, or for another redirect URI or resource, is not touched.
* A wrong verifier counts; the fifth one ends the code.
* A code that comes a second time ends its family (RFC 6749, section 4.1.2).
"""

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # authlib ships no types
    InvalidGrantError,
    InvalidScopeError,
)

from telamon.authorization.endings import Endings
from telamon.authorization.grants import Issued, SnapshotServer, WrongVerifier
from telamon.authorization.snapshot import ClientView, CodeView, Request
from telamon.clock import Clock
from telamon.plugin import CodeReplayed, TokenIssued
from telamon.plugin.events import Announce
from telamon.settings import TokenSettings
from telamon.storage import Client, Code, NewToken, Storage
from telamon.storage.credentials import looks_valid

MOST_ATTEMPTS = 5


class Redemption:
    """The grant ``authorization_code``."""

    def __init__(
        self,
        *,
        storage: Storage,
        endings: Endings,
        settings: TokenSettings,
        announce: Announce,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._endings = endings
        self._settings = settings
        self._announce = announce
        self._clock = clock

    async def redeem(self, client: Client, request: Request) -> dict[str, Any]:
        """Return the token response.

        Raises:
            OAuth2Error: What the client is to be told.
        """
        text = request.form.get("code", "")
        code = await self._storage.tokens.code(text) if looks_valid("code", text) else None
        view = None
        if code is not None and code.family.client_id == client.client_id:
            if code.consumed_at is not None:
                raise await self._replayed(code)
            if self._is_live(code):
                view = CodeView(
                    code,
                    _named(request.form, code),
                    redirect_uri_needed=code.redirect_uri_given or "redirect_uri" in request.form,
                )
        granted = view.code.family.scopes if view else ()
        server = SnapshotServer(
            ClientView(client, granted), code=view, expires_in=self._settings.access_seconds
        )
        try:
            issued = server.issue(request)
        except WrongVerifier:
            await self._storage.tokens.count_attempt(text)
            raise
        if view is None:  # authlib has refused this already
            raise InvalidGrantError
        return await self._commit(text, view.code, issued)

    def _is_live(self, code: Code) -> bool:
        return (
            code.expires_at > self._clock()
            and code.attempts < MOST_ATTEMPTS
            and code.family.revoked_at is None
        )

    async def _commit(self, text: str, code: Code, issued: Issued) -> dict[str, Any]:
        now, family = self._clock(), code.family
        redeemed = await self._storage.tokens.redeem(
            text,
            access=NewToken(
                token=issued.access,
                scopes=issued.scopes,
                expires_at=min(now + issued.expires_in, family.expires_at),
            ),
            refresh=NewToken(
                token=issued.refresh,
                # What the client may name when it refreshes, ticked by the user or not.
                scopes=code.scopes,
                expires_at=min(now + self._settings.refresh_idle_seconds, family.expires_at),
            ),
            now=now,
        )
        if not redeemed:
            raise await self._replayed(code)
        self._announce(
            TokenIssued(
                account_id=family.account_id,
                client_id=family.client_id,
                family_id=family.id,
                cloud_id=family.cloud_id,
                scopes=issued.scopes,
                refreshed=False,
            )
        )
        return issued.answer()

    async def _replayed(self, code: Code) -> InvalidGrantError:
        if await self._endings.revoke(code.family, "code_replayed"):
            self._announce(CodeReplayed(client_id=code.family.client_id, family_id=code.family.id))
        return InvalidGrantError("The code was used before; its tokens are revoked.")


def _named(form: Mapping[str, str], code: Code) -> str:
    """Return the scopes of the first access token, which may be fewer than were asked for."""
    named = form.get("scope")
    if named is None:
        return " ".join(code.scopes)
    if not named.strip() or not set(named.split()) <= set(code.scopes):
        raise InvalidScopeError
    return named
