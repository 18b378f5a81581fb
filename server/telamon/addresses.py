"""The server's own addresses, all derived from the configured public URL and nothing else.

No request header ever decides an address of ours (``Host`` and ``X-Forwarded-*`` are a caller's
words); the issuer is the public URL byte for byte (RFC 8414, section 3.3).
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_CLEAN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::(?P<port>[1-9]\d{0,4}))?"
    r"(?P<path>(?:/[A-Za-z0-9._~-]+)*)"
)
_DEFAULT_PORTS = {"https": 443, "http": 80}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def check_public_url(value: str) -> str:
    """Return *value* if it can be an issuer and an origin.

    Raises:
        ValueError: It has a path, a query, user information, upper case, odd characters or a port
            that a browser leaves out, or it is plain http on anything but loopback (OAuth 2.1,
            section 1.5).
    """
    found = _clean(value)
    if found is None or found["path"] or found["scheme"] not in _DEFAULT_PORTS:
        raise ValueError(
            "must be https://host or https://host:port, in lower case, with nothing behind it, "
            "and without the port where that is the usual one"
        )
    _check_encrypted(found)
    return value


def check_base_url(value: str) -> str:
    """Return *value* if paths can be put behind it.

    Raises:
        ValueError: As :func:`check_public_url`, but it may have a path that ends in no slash.
    """
    found = _clean(value)
    if found is None or found["scheme"] not in _DEFAULT_PORTS:
        raise ValueError("must be https://host, in lower case and without a slash at its end")
    _check_encrypted(found)
    return value


def check_origin(value: str) -> str:
    """Return *value* if it is an origin as browsers write it (RFC 6454, section 6.2).

    Raises:
        ValueError: It never equals one.
    """
    found = _clean(value)
    if found is None or found["path"]:
        raise ValueError(
            "must be an origin as browsers send it, such as https://app.example.com: in lower "
            "case, with nothing behind it, and without the port where that is the usual one"
        )
    return value


def _clean(value: str) -> re.Match[str] | None:
    found = _CLEAN.fullmatch(value)
    if found is None:
        return None
    port = int(found["port"] or 1)
    return None if port > 65535 or port == _DEFAULT_PORTS.get(found["scheme"]) else found


def _check_encrypted(found: re.Match[str]) -> None:
    if found["scheme"] == "http" and found["host"] not in LOOPBACK:
        raise ValueError("must be https; plain http is for localhost alone")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything of ours is. ``issuer`` is the public URL itself."""

    issuer: str

    @property
    def secure(self) -> bool:
        """Whether people reach us by https; cookies get their ``__Host-`` prefix by this."""
        return self.issuer.startswith("https://")

    @property
    def host(self) -> str:
        """The ``Host`` header that a well-meant request carries, e.g. ``mcp.example.com``."""
        return urlsplit(self.issuer).netloc

    @property
    def mcp(self) -> str:
        """Streamable HTTP, and the canonical ``resource`` (RFC 8707) of every token."""
        return f"{self.issuer}/v1/mcp"

    @property
    def sse(self) -> str:
        """HTTP+SSE of revision 2024-11-05."""
        return f"{self.issuer}/v1/sse"

    @property
    def callback(self) -> str:
        """The one callback URL to enter in the Atlassian developer console."""
        return f"{self.issuer}/oauth/atlassian/callback"

    def resource_metadata(self, resource: str) -> str:
        """Return where the protected-resource metadata of *resource* is (RFC 9728, section 3.1)."""
        path = urlsplit(resource).path
        return f"{self.issuer}/.well-known/oauth-protected-resource{path}"
