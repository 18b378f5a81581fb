"""The one pooled HTTP session for everything that goes to Atlassian."""

from importlib.metadata import version

import aiohttp

from telamon.settings import AtlassianSettings

CONNECTIONS = 512
"""Sockets at once; a site's own share is bounded far below it (see ``lanes``)."""
KEEPALIVE_SECONDS = 60
CONNECT_SECONDS = 10
READ_SECONDS = 30
WHOLE_SECONDS = 300
"""For a whole answer: a slow but steady download is no fault."""
HEADER_BYTES = 64 * 1024
"""Signed media addresses and Atlassian's tokens are longer than aiohttp's 8 KiB."""


def open_session(settings: AtlassianSettings) -> aiohttp.ClientSession:
    """Open the session; the caller closes it.

    It keeps connections alive, stores no cookies, and uses a proxy of the environment only where
    the operator said so.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS, ttl_dns_cache=60
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"telamon/{version('telamon')}", "Accept": "application/json"},
        timeout=aiohttp.ClientTimeout(
            total=WHOLE_SECONDS,
            connect=CONNECT_SECONDS,
            sock_read=READ_SECONDS,
        ),
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
        trust_env=settings.trust_env,
    )
    # aiohttp sends a PUT or DELETE again by itself when a kept connection breaks, and has no public
    # switch for it. Whether anything is repeated is decided in ``calls``.
    session._retry_connection = False  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]  # above
    return session
