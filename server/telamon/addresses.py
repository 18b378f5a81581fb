"""The server's own addresses, all derived from the configured public URL and nothing else.

No request header ever decides an address of ours (``Host`` and ``X-Forwarded-*`` are a caller's
words); the issuer is the public URL byte for byte (RFC 8414, section 3.3).
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_CLEAN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def check_public_url(value: str) -> str:
    """Return *value* if it can be an issuer and an origin.

    Raises:
        ValueError: It has a path, a query, user information, upper case or odd characters, or it is
            plain http on anything but loopback (OAuth 2.1, section 1.5).
    """
    found = _CLEAN.fullmatch(value)
    if found is None:
        raise ValueError(
            "must be https://host or https://host:port, in lower case, with nothing behind it"
        )
    if found["scheme"] == "http" and found["host"] not in LOOPBACK:
        raise ValueError("must be https; plain http is for localhost alone")
    return value


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
