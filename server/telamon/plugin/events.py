"""Everything the server announces, as frozen values; audit log and metrics are built on them.

No event carries free text of an issue or page, a token, a code or a secret.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientRegistered:
    """A client registered itself (RFC 7591) or was first seen by its metadata document."""

    client_id: str
    client_name: str
    redirect_hosts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentGiven:
    """A person approved or denied a client on our consent page."""

    client_id: str
    client_name: str
    redirect_host: str
    approved: bool
    scopes: tuple[str, ...]
    account_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionChanged:
    """A browser session of an account began or ended."""

    account_id: str
    began: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeIssued:
    """An authorization code was made for a client."""

    account_id: str
    client_id: str
    family_id: str
    cloud_id: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeReplayed:
    """A code was presented twice; its token family is revoked."""

    client_id: str
    family_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenIssued:
    """A token pair was issued; *refreshed* tells a rotation from a first pair."""

    account_id: str
    client_id: str
    family_id: str
    cloud_id: str
    scopes: tuple[str, ...]
    refreshed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenReused:
    """A rotated refresh token came back after its grace; the family is revoked."""

    account_id: str
    client_id: str
    family_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TokensRevoked:
    """A token family ended: by its client, its user, an administrator, or a fault."""

    account_id: str
    client_id: str
    family_id: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantChanged:
    """An Atlassian grant was ``created``, ``refreshed``, found ``needs_reauth``, or ``deleted``."""

    account_id: str
    grant_id: str
    change: str
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCalled:
    """A tool ran. ``outcome`` is ``ok``, ``tool_error``, ``protocol_error`` or ``cancelled``."""

    tool: str
    product: str
    access: str
    account_id: str
    client_id: str
    cloud_id: str
    seconds: float
    outcome: str
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitHit:
    """Somebody reached a limit; *key* says whose, without an address."""

    limit: str
    key: str


Event = (
    ClientRegistered
    | ConsentGiven
    | SessionChanged
    | CodeIssued
    | CodeReplayed
    | TokenIssued
    | TokenReused
    | TokensRevoked
    | GrantChanged
    | ToolCalled
    | LimitHit
)

Announce = Callable[[Event], None]
"""Tells every listener; never raises and never waits."""
