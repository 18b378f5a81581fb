"""What Atlassian's identity endpoints say: values, errors, and how raw answers become them.

Sources: Atlassian, "OAuth 2.0 (3LO) apps"; refusals as measured against the live token endpoint.
"""

import math
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog

from telamon.atlassian.reading import as_list, as_object, is_array, is_object
from telamon.plugin import Json, Site

log = structlog.get_logger(__name__)

SHORTEST, LONGEST, USUAL = 60.0, 86_400.0, 3600.0
"""Bounds and default of an access token's life in seconds, whatever ``expires_in`` claims."""
CLOUD_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_ACCOUNT_ID = re.compile(r"[A-Za-z0-9:._-]{1,128}")


class GrantRefused(Exception):
    """The code or the refresh token is no good; only the user's consent helps."""


class AppRefused(Exception):
    """Our client id, secret or registration is refused; the operator has to mend it.

    *ambiguous*: an earlier try of the same request may have been carried out all the same.
    """

    ambiguous = False


class AtlassianUnavailable(Exception):
    """No usable answer. *ambiguous*: the request may have been carried out all the same."""

    def __init__(self, reason: str, *, ambiguous: bool = True) -> None:
        super().__init__(reason)
        self.ambiguous = ambiguous


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Who signed in, as ``/me`` says."""

    account_id: str
    name: str
    email: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReachableSite:
    """A site the grant reaches, and the scopes Atlassian lists for it."""

    site: Site
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenAnswer:
    """A token response. ``refresh_token`` is ``None`` when Atlassian sent none: keep the old."""

    access_token: str
    refresh_token: str | None
    expires_in: float
    scopes: tuple[str, ...]

    def __repr__(self) -> str:
        """Show no token."""
        return f"TokenAnswer(expires_in={self.expires_in}, scopes={self.scopes})"


def token_answer(body: Json) -> TokenAnswer:
    """Read a 200 of the token endpoint; a lifetime that makes no sense is bounded."""
    fields = _mapping(body)
    access_token = fields.get("access_token")
    if not isinstance(access_token, str) or not access_token.isascii() or not access_token:
        raise AtlassianUnavailable("the token answer has no access_token")
    refresh_token = fields.get("refresh_token")
    scope = fields.get("scope")
    return TokenAnswer(
        access_token=access_token,
        refresh_token=refresh_token if isinstance(refresh_token, str) and refresh_token else None,
        expires_in=_lifetime(fields.get("expires_in")),
        scopes=tuple(scope.split()) if isinstance(scope, str) else (),
    )


def _lifetime(claimed: Any) -> float:
    try:
        seconds = float(claimed)
    except (TypeError, ValueError, OverflowError):
        return USUAL
    return USUAL if math.isnan(seconds) else min(max(seconds, SHORTEST), LONGEST)


def token_refusal(status: int, body: Json) -> Exception:
    """Tell a dead grant from a wrong secret from an outage.

    Measured: 403 ``unauthorized_client`` for a refresh token that is unknown or rotated out, 401
    ``access_denied`` for a wrong secret; documented: 403 ``invalid_grant``. A refusal without an
    OAuth error is some proxy's, and no verdict on the grant.
    """
    error = as_object(body).get("error")
    if status >= 500 or status in (408, 425, 429) or not isinstance(error, str):
        # 429 is an answer given before any work was done.
        return AtlassianUnavailable(f"status {status}", ambiguous=status != 429)
    if error == "invalid_grant" or (error == "unauthorized_client" and status in (400, 403)):
        return GrantRefused(error)
    if status == 401 or error in ("access_denied", "invalid_client", "unauthorized_client"):
        return AppRefused(error)
    return AtlassianUnavailable(f"status {status}, unknown error", ambiguous=False)


def bearer_refusal(status: int, body: Json) -> Exception:
    """Tell why ``/me`` or ``accessible-resources`` refused a token that was just issued."""
    message = str(as_object(body).get("message", ""))
    if status in (401, 403) and "scope" in message:
        return AppRefused("scope")
    if status in (401, 403) and isinstance(body, dict):
        return GrantRefused(f"status {status}")
    return AtlassianUnavailable(f"status {status}", ambiguous=False)


def account(body: Json) -> Account:
    """Read ``/me``."""
    fields = _mapping(body)
    account_id = fields.get("account_id")
    if not isinstance(account_id, str) or not _ACCOUNT_ID.fullmatch(account_id):
        raise AtlassianUnavailable("/me has no account_id", ambiguous=False)
    name, email = fields.get("name"), fields.get("email")
    return Account(
        account_id=account_id,
        name=name[:255] if isinstance(name, str) and name.strip() else account_id,
        email=email[:255] if isinstance(email, str) and "@" in email else None,
    )


def reachable_sites(body: Json) -> tuple[ReachableSite, ...]:
    """Read ``accessible-resources``, where one site stands once per product under the same id."""
    if not is_array(body):
        raise AtlassianUnavailable("accessible-resources is no list", ambiguous=False)
    merged: dict[str, ReachableSite] = {}
    for entry in body:
        found = _site(entry)
        if found is None:
            log.warning("atlassian.site.ignored")
            continue
        before = merged.get(found.site.cloud_id, found)
        merged[found.site.cloud_id] = ReachableSite(
            site=before.site, scopes=tuple(sorted({*before.scopes, *found.scopes}))
        )
    return tuple(merged.values())


def _site(entry: Json) -> ReachableSite | None:
    fields = as_object(entry)
    cloud_id, url, name = fields.get("id"), fields.get("url"), fields.get("name")
    if not isinstance(cloud_id, str) or not CLOUD_ID.fullmatch(cloud_id):
        return None
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        host = parts.netloc if parts and parts.hostname and not parts.username else ""
    except ValueError:
        return None
    if not parts or parts.scheme not in ("https", "http") or not host:
        return None
    return ReachableSite(
        site=Site(
            cloud_id=cloud_id,
            url=f"{parts.scheme}://{host}",
            name=name[:255] if isinstance(name, str) and name.strip() else host,
        ),
        scopes=tuple(scope for scope in as_list(fields.get("scopes")) if isinstance(scope, str)),
    )


def _mapping(body: Json) -> dict[str, Any]:
    if not is_object(body):
        raise AtlassianUnavailable("the answer is no JSON object")
    return body
