"""When Atlassian ends a grant by itself, and how people are told why one has ended.

Atlassian, "OAuth 2.0 (3LO) apps", rotating refresh tokens: a refresh token dies after 90 days
without use, and with its consent after 365 days; a changed password, or the app's removal from the
account's connected apps, ends it at once. The token endpoint says ``invalid_grant`` to all of it.
"""

from typing import Final, Literal

import structlog

from telamon.plugin import SignInAgain
from telamon.storage import Grant

End = Literal["not_renewable", "expired", "unused", "refused"]
DAY: Final = 86_400.0
UNUSED_SECONDS: Final = 90 * DAY
WHOLE_SECONDS: Final = 365 * DAY
WARNING_DAYS: Final = 14
_BECAUSE: Final[dict[str, str]] = {
    "not_renewable": "it was approved without lasting access",
    "unused": "it was not used for 90 days",
    "expired": "it is 365 days old, and Atlassian asks for consent anew after that",
    "refused": "the password was changed, or the app was removed from the connected apps",
}
_UNKNOWN: Final = "it was revoked or left unused for too long"
log = structlog.get_logger(__name__)


def why(grant: Grant, now: float) -> End:
    """Return the likeliest reason why Atlassian knows the refresh token of *grant* no more."""
    if not grant.refresh_token:
        return "not_renewable"
    if now - grant.created_at >= WHOLE_SECONDS:
        return "expired"
    if now - grant.refreshed_at >= UNUSED_SECONDS:
        return "unused"
    return "refused"


def sign_in_again(reason: str | None) -> SignInAgain:
    """Return the error for a grant that needs a new sign-in for this *reason*."""
    because = _BECAUSE.get(reason or "", _UNKNOWN)
    return SignInAgain(
        f"Atlassian no longer accepts this connection ({because}); the user has to connect again "
        "and sign in."
    )


def warn_if_soon(grant: Grant, now: float) -> None:
    """Log, once a day and only for a grant in use, that its 365 days are almost over.

    *grant* is as it was before a refresh at *now*; whoever refreshes it first on a day says so.
    """
    left = _days_left(grant, now)
    if 0 <= left < WARNING_DAYS and left != _days_left(grant, grant.refreshed_at):
        log.warning("grant.ends_soon", grant_id=grant.id, account_id=grant.account_id, days=left)


def _days_left(grant: Grant, now: float) -> int:
    return int((grant.created_at + WHOLE_SECONDS - now) // DAY)
