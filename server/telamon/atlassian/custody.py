"""Keeps the Atlassian grants: takes them in, hands out access tokens, lets them go.

A grant belongs to an account, not to a client; token families hang on it. The newest consent serves
every family whose site it reaches; an older grant stays while a live family needs it.
"""

import asyncio
import time
import zlib
from collections.abc import Sequence
from secrets import token_hex

import structlog

from telamon.atlassian.identity import (
    Account,
    AppRefused,
    AtlassianUnavailable,
    GrantRefused,
    ReachableSite,
    TokenAnswer,
)
from telamon.atlassian.oauth import AtlassianOAuth
from telamon.atlassian.refreshing import Refresher
from telamon.atlassian.revoking import revoke_families
from telamon.atlassian.timing import Pause, Timing
from telamon.clock import Clock
from telamon.plugin import GrantChanged, SignInAgain, Site, ToolError, Unavailable
from telamon.plugin.events import Announce
from telamon.storage import Grant, Storage, StorageUnavailable
from telamon.tasks import Tasks

log = structlog.get_logger(__name__)

SIGN_IN_SECONDS = 900
"""A grant this young may belong to a sign-in that has not come to its code yet."""
REMEMBER_SECONDS = 30
"""How long an access token is handed out from memory. Rotation does not end it at Atlassian, and
what ends it here (revoked families) is checked before."""
REMEMBERED = 20_000
LAST_SECONDS = 5
RECHECK_SECONDS = 60
FORCED_SECONDS = 30


