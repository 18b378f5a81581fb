"""The way through Atlassian: out with a state of its own, back with a code, once.

What Atlassian says in words is never shown or passed on; only what happened is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from telamon.atlassian.custody import SIGN_IN_SECONDS, Custody
from telamon.atlassian.oauth import (
    Account,
    AppRefused,
    AtlassianOAuth,
    AtlassianUnavailable,
    GrantRefused,
    ReachableSite,
    TokenAnswer,
)
from telamon.authorization.allowed import Allowed
from telamon.authorization.outcomes import Move, Outcome, Refuse
from telamon.authorization.progress import Asked, Progress, Step
from telamon.authorization.withholding import kept_within, left_on, on_site
from telamon.catalog import Catalog
from telamon.clock import Clock
from telamon.storage import Storage
from telamon.web.problems import (
    START_AGAIN,
    Problem,
    access_denied,
    no_data,
    nothing_left,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class AtlassianHop:
    """The step at Atlassian. Atlassian is always asked for the deployment's whole set."""

    oauth: AtlassianOAuth
    custody: Custody
    storage: Storage
    catalog: Catalog
    allowed: Allowed
    clock: Clock

    def address(self, progress: Progress) -> str:
        """Return where to send the browser."""
        return self.oauth.authorization_url(
            state=progress.state,
            scopes=self.catalog.to_request(),
            code_verifier=progress.verifier,
        )

    def declined(self, error: str) -> Refuse:
        """Return what becomes of an ``error`` that Atlassian sent back."""
        if error == "access_denied":
            description = "The user did not approve the app at Atlassian."
            return Refuse(error="access_denied", description=description)
        if error == "temporarily_unavailable":
            return _unavailable()
        log.error("atlassian.authorization.refused")
        return _refused()

    async def arrive(self, progress: Progress, code: str) -> Outcome:
        """Redeem Atlassian's code, and see who came, from which sites, with which scopes."""
        try:
            answer = await self.oauth.exchange(code, progress.verifier)
            account = await self.oauth.me(answer.access_token)
            sites = await self.oauth.sites(answer.access_token)
        except (GrantRefused, AppRefused) as error:
            log.exception("atlassian.sign_in.refused", error=type(error).__name__)
            return _refused()
        except AtlassianUnavailable as error:
            log.warning("atlassian.sign_in.unavailable", reason=str(error))
            return _unavailable()
        if not self.allowed.account(account.email):
            return _denied("This Atlassian account may not use this server.", access_denied())
        if answer.refresh_token is None:
            return _denied("Atlassian gave no lasting access.", _no_lasting_access())
        if progress.asked is None:
            return await self._own_sign_in(progress, answer, account, sites)
        return await self._for_client(progress, progress.asked, answer, account, sites)

    async def forget(self, progress: Progress) -> None:
        """Wipe the grant of a sign-in that came to nothing, unless somebody needs it.

        Tokens may hang on it; and where another sign-in of the account is under way, Atlassian may
        have ended that one's grant for this one. What is left so goes with the purge.
        """
        if progress.account is None or not progress.grant_id:
            return
        now = self.clock()
        if await self.storage.tokens.families(grant_id=progress.grant_id, now=now):
            return
        grants = await self.storage.grants.of_account(progress.account.account_id)
        since = now - SIGN_IN_SECONDS
        if any(grant.id != progress.grant_id and grant.created_at > since for grant in grants):
            return
        await self.custody.disconnect(progress.grant_id)

    async def _for_client(
        self,
        progress: Progress,
        asked: Asked,
        answer: TokenAnswer,
        account: Account,
        sites: Sequence[ReachableSite],
    ) -> Outcome:
        usable = tuple(reached.site for reached in sites if self.allowed.site(reached.site.url))
        if not usable:
            return _denied("This Atlassian account reaches no site here.", access_denied())
        wanted = self.catalog.granted(asked.scopes, progress.approved)
        # No scope in the answer means: what was asked for (RFC 6749, section 5.1).
        held = set(answer.scopes or self.catalog.to_request())
        scopes = tuple(scope for scope in wanted if scope in held)
        missing = tuple(scope for scope in wanted if scope not in held)
        if missing and not scopes:
            return _denied("Atlassian granted none of the scopes.", no_data(missing))
        left = {site: left_on(self.catalog, account, site, scopes) for site in usable}
        served = [site for site in usable if left[site] or not scopes]
        if not served:
            return _denied("The operator's rules leave this account nothing.", nothing_left())
        grant = await self.custody.adopt(answer, account, sites)
        moved = replace(
            progress,
            account=account,
            grant_id=grant.id,
            scopes=scopes,
            missing=missing,
            sites=tuple(served),
        )
        kept = kept_within(self.catalog, account, served[0], left[served[0]])
        less = missing or kept or left[served[0]] != scopes
        if len(served) > 1 or less or moved.is_other_account:
            return Move(progress=replace(moved, step=Step.SITE))
        return Move(progress=replace(on_site(self.catalog, moved, served[0]), step=Step.ANSWER))

    async def _own_sign_in(
        self,
        progress: Progress,
        answer: TokenAnswer,
        account: Account,
        sites: Sequence[ReachableSite],
    ) -> Outcome:
        """Let a person in to the connections page.

        The new consent may have ended the grant before it, so whoever has connections needs it.
        """
        now = self.clock()
        if await self.storage.tokens.families(account_id=account.account_id, now=now):
            await self.custody.adopt(answer, account, sites)
        return Move(progress=replace(progress, step=Step.ANSWER, account=account))


def _denied(description: str, problem: Problem) -> Refuse:
    return Refuse(error="access_denied", description=description, problem=problem)


def _refused() -> Refuse:
    return Refuse(error="server_error", description="Atlassian did not accept the sign-in.")


def _unavailable() -> Refuse:
    return Refuse(error="temporarily_unavailable", description="Atlassian did not answer.")


def _no_lasting_access() -> Problem:
    return Problem(
        title="Atlassian gave no lasting access",
        happened="Atlassian's answer has no refresh token, so the connection would end within the "
        "hour.",
        to_do=(
            START_AGAIN,
            (
                "If it happens again, ask whoever runs this server to check the app's permissions "
                "in the Atlassian developer console."
            ),
        ),
    )
