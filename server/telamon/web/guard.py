"""Against DNS rebinding and foreign web pages: whose name was called, and whose page is calling."""

from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp import web

from telamon.addresses import LOOPBACK, Addresses
from telamon.web.answers import json_answer

_INVALID_REQUEST = -32600


def check_host(request: web.Request, addresses: Addresses) -> web.Response | None:
    """Answer 421 to a request for another host than ours, or for none (RFC 9110, section 15.5.20).

    On loopback its three names are one. A default port may be spelt out.
    """
    said = request.headers.getall("Host", ())
    if len(said) == 1 and said[0].lower() in _names(addresses):
        return None
    return web.Response(status=421, text="This server has another name.")


def check_origin(
    request: web.Request, addresses: Addresses, allowed: Collection[str]
) -> web.Response | None:
    """Answer 403 to a browser page of an origin that is neither ours nor among *allowed*.

    Compared as a whole, so ``null`` and look-alikes fail. No ``Origin`` means no browser (MCP
    2025-11-25, transports: an invalid one MUST be answered 403, by a JSON-RPC error without id).
    """
    said = request.headers.getall("Origin", ())
    if not said:
        return None
    scheme = addresses.issuer.partition("://")[0]
    ours = {f"{scheme}://{name}" for name in _names(addresses)}
    if len(said) == 1 and (said[0] in ours or said[0] in allowed):
        return None
    error = {"code": _INVALID_REQUEST, "message": "This origin may not call the server."}
    return json_answer({"jsonrpc": "2.0", "error": error}, status=403)


@lru_cache(maxsize=4)
def _names(addresses: Addresses) -> frozenset[str]:
    """Every way to write our own ``Host``."""
    url = urlsplit(addresses.issuer)
    name = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
    default = 443 if addresses.secure else 80
    names = LOOPBACK if name in LOOPBACK else frozenset({name})
    with_port = frozenset(f"{each}:{url.port or default}" for each in names)
    return with_port | names if url.port in {None, default} else with_port
