"""How long everything about a refresh takes, in one place, so that a test can scale it down."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Pause = Callable[[float], Awaitable[None]]
"""Waits the given seconds; :func:`asyncio.sleep`, except in tests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """The seconds (and counts) of refreshing; the defaults fit Atlassian's ten minutes of leeway.

    Attributes:
        margin: Refresh when an access token has less than this left.
        spread: Up to this share of its life earlier, so that a thousand do not fall due at once.
        lease: How long a refresh is reserved for whoever began it.
        call: How long all tries of one refresh may take together; well below the lease.
        wait: How long anybody waits for somebody else's refresh.
        poll: How often the one who waits looks, should no notification come.
        leeway: How long Atlassian accepts a refresh token again after its first use.
        rest: How long a grant is left alone after a failure, and our app after a refused secret.
        sweep: How often abandoned refreshes are looked for.
    """

    margin: float = 60
    spread: float = 0.1
    lease: float = 45
    call: float = 30
    wait: float = 30
    poll: float = 0.15
    leeway: float = 600
    tries: int = 3
    backoff: float = 1
    rest: float = 5
    app_rest: float = 60
    sweep: float = 15
    in_flight: int = 16
