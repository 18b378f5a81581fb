"""Around every handler: a request id, one access-log line, and errors turned into HTTP answers.

This is the only place where an error of another room becomes a status.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Collection
from ipaddress import IPv4Network, IPv6Network

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from telamon.addresses import Addresses
from telamon.storage import StorageUnavailable
from telamon.web import problems
from telamon.web.answers import oauth_error
from telamon.web.body import BadForm, BadJson
from telamon.web.cors import send_cors
from telamon.web.guard import check_host
from telamon.web.limits import client_network
from telamon.web.pages import Pages

Networks = Collection[IPv4Network | IPv6Network]
Observe = Callable[[str, str, int, float], None]
"""Hears (method, route template, status, seconds) of every answer."""

REQUEST_ID = web.RequestKey("telamon.request_id", str)
PROBES = frozenset({"/livez", "/readyz"})
"""Asked by orchestrators under whatever name they know us by; they tell nothing."""

_STARTED = web.RequestKey("telamon.started", bool)
_CLIENT_CLOSED = 499
_LONGEST_PATH = 200
_RETRY_SECONDS = "3"
log = structlog.get_logger(__name__)


def setup_web(
    app: web.Application,
    addresses: Addresses,
    pages: Pages,
    *,
    observe: Observe | None = None,
    trusted_proxies: Networks = (),
) -> None:
    """Put our middlewares and headers around the routes of *app*, before any other."""
    app.middlewares.extend(
        middlewares(addresses, pages, observe=observe, trusted_proxies=trusted_proxies)
    )
    app.on_response_prepare.append(_headers(addresses))
    app.on_response_prepare.append(send_cors)


def middlewares(
    addresses: Addresses,
    pages: Pages,
    *,
    observe: Observe | None = None,
    trusted_proxies: Networks = (),
) -> list[Middleware]:
    """Return the middlewares, outermost first."""
    return [_logged(observe, trusted_proxies), _answered(pages), _host(addresses)]


def wants_html(request: web.Request) -> bool:
    """Tell whether a browser page is asking, rather than a program."""
    return "text/html" in request.headers.get("Accept", "")


def _logged(observe: Observe | None, trusted_proxies: Networks) -> Middleware:
    @web.middleware
    async def logged(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request[REQUEST_ID])
        began = time.perf_counter()
        status = _CLIENT_CLOSED
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as answer:
            status = answer.status
            raise
        else:
            return response
        finally:
            seconds = time.perf_counter() - began
            if observe is not None:
                observe(request.method, _route(request), status, seconds)
            (log.debug if request.path in PROBES else log.info)(
                "http.request",
                method=request.method[:_LONGEST_PATH],
                path=request.rel_url.raw_path[:_LONGEST_PATH],
                status=status,
                ms=round(seconds * 1000, 1),
                remote=client_network(request, trusted_proxies),
            )

    return logged


def _answered(pages: Pages) -> Middleware:
    @web.middleware
    async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:
            # The last line of defence: whatever it is, it is logged and told in general words.
            answer = _answer(request, error, pages)
            if _STARTED in request and request.transport is not None:
                # Half an answer is out: all that can still be told is that it is not whole.
                request.transport.close()
                raise
            if answer is None:
                raise
            return answer

    return answered


def _answer(request: web.Request, error: Exception, pages: Pages) -> web.Response | None:
    """Return what to answer to *error*; None to let aiohttp end the request as it is.

    That is so for redirects, and for a client that has gone.
    """
    gone = request.transport is None or request.transport.is_closing()
    html = wants_html(request)
    match error:
        case web.HTTPException():
            return None if error.status < 400 else _refusal(error, pages if html else None)
        case BadForm() | BadJson():
            return _bad(str(error), pages if html else None)
        case StorageUnavailable():
            log.warning("storage.unavailable", path=request.rel_url.raw_path[:_LONGEST_PATH])
            return _unavailable(pages if html else None)
        case _ if gone:
            return None
        case _:
            log.error("http.failed", path=request.rel_url.raw_path[:_LONGEST_PATH], exc_info=error)
            return _fault(request[REQUEST_ID], pages if html else None)


def _refusal(refused: web.HTTPException, pages: Pages | None) -> web.Response:
    if pages is not None:
        answer = pages.problem(problems.not_understood(refused.status), status=refused.status)
    else:
        said = refused.text or refused.reason
        answer = oauth_error("invalid_request", said, status=refused.status)
    for name, value in refused.headers.items():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    answer.cookies.update(refused.cookies)
    if refused.keep_alive is False:
        answer.force_close()
    return answer


def _bad(said: str, pages: Pages | None) -> web.Response:
    if pages is not None:
        return pages.problem(problems.not_understood(400), status=400)
    return oauth_error("invalid_request", said)


def _unavailable(pages: Pages | None) -> web.Response:
    if pages is not None:
        answer = pages.problem(problems.unavailable(), status=503)
    else:
        said = "The server cannot read or save just now."
        answer = oauth_error("temporarily_unavailable", said, status=503)
    answer.headers["Retry-After"] = _RETRY_SECONDS
    return answer


def _fault(error_id: str, pages: Pages | None) -> web.Response:
    if pages is not None:
        return pages.problem(problems.unexpected(error_id), status=500)
    return oauth_error("server_error", f"A fault of the server's own; id {error_id}.", status=500)


def _host(addresses: Addresses) -> Middleware:
    @web.middleware
    async def host(request: web.Request, handler: Handler) -> web.StreamResponse:
        refused = None if request.path in PROBES else check_host(request, addresses)
        return await handler(request) if refused is None else refused

    return host


def _headers(
    addresses: Addresses,
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        request[_STARTED] = True
        headers = response.headers
        headers.pop("Server", None)
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("Referrer-Policy", "no-referrer")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers["X-Request-Id"] = request[REQUEST_ID]
        if addresses.secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"

    return prepare


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "unmatched" if resource is None else resource.canonical