class Custody:
    """All the grants of this deployment. Every method may raise ``StorageUnavailable``."""

    def __init__(
        self,
        storage: Storage,
        oauth: AtlassianOAuth,
        tasks: Tasks,
        announce: Announce,
        clock: Clock = time.time,
        *,
        ticks: Clock = time.monotonic,
        timing: Timing | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._storage = storage
        self._oauth = oauth
        self._tasks = tasks
        self._announce = announce
        self._clock = clock
        self._ticks = ticks
        self._timing = timing or Timing()
        self._pause = pause
        self._refresher = Refresher(
            storage,
            oauth,
            tasks,
            announce,
            clock,
            ticks=ticks,
            timing=self._timing,
            pause=pause,
        )
        self._remembered: dict[str, tuple[str, float, str]] = {}
        self._forced: dict[str, float] = {}
        self._checked: dict[str, float] = {}

    async def adopt(
        self, answer: TokenAnswer, account: Account, sites: Sequence[ReachableSite]
    ) -> Grant:
        """Take in what a sign-in brought, and hang the account's families of its sites on it.

        It is finished even if the browser goes away meanwhile.
        """
        work = self._adopt(answer, account, tuple(reachable.site for reachable in sites))
        return await asyncio.shield(self._tasks.start(work, name="atlassian.adopt"))

    async def _adopt(self, answer: TokenAnswer, account: Account, sites: tuple[Site, ...]) -> Grant:
        now = self._clock()
        grant = Grant(
            id=token_hex(16),
            account_id=account.account_id,
            name=account.name,
            email=account.email,
            access_token=answer.access_token,
            refresh_token=answer.refresh_token or "",
            access_expires_at=now + answer.expires_in,
            scopes=answer.scopes,
            sites=sites,
            created_at=now,
            refreshed_at=now,
        )
        await self._storage.grants.add(grant)
        self._tell(grant, "created")
        cloud_ids = [site.cloud_id for site in sites]
        await self._storage.tokens.move_families(account.account_id, cloud_ids, grant.id, now)
        for older in await self._storage.grants.of_account(account.account_id):
            if older.id != grant.id:
                await self._drop_if_idle(older, now)
        return grant

    async def _drop_if_idle(self, grant: Grant, now: float) -> None:
        signing_in = grant.state == "active" and grant.created_at > now - SIGN_IN_SECONDS
        if signing_in or await self._storage.tokens.families(grant_id=grant.id, now=now):
            return
        if await self._storage.grants.delete(grant.id):
            self._tell(grant, "deleted", "superseded")

    async def access_token(self, grant_id: str, account_id: str | None = None) -> str:
        """Return an access token that Atlassian should accept now, of *account_id* if that is said.

        One that is about to expire is renewed in the background while it still serves.

        Raises:
            SignInAgain: The grant is gone, dead, or another account's.
            Unavailable: It needs a refresh, and that fails for now.
        """
        token, until, owner = self._remembered.get(grant_id, ("", 0.0, ""))
        if self._ticks() < until and account_id in (None, owner):
            return token
        grant = await self._refresher.current(grant_id)
        if account_id not in (None, grant.account_id):
            # The seal tells whose a grant is; what points to it may have been written by others.
            log.error("grant.of_another_account", grant_id=grant_id, account_id=account_id)
            raise SignInAgain(
                "This connection is not this account's; the user has to connect again."
            )
        left = grant.access_expires_at - self._clock()
        if left <= LAST_SECONDS:
            grant = await self._refresher.beyond(grant)
        elif left <= self._margin(grant):
            self._renew_quietly(grant)
        self._remember(grant)
        return grant.access_token

    async def after_refusal(self, grant_id: str, refused_token: str) -> str:
        """Return another access token than the one that Atlassian has just refused.

        Raises:
            SignInAgain: The grant is dead, or even the token of a moment ago was refused.
            Unavailable: The refresh fails for now.
        """
        self._remembered.pop(grant_id, None)
        grant = await self._refresher.current(grant_id)
        if grant.access_token == refused_token:
            now = self._ticks()
            if now - self._forced.get(grant_id, -FORCED_SECONDS) < FORCED_SECONDS:
                raise SignInAgain(
                    "Atlassian refuses even a fresh access token of this connection; the user has "
                    "to connect again and sign in."
                )
            grant = await self._refresher.beyond(grant)
            self._forced = {k: at for k, at in self._forced.items() if now - at < FORCED_SECONDS}
            self._forced[grant_id] = now
        return grant.access_token

    async def recheck_sites(self, grant_id: str) -> tuple[Site, ...]:
        """Ask Atlassian, at most once a minute per grant, which sites the grant still reaches."""
        grant, now = await self._refresher.current(grant_id), self._ticks()
        if now - self._checked.get(grant_id, -RECHECK_SECONDS) < RECHECK_SECONDS:
            return grant.sites
        self._checked = {k: at for k, at in self._checked.items() if now - at < RECHECK_SECONDS}
        self._checked[grant_id] = now
        try:
            reachable = await self._oauth.sites(await self.access_token(grant_id))
        except (GrantRefused, AppRefused, AtlassianUnavailable, ToolError):
            log.warning("grant.sites.unknown", grant_id=grant_id)
            return grant.sites
        sites = tuple(found.site for found in reachable)
        await self._storage.grants.set_sites(grant_id, sites, self._clock())
        return sites

    async def disconnect(self, grant_id: str) -> bool:
        """Revoke every family of the grant and delete its tokens; ``False`` if there was none.

        Atlassian documents no revocation for 3LO apps: there the user removes the app from the
        account's connected apps.
        """
        self._remembered.pop(grant_id, None)
        now = self._clock()
        await revoke_families(self._storage, self._announce, grant_id, "disconnected", now)
        grant = await self._storage.grants.get(grant_id)
        if grant is None or not await self._storage.grants.delete(grant_id):
            return False
        self._tell(grant, "deleted", "disconnected")
        return True

    async def sweep(self) -> int:
        """Take up refreshes whose holder died between Atlassian's answer and the commit."""
        found = await self._storage.grants.abandoned(self._clock())
        results = await asyncio.gather(*map(self._refresher.beyond, found), return_exceptions=True)
        saved = 0
        for grant, result in zip(found, results, strict=True):
            if isinstance(result, Grant):
                saved += 1
            else:
                log.warning("grant.sweep.failed", grant_id=grant.id, error=type(result).__name__)
        return saved

    async def run_sweeper(self) -> None:
        """Sweep for as long as the application runs; cancel it to end it."""
        while True:
            try:
                await self.sweep()
            except StorageUnavailable:
                log.warning("grant.sweep.postponed")
            await self._pause(self._timing.sweep)

    def _margin(self, grant: Grant) -> float:
        life = grant.access_expires_at - grant.refreshed_at
        share = zlib.crc32(f"{grant.id} {grant.version}".encode()) / 2**32
        return min(self._timing.margin, life / 4) + share * self._timing.spread * life

    def _renew_quietly(self, grant: Grant) -> None:
        try:
            self._refresher.begin(grant)
        except Unavailable:
            log.debug("grant.refresh.resting", grant_id=grant.id)

    def _remember(self, grant: Grant) -> None:
        good = grant.access_expires_at - self._margin(grant) - self._clock()
        until = self._ticks() + min(REMEMBER_SECONDS, good)
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        self._remembered[grant.id] = (grant.access_token, until, grant.account_id)

    def _tell(self, grant: Grant, change: str, reason: str | None = None) -> None:
        self._announce(
            GrantChanged(
                account_id=grant.account_id, grant_id=grant.id, change=change, reason=reason
            )
        )
