"""Atlassian's side of OAuth 2.0 (3LO): codes, rotating refresh tokens, access tokens.

Rules (Atlassian, "OAuth 2.0 (3LO) apps"): one grant per app and account, a later consent replaces
its scopes; each refresh disables the refresh token used, which is accepted again within a leeway;
after that its reuse is taken for theft and ends the whole family.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from secrets import compare_digest, token_urlsafe
from typing import cast

from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped]  # ships no types
    create_s256_code_challenge,  # pyright: ignore[reportUnknownVariableType]  # ships no types
)

from telamon.sandbox.switches import Board

CODE_SECONDS = 300


class Refused(Exception):
    """The token endpoint refuses: status, ``error`` and ``error_description`` as measured."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": description}


@dataclass(kw_only=True, slots=True)
class Consent:
    """The one grant of an account: what the latest consent allows."""

    account_id: str
    scopes: frozenset[str]
    cloud_ids: frozenset[str]


@dataclass(kw_only=True, slots=True, eq=False)
class Family:
    """All tokens that came from one code."""

    consent: Consent
    alive: bool = True


@dataclass(kw_only=True, slots=True)
class Code:
    """An authorization code on its way."""

    consent: Consent
    redirect_uri: str
    challenge: str | None
    expires_at: float


@dataclass(kw_only=True, slots=True)
class Access:
    """An access token: good for what it was issued with and its consent still allows."""

    family: Family
    scopes: frozenset[str]
    expires_at: float


@dataclass(kw_only=True, slots=True)
class Refresh:
    """A refresh token, and when it was first used."""

    family: Family
    used_at: float | None = None


@dataclass(kw_only=True, slots=True)
class Counts:
    """How often the token endpoint did what."""

    exchanges: int = 0
    refreshes: int = 0
    reuses: int = 0
    breaches: int = 0


@dataclass(slots=True)
class Grants:
    """Everything the identity part remembers; in memory only."""

    board: Board
    consents: dict[str, Consent] = field(default_factory=dict[str, Consent])
    codes: dict[str, Code] = field(default_factory=dict[str, Code])
    access: dict[str, Access] = field(default_factory=dict[str, Access])
    refresh: dict[str, Refresh] = field(default_factory=dict[str, Refresh])
    counts: Counts = field(default_factory=Counts)

    def consent(
        self,
        account_id: str,
        *,
        scopes: Collection[str],
        cloud_ids: Collection[str],
        redirect_uri: str,
        challenge: str | None,
    ) -> str:
        """Record a consent and return its code."""
        given = frozenset(scopes) - set(self.board.now.withhold_scopes)
        consent = self.consents.get(account_id)
        if consent is None:
            consent = Consent(account_id=account_id, scopes=given, cloud_ids=frozenset(cloud_ids))
            self.consents[account_id] = consent
        else:
            consent.scopes = given
            consent.cloud_ids |= frozenset(cloud_ids)
            if self.board.now.later_consent_ends_earlier:
                self._end(account_id)
        code = token_urlsafe(48)
        self.codes[code] = Code(
            consent=consent,
            redirect_uri=redirect_uri,
            challenge=challenge,
            expires_at=self.board.time() + CODE_SECONDS,
        )
        return code

    def redeem(self, code: str, redirect_uri: str, verifier: str | None) -> dict[str, object]:
        """Answer ``authorization_code``."""
        found = self.codes.pop(code, None)
        if (
            found is None
            or found.expires_at < self.board.time()
            or found.redirect_uri != redirect_uri
            or not _verified(found.challenge, verifier)
        ):
            raise Refused(403, "invalid_grant", "Invalid authorization code")
        self.counts.exchanges += 1
        return self._answer(Family(consent=found.consent), rotating=True)

    def rotate(self, refresh_token: str) -> dict[str, object]:
        """Answer ``refresh_token``."""
        found = self.refresh.get(refresh_token)
        if found is None:
            raise Refused(403, "unauthorized_client", "refresh_token is invalid")
        if not found.family.alive:
            raise Refused(403, "invalid_grant", "Unknown or invalid refresh token.")
        self.counts.refreshes += 1
        if not self.board.now.rotation:
            return self._answer(found.family, rotating=False)
        now = self.board.time()
        if found.used_at is not None:
            if now - found.used_at > self.board.now.leeway_seconds:
                found.family.alive = False
                self.counts.breaches += 1
                raise Refused(403, "invalid_grant", "Unknown or invalid refresh token.")
            self.counts.reuses += 1
        else:
            found.used_at = now
        return self._answer(found.family, rotating=True)

    def bearer(self, token: str) -> tuple[Consent, frozenset[str]] | None:
        """Return whose token it is and what it may do now, or ``None``."""
        found = self.access.get(token)
        if found is None or not found.family.alive or found.expires_at <= self.board.time():
            return None
        return found.family.consent, found.scopes & found.family.consent.scopes

    def revoke_app(self) -> None:
        """Every user removes the app from the connected apps."""
        for account_id in list(self.consents):
            self._end(account_id)
            del self.consents[account_id]

    def expire_access_tokens(self) -> None:
        """End every access token, so that the next call has to refresh."""
        self.access.clear()

    def reset(self) -> None:
        """Forget everything."""
        for memory in (self.consents, self.codes, self.access, self.refresh):
            memory.clear()
        self.counts = Counts()

    def _end(self, account_id: str) -> None:
        families = [token.family for token in self.refresh.values()]
        families += [token.family for token in self.access.values()]
        for family in families:
            if family.consent.account_id == account_id:
                family.alive = False

    def _answer(self, family: Family, *, rotating: bool) -> dict[str, object]:
        switches = self.board.now
        scopes = family.consent.scopes - set(switches.withhold_scopes)
        access_token = token_urlsafe(64)
        self.access[access_token] = Access(
            family=family,
            scopes=scopes,
            expires_at=self.board.time() + switches.access_token_seconds * switches.clock_scale,
        )
        answer: dict[str, object] = {
            "access_token": access_token,
            "expires_in": switches.access_token_seconds,
            "token_type": "Bearer",
            "scope": " ".join(sorted(scopes)),
        }
        if rotating and "offline_access" in scopes:
            refresh_token = token_urlsafe(64)
            self.refresh[refresh_token] = Refresh(family=family)
            answer["refresh_token"] = refresh_token
        return {
            name: value
            for name, value in {**answer, **switches.token_answer}.items()
            if value is not None
        }


def _verified(challenge: str | None, verifier: str | None) -> bool:
    if challenge is None:
        return True
    return verifier is not None and compare_digest(_s256(verifier), challenge)


def _s256(verifier: str) -> str:
    return cast("str", create_s256_code_challenge(verifier))
