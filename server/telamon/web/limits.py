"""Who may do what how often: token buckets in bounded memory, and whose bucket a request fills."""

import math
from collections import OrderedDict
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

from telamon.clock import Clock
from telamon.web.answers import oauth_error

_MOST_HOPS = 20


class Limiter:
    """One token bucket for each (limit, key). Local to the process: replicas multiply a limit.

    At most *most* buckets are kept; the one touched longest ago goes first, which is the likeliest
    to be full and so to mean nothing.
    """

    def __init__(self, clock: Clock, *, most: int = 50_000) -> None:
        self._clock = clock
        self._most = most
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(
        self, limit: str, key: str, *, per_minute: float, burst: int | None = None
    ) -> float | None:
        """Take one from the bucket of *key*; None if there was one, else the seconds to wait.

        The bucket holds *burst* (a minute's worth without it) and fills at *per_minute*.
        """
        left = self._left(limit, key, per_minute, burst)
        wait = _wait(left, per_minute)
        self._buckets[limit, key] = (left - 1 if wait is None else left, self._clock())
        self._buckets.move_to_end((limit, key))
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return wait

    def wait(
        self, limit: str, key: str, *, per_minute: float, burst: int | None = None
    ) -> float | None:
        """Tell what :meth:`take` would answer, without taking; for counting failures alone."""
        return _wait(self._left(limit, key, per_minute, burst), per_minute)

    def _left(self, limit: str, key: str, per_minute: float, burst: int | None) -> float:
        size = float(burst if burst is not None else max(1, math.ceil(per_minute)))
        now = self._clock()
        left, touched = self._buckets.get((limit, key), (size, now))
        return min(size, left + max(0.0, now - touched) * per_minute / 60)


def _wait(left: float, per_minute: float) -> float | None:
    return None if left >= 1 else (1 - left) * 60 / per_minute


def client_network(
    request: web.Request, trusted_proxies: Collection[IPv4Network | IPv6Network]
) -> str:
    """Return the caller's IPv4 address or IPv6 /64, which one subscriber holds as a whole.

    ``X-Forwarded-For`` is read from its right end and only while the hop that wrote it is a trusted
    proxy; anyone else may write there what they like.
    """
    caller = _address(request.remote or "")
    if caller is None:
        return "local"
    said = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
    for hop in reversed(said[-_MOST_HOPS:]):
        if not any(caller in network for network in trusted_proxies):
            break
        before = _address(hop.strip())
        if before is None:
            break
        caller = before
    if isinstance(caller, IPv6Address):
        return str(ip_network((caller, 64), strict=False))
    return str(caller)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def retry_after(seconds: float) -> str:
    """Return *seconds* as a ``Retry-After`` value: whole seconds, at least one."""
    return str(max(1, math.ceil(seconds)))


def too_many(seconds: float) -> web.Response:
    """Answer 429 with how long to wait (RFC 6585, section 4)."""
    wait = retry_after(seconds)
    return oauth_error(
        "temporarily_unavailable",
        f"Too many requests. Try again in {wait} seconds.",
        status=429,
        headers={"Retry-After": wait},
    )
