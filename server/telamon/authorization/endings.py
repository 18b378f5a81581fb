"""How a token family ends: revoked, announced once, and its Atlassian grant dropped if asked to."""

from telamon.atlassian.custody import Custody
from telamon.clock import Clock
from telamon.plugin import TokensRevoked
from telamon.plugin.events import Announce
from telamon.storage import Family, Storage


class Endings:
    """Ends token families."""

    def __init__(
        self, *, storage: Storage, custody: Custody, announce: Announce, clock: Clock
    ) -> None:
        self._storage = storage
        self._custody = custody
        self._announce = announce
        self._clock = clock

    async def revoke(self, family: Family, reason: str) -> bool:
        """Revoke *family*; True if it was live. Its Atlassian grant stays."""
        if not await self._storage.tokens.revoke_family(family.id, reason, self._clock()):
            return False
        self.tell(family, reason)
        return True

    async def disconnect(self, family: Family, reason: str) -> bool:
        """Revoke *family* at somebody's wish, and wipe the Atlassian grants that it was last on."""
        ended = await self.revoke(family, reason)
        current = await self._storage.tokens.family(family.id)
        if ended and current is not None:
            await self._wipe(current.account_id, current.grant_id)
        return ended

    async def _wipe(self, account_id: str, grant_id: str) -> None:
        """Wipe the grant if nothing hangs on it; with the account's last family also older ones.

        A newer grant may belong to a sign-in that has not come to its code yet.
        """
        now = self._clock()
        left = await self._storage.tokens.families(account_id=account_id, now=now)
        if any(family.grant_id == grant_id for family in left):
            return
        grants = await self._storage.grants.of_account(account_id)
        made = next((grant.created_at for grant in grants if grant.id == grant_id), now)
        for grant in grants:
            if grant.id == grant_id or (not left and grant.created_at <= made):
                await self._custody.disconnect(grant.id)

    def tell(self, family: Family, reason: str) -> None:
        """Announce the end of a family that somebody else revoked."""
        self._announce(
            TokensRevoked(
                account_id=family.account_id,
                client_id=family.client_id,
                family_id=family.id,
                reason=reason,
            )
        )
