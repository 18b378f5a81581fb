"""Ask Atlassian for new tokens, again with the same refresh token while the outcome is unknown."""

from telamon.atlassian.identity import (
    AppRefused,
    AtlassianUnavailable,
    GrantRefused,
    TokenAnswer,
)
from telamon.atlassian.oauth import AtlassianOAuth
from telamon.atlassian.timing import Pause, Timing
from telamon.clock import Clock
from telamon.storage import Grant


async def ask(
    oauth: AtlassianOAuth, grant: Grant, timing: Timing, clock: Clock, pause: Pause
) -> TokenAnswer:
    """Refresh *grant*, as it was when its lease was taken.

    A refusal is believed at once only if no attempt of unknown outcome came before it, here or by
    a holder that died: then there is one more try.

    Raises:
        GrantRefused: The refresh token is dead.
        AppRefused: Our own credentials are.
        AtlassianUnavailable: No answer. This and the one before are *ambiguous* if a try was.
    """
    if not grant.refresh_token:
        raise GrantRefused("no refresh token")
    # A lease that was still there when ours was taken is that of an attempt nobody finished.
    started = grant.attempt_started_at if grant.lease_owner else None
    unknown = started is not None and clock() - started < timing.leeway
    tries, second_opinion = timing.tries, True
    while True:
        try:
            return await oauth.refresh(grant.refresh_token)
        except AtlassianUnavailable as error:
            unknown = unknown or error.ambiguous
            tries -= 1
            if not tries:
                raise AtlassianUnavailable(str(error), ambiguous=unknown) from error
        except AppRefused as error:
            error.ambiguous = unknown
            raise
        except GrantRefused:
            if not (unknown and second_opinion):
                raise
            second_opinion = False
        await pause(timing.backoff * (timing.tries - tries + 1))
