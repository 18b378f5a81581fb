"""One upstream refresh per grant, across tasks, processes and replicas, without ever losing one.

* Whoever takes the lease (compare-and-swap on the grant's version) may ask Atlassian; the others
  wait for the version to change.
* Atlassian rotates the refresh token with each refresh and forgives its reuse for ten minutes. So
  an attempt whose outcome is unknown is repeated with the same token, by us or by the sweeper.
* A commit is fenced by version and lease: a holder that was frozen cannot overwrite newer tokens.
* All of it runs in tasks of the application: a client that goes away cancels nothing.
"""

import asyncio
from dataclasses import replace
from secrets import token_hex

import structlog

from telamon.atlassian.asking import ask
from telamon.atlassian.ending import sign_in_again, warn_if_soon, why
from telamon.atlassian.identity import (
    AppRefused,
    AtlassianUnavailable,
    GrantRefused,
    TokenAnswer,
)
from telamon.atlassian.lanes import Breaker
from telamon.atlassian.oauth import AtlassianOAuth
from telamon.atlassian.revoking import revoke_families
from telamon.atlassian.timing import Pause, Timing
from telamon.clock import Clock
from telamon.plugin import GrantChanged, SignInAgain, Unavailable
from telamon.plugin.events import Announce
from telamon.storage import Grant, Storage, StorageUnavailable, Unsealable
from telamon.tasks import Tasks

log = structlog.get_logger(__name__)

TOPIC = "grant"
"""Published with the grant's id whenever its tokens or its state changed."""


