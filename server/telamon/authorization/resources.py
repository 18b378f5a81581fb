"""Which ``resource`` a token may be asked for (RFC 8707): ours, however it is spelt."""

from urllib.parse import urlsplit

from telamon.addresses import Addresses

_DEFAULT_PORTS = {"https": 443, "http": 80}


def is_ours(resource: str, addresses: Addresses) -> bool:
    """Tell whether *resource* is one of our MCP addresses, or the server as a whole.

    Scheme and host compare without case, a default port and a trailing slash do not count. One
    canonical resource stands for all of them: both transports accept every token of ours.
    """
    asked = _canonical(resource)
    return asked is not None and asked in {
        _canonical(address) for address in (addresses.mcp, addresses.sse, addresses.issuer)
    }


def _canonical(url: str) -> tuple[str, str, int | None, str] | None:
    if not url.isascii() or not url.isprintable() or set(url) & set("#?@\\ "):
        return None
    try:
        parts = urlsplit(url)
        port = _DEFAULT_PORTS.get(parts.scheme) if parts.port is None else parts.port
    except ValueError:
        return None
    if not parts.scheme or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port, parts.path.removesuffix("/")
