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
        """Revoke *family* at somebody's wish, and wipe the Atlassian grant that it was last on."""
        ended = await self.revoke(family, reason)
        current = await self._storage.tokens.family(family.id)
        grant_id = current.grant_id if current else family.grant_id
        left = await self._storage.tokens.families(grant_id=grant_id, now=self._clock())
        if ended and not left:
            await self._custody.disconnect(grant_id)
        return ended

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