class Refresher:
    """Brings grants to a newer version; every method raises ``SignInAgain`` or ``Unavailable``."""

    def __init__(
        self,
        storage: Storage,
        oauth: AtlassianOAuth,
        tasks: Tasks,
        announce: Announce,
        clock: Clock,
        *,
        ticks: Clock,
        timing: Timing,
        pause: Pause,
    ) -> None:
        self._storage = storage
        self._oauth = oauth
        self._tasks = tasks
        self._announce = announce
        self._clock = clock
        self._ticks = ticks
        self._timing = timing
        self._pause = pause
        self._flights: dict[tuple[str, int], asyncio.Task[Grant]] = {}
        self._resting: dict[str, float] = {}
        self._slots = asyncio.Semaphore(timing.in_flight)
        self._app = Breaker(ticks, failures=1, cool=timing.app_rest)
        self._host = Breaker(ticks, cool=timing.rest)

    def begin(self, grant: Grant) -> asyncio.Task[Grant]:
        """Start to refresh *grant*, or join the refresh of this version that runs already.

        Raises:
            Unavailable: It failed a moment ago.
        """
        key = (grant.id, grant.version)
        running = self._flights.get(key)
        if running is not None:
            return running
        if self._resting.get(grant.id, 0.0) > self._ticks():
            raise Unavailable(
                "Atlassian could not renew this connection just now; try again in a minute."
            )
        task = self._tasks.start(self._race(grant), name="atlassian.refresh")
        self._flights[key] = task
        task.add_done_callback(lambda _: self._flights.pop(key, None))
        return task

    async def beyond(self, grant: Grant) -> Grant:
        """Return the grant in a version newer than *grant*'s, refreshing it if nobody else did."""
        try:
            async with asyncio.timeout(self._timing.wait):
                return await asyncio.shield(self.begin(grant))
        except TimeoutError:
            raise Unavailable(
                "Atlassian takes too long to renew this connection; try again in a minute."
            ) from None

    async def current(self, grant_id: str) -> Grant:
        """Return the grant as it is stored now, if it is of any use."""
        try:
            grant = await self._storage.grants.get(grant_id)
        except Unsealable:
            log.exception("grant.unsealable", grant_id=grant_id)
            await self._storage.grants.needs_reauth(
                grant_id, version=None, reason="unsealable", now=self._clock()
            )
            grant = None
        if grant is None:
            raise SignInAgain(
                "This connection to Atlassian no longer exists; the user has to connect again."
            )
        if grant.state == "needs_reauth":
            await self._revoke_families(grant)
            raise sign_in_again(grant.reason)
        return grant

    async def _race(self, seen: Grant) -> Grant:
        """Refresh, or wait for whoever does; ends with another version than *seen* has."""
        owner, changed = token_hex(16), asyncio.Event()
        unsubscribe = self._storage.notifications.subscribe(
            TOPIC, lambda grant_id: changed.set() if grant_id == seen.id else None
        )
        try:
            for _ in range(round(self._timing.wait / self._timing.poll)):
                grant = await self.current(seen.id)
                if grant.version != seen.version:
                    return grant
                async with self._slots:
                    now = self._clock()
                    if await self._storage.grants.lease(
                        grant.id,
                        version=grant.version,
                        owner=owner,
                        until=now + self._timing.lease,
                        now=now,
                    ):
                        return await self._lead(grant, owner)
                await _either(changed, self._timing.poll)
        finally:
            unsubscribe()
        raise Unavailable(
            "Another server is still renewing this connection; try again in a minute."
        )

    async def _lead(self, grant: Grant, owner: str) -> Grant:
        """Ask Atlassian and store the answer, holding the lease."""
        # A lease that was still there when ours was taken is that of an attempt nobody finished.
        unfinished = grant.lease_owner is not None
        if self._app.wait() > 0 or self._host.wait() > 0:
            await self._put_off(grant, owner, unknown=unfinished)
            raise _no_answer()
        try:
            async with asyncio.timeout(self._timing.call):
                answer = await ask(self._oauth, grant, self._timing, self._clock, self._pause)
        except GrantRefused as error:
            self._host.succeeded()
            return await self._refused(grant, said=str(error))
        except AppRefused as error:
            self._app.failed()
            # Every user's refresh fails now, and none of their grants is at fault.
            log.critical("atlassian.app_refused", error=str(error))
            await self._put_off(grant, owner, unknown=unfinished or error.ambiguous)
            raise Unavailable(
                "Atlassian does not accept this server's own credentials; its operator has to "
                "correct them, and users need not sign in again."
            ) from error
        except (AtlassianUnavailable, TimeoutError) as error:
            self._host.failed()
            unknown = not isinstance(error, AtlassianUnavailable) or error.ambiguous
            await self._put_off(grant, owner, unknown=unknown)
            log.warning("grant.refresh.failed", grant_id=grant.id, error=type(error).__name__)
            raise _no_answer() from error
        self._app.succeeded()
        self._host.succeeded()
        return await self._commit(grant, owner, answer)

    async def _commit(self, grant: Grant, owner: str, answer: TokenAnswer) -> Grant:
        """Store the new tokens, however long it takes: they exist nowhere else."""
        now = self._clock()
        renewed = replace(
            grant,
            access_token=answer.access_token,
            refresh_token=answer.refresh_token or grant.refresh_token,
            access_expires_at=now + answer.expires_in,
            scopes=answer.scopes or grant.scopes,
            version=grant.version + 1,
            lease_owner=None,
            lease_until=None,
            attempt_started_at=None,
            refreshed_at=now,
        )
        delay = 0.2
        while True:
            try:
                stored = await self._storage.grants.commit(
                    grant.id,
                    version=grant.version,
                    owner=owner,
                    access_token=renewed.access_token,
                    refresh_token=renewed.refresh_token,
                    access_expires_at=renewed.access_expires_at,
                    scopes=renewed.scopes,
                    now=now,
                )
                break
            except StorageUnavailable:
                log.critical("grant.commit.failed", grant_id=grant.id, again_in=delay)
                await self._pause(delay)
                delay = min(delay * 2, 5.0)
        if not stored:
            log.warning("grant.commit.fenced", grant_id=grant.id)
            return await self.current(grant.id)
        warn_if_soon(grant, now)
        await self._publish(grant.id)
        self._tell(grant, "refreshed")
        return renewed

    async def _refused(self, grant: Grant, *, said: str) -> Grant:
        """Atlassian does not know the refresh token: a race that we lost, or the grant's end."""
        current = await self.current(grant.id)
        if current.version != grant.version:
            return current
        now = self._clock()
        reason = why(grant, now)
        if not await self._storage.grants.needs_reauth(
            grant.id, version=grant.version, reason=reason, now=now
        ):
            return await self.current(grant.id)
        log.warning("grant.needs_reauth", grant_id=grant.id, reason=reason, said=said)
        await self._revoke_families(grant)
        await self._publish(grant.id)
        self._tell(grant, "needs_reauth", reason)
        raise sign_in_again(reason)

    async def _revoke_families(self, grant: Grant) -> None:
        await revoke_families(
            self._storage, self._announce, grant.id, "needs_reauth", self._clock()
        )

    async def _publish(self, grant_id: str) -> None:
        try:
            await self._storage.notifications.publish(TOPIC, grant_id)
        except StorageUnavailable:
            log.warning("grant.publish.failed", grant_id=grant_id)

    def _tell(self, grant: Grant, change: str, reason: str | None = None) -> None:
        self._announce(
            GrantChanged(
                account_id=grant.account_id, grant_id=grant.id, change=change, reason=reason
            )
        )

    async def _put_off(self, grant: Grant, owner: str, *, unknown: bool) -> None:
        """Leave the grant alone for a while; *unknown* is what became of its refresh token."""
        ticks = self._ticks()
        self._resting = {key: end for key, end in self._resting.items() if end > ticks}
        self._resting[grant.id] = ticks + self._timing.rest
        grants, version, now = self._storage.grants, grant.version, self._clock()
        if unknown:
            # Atlassian may have rotated the token. A lease that ends soon brings the sweeper, which
            # finds out while the old one is still accepted.
            until = now + self._timing.rest
            await grants.lease(grant.id, version=version, owner=owner, until=until, now=now)
        else:
            await grants.release(grant.id, version=version, owner=owner)


def _no_answer() -> Unavailable:
    return Unavailable(
        "Atlassian could not be reached to renew this connection; try again in a minute."
    )


async def _either(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
