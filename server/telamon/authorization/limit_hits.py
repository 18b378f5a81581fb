"""Telling that a limit was reached, without becoming the flood that it was there to stop."""

from dataclasses import dataclass

from telamon.plugin import LimitHit
from telamon.plugin.events import Announce
from telamon.web.limits import Limiter


@dataclass(frozen=True, slots=True)
class LimitHits:
    """Announces each (limit, key) at most once a minute."""

    limiter: Limiter
    announce: Announce

    def tell(self, limit: str, key: str) -> None:
        """Announce that *key* has reached *limit*."""
        if self.limiter.take(f"told {limit}", key, per_minute=1) is None:
            self.announce(LimitHit(limit=limit, key=key))
