"""End the token families that hang on a grant, and say so."""

from telamon.plugin import TokensRevoked
from telamon.plugin.events import Announce
from telamon.storage import Storage


async def revoke_families(
    storage: Storage, announce: Announce, grant_id: str, reason: str, now: float
) -> int:
    """End every token family that hangs on the grant; returns how many were live."""
    ended = 0
    for family in await storage.tokens.families(grant_id=grant_id, now=now):
        if await storage.tokens.revoke_family(family.id, reason, now):
            ended += 1
            announce(
                TokensRevoked(
                    account_id=family.account_id,
                    client_id=family.client_id,
                    family_id=family.id,
                    reason=reason,
                )
            )
    return ended
