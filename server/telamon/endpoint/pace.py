"""At most ten notifications a second from one call; what comes faster is merged or left out."""

from telamon.clock import Clock

PER_SECOND = 10.0


class Pace:
    """A token bucket that holds one second's worth."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = PER_SECOND
        self._touched = clock()

    def allows(self) -> bool:
        """Take one, if there is one."""
        now = self._clock()
        self._left = min(PER_SECOND, self._left + max(0.0, now - self._touched) * PER_SECOND)
        self._touched = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
