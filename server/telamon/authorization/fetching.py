"""Reading one small document from a host that a stranger named, without reaching inside.

A name is resolved once, every address it has must be public, and the connection goes to exactly
those addresses while TLS still asks for the name: what was checked is what is used.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from ssl import SSLContext
from typing import Protocol

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from telamon.web.body import BadJson, parse_json

LARGEST = 5 * 1024
"""Bytes of a document (OAuth Client ID Metadata Document, section 6.6)."""
SECONDS = 5.0
_DEPTH = 8
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TUNNELS = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))
_MAX_AGE = re.compile(r"\bmax-age=\"?(\d{1,10})", re.IGNORECASE)
_NOT_KEPT = re.compile(r"\bno-(?:store|cache)\b", re.IGNORECASE)


class FetchRefused(Exception):
    """The document is not one that we accept, or is where we do not go."""


class FetchUnavailable(Exception):
    """The host did not answer properly; it may another time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """A JSON document. ``max_age``: how many seconds its host lets it be kept, if it said."""

    content: object
    max_age: float | None


class Fetcher(Protocol):
    """Reads a document over https."""

    async def fetch(self, url: str) -> Fetched:
        """Return what is at *url*; raise ``FetchRefused`` or ``FetchUnavailable``."""
        ...


def is_public_address(address: str) -> bool:
    """Tell whether *address* is on the public internet, not inside of anything, however written."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast
    return _is_public_v6(ip)


def _is_public_v6(ip: IPv6Address) -> bool:
    # Mapped, NAT64 and unique-local addresses are all outside of global unicast; tunnels are not.
    return ip in _GLOBAL_UNICAST and ip.is_global and not any(ip in net for net in _TUNNELS)


class _GuardedResolver(AbstractResolver):
    """Refuses a name as a whole if any of its addresses is not allowed."""

    def __init__(self, resolver: AbstractResolver, allowed: Callable[[str], bool]) -> None:
        self._resolver = resolver
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not found or not all(self._allowed(result["host"]) for result in found):
            raise FetchRefused("the host is not on the public internet")
        return found

    async def close(self) -> None:
        await self._resolver.close()


class DocumentFetcher:
    """Reads documents; *resolver*, *allowed* and *ssl* are there for tests on loopback."""

    def __init__(
        self,
        *,
        resolver: Callable[[], AbstractResolver] = ThreadedResolver,
        allowed: Callable[[str], bool] = is_public_address,
        ssl: SSLContext | bool = True,
        seconds: float = SECONDS,
    ) -> None:
        self._resolver = resolver
        self._allowed = allowed
        self._ssl = ssl
        self._seconds = seconds

    async def fetch(self, url: str) -> Fetched:
        """Read *url* whole, in time, without redirects, compression or cookies.

        Raises:
            FetchRefused: Not public, redirected, too large, not JSON, or not 200.
            FetchUnavailable: No answer in time, a broken one, or the host's own fault.
        """
        connector = aiohttp.TCPConnector(
            resolver=_GuardedResolver(self._resolver(), self._allowed),
            use_dns_cache=False,
            force_close=True,
            ssl=self._ssl,
        )
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=aiohttp.ClientTimeout(total=self._seconds),
                    auto_decompress=False,
                    skip_auto_headers=("User-Agent",),
                ) as session,
                session.get(
                    URL(url, encoded=True),
                    allow_redirects=False,
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                ) as response,
            ):
                return await _read(response)
        except UnicodeError as error:  # from the encoding of the host for the resolver
            raise FetchRefused("the host is not a name") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise FetchUnavailable(type(error).__name__) from error


async def _read(response: aiohttp.ClientResponse) -> Fetched:
    if response.status >= 500 or response.status in (408, 425, 429):
        raise FetchUnavailable(f"status {response.status}")
    if response.status != 200:
        raise FetchRefused(f"status {response.status}")
    media_type = response.content_type.lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise FetchRefused("the document is not served as JSON")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchRefused("the document is compressed")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            raise FetchRefused("the document is too large")
    try:
        content = parse_json(bytes(body), depth=_DEPTH)
    except BadJson as error:
        raise FetchRefused(str(error)) from error
    return Fetched(content=content, max_age=_max_age(response.headers.get("Cache-Control", "")))


def _max_age(cache_control: str) -> float | None:
    if _NOT_KEPT.search(cache_control):
        return 0.0
    found = _MAX_AGE.search(cache_control)
    return float(found[1]) if found else None
