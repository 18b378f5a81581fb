"""Which answers a web page of any origin may read: metadata, token, registration, revocation, MCP.

Never a page of ours, and never with credentials: those requests carry their own bearer token.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import wraps

from aiohttp import web
from aiohttp.typedefs import Handler

_OPEN = web.RequestKey("telamon.cors", bool)
_EXPOSED = "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After"


def cors(routes: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    """Return *routes* opened to any origin, with a preflight answer for each of their paths.

    Any other method of such a path gets a 405 that can be read as well.

    :func:`send_cors` has to be among the application's ``on_response_prepare`` signals: it reaches
    errors and streams too, which a wrapped handler cannot.
    """
    methods: dict[str, list[str]] = defaultdict(list)
    opened: list[web.RouteDef] = []
    for route in routes:
        methods[route.path].append(route.method)
        opened.append(web.RouteDef(route.method, route.path, _opened(route.handler), route.kwargs))
    return [
        *opened,
        *(web.options(path, _preflight(found)) for path, found in methods.items()),
        *(
            web.route("*", path, _opened(_refusal(found)))
            for path, found in methods.items()
            if "*" not in found
        ),
    ]


def _opened(handler: Handler) -> Handler:
    @wraps(handler)
    async def open_handler(request: web.Request) -> web.StreamResponse:
        request[_OPEN] = True
        return await handler(request)

    return open_handler


def _preflight(methods: Iterable[str]) -> Handler:
    allowed = ", ".join(sorted({*methods, "OPTIONS"} - {"*"}))

    async def preflight(request: web.Request) -> web.StreamResponse:
        request[_OPEN] = True
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": allowed,
                "Access-Control-Allow-Headers": "*, Authorization",
                "Access-Control-Max-Age": "7200",
            },
        )

    return preflight


def _refusal(methods: Iterable[str]) -> Handler:
    allowed = {*methods, "OPTIONS"}

    async def refuse(request: web.Request) -> web.StreamResponse:
        raise web.HTTPMethodNotAllowed(request.method, allowed)

    return refuse


async def send_cors(request: web.Request, response: web.StreamResponse) -> None:
    """Signal ``on_response_prepare``: let the origin read the answer of an opened route."""
    if request.get(_OPEN):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
