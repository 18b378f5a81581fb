"""``/ex/<gateway>/<cloud id>/…``: token, site, operation, scopes, query; then the product's part.

Stricter than Atlassian on purpose: an unknown query parameter or a missing header is refused, which
is how a wrong request is found before a real site ever sees it.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

import structlog
from aiohttp import BodyPartReader, web

from telamon.plugin import AnyProduct, Emulator, SandboxRequest, SandboxResponse, Upload, World
from telamon.sandbox.identity import EXPIRED, SCOPE, Identity
from telamon.sandbox.journal import Entry
from telamon.sandbox.media import Media
from telamon.sandbox.routing import Match, Routes

log = structlog.get_logger(__name__)

NOT_FOUND = {"code": 404, "message": "Not Found"}
LIMITS = {
    "X-RateLimit-Limit": "350",
    "X-RateLimit-Remaining": "349",
    "Beta-RateLimit-Policy": '"global-app-quota";q=65000;w=3600',
}
MAX_UPLOAD = 32 * 1024 * 1024


class Unreadable(Exception):
    """The body is not what the operation takes; the text goes into the product's error form."""


class Gateway:
    """Stands in front of the products' emulators."""

    def __init__(
        self,
        world: World,
        identity: Identity,
        media: Media,
        products: Mapping[str, tuple[AnyProduct, Routes]],
    ) -> None:
        self._people = {person.account_id: person for person in world.people}
        self._sites = {site.cloud_id: site for site in world.sites}
        self._identity = identity
        self._media = media
        self._products = products

    async def handle(self, request: web.Request, path: str, entry: Entry) -> web.StreamResponse:
        """Answer one request whose raw *path*, below the sandbox's prefix, begins with ``/ex/``."""
        gateway, _, below = path.removeprefix("/ex/").partition("/")
        cloud_id, _, rest = below.partition("/")
        segments = [unquote(segment) for segment in rest.split("/")]
        bearer = self._identity.bearer(request)
        if bearer is None:
            return web.json_response(EXPIRED, status=401)
        consent, scopes = bearer
        entry.account_id = consent.account_id
        product, routes = self._below(gateway, f"/{rest}")
        if product is None or routes is None or cloud_id not in self._identity.sites(consent):
            return web.json_response(NOT_FOUND, status=404)
        entry.product, entry.site = product.name, cloud_id
        entry.path = f"/{rest}"
        match = routes.find(request.method, segments)
        if match is None:
            allowed = routes.methods(segments)
            status = 405 if allowed else 404
            headers = {"Allow": ", ".join(allowed)} if allowed else {}
            return web.json_response(
                {"code": status, "message": "No such operation"}, status=status, headers=headers
            )
        entry.template = match.operation.path
        used = [alternative for alternative in match.operation.scopes if alternative <= scopes]
        if match.operation.scopes and not used:
            return web.json_response(SCOPE, status=401)
        entry.scopes = tuple(sorted(used[0])) if used else ()
        asked = SandboxRequest(
            person=self._people[consent.account_id], site=self._sites[cloud_id], query={}
        )
        answer = await self._operate(request, routes.emulator, match, asked, entry)
        return self._respond(request, product, answer)

    def _below(self, gateway: str, path: str) -> tuple[AnyProduct | None, Routes | None]:
        """Return the product of *gateway* that *path* belongs to; products may share a gateway."""
        here = [entry for entry in self._products.values() if entry[0].gateway == gateway]
        for entry in here:
            if any(f"{path}/".startswith(f"{root}/") for root in entry[0].api_roots):
                return entry
        return here[0] if here else (None, None)

    async def _operate(
        self,
        request: web.Request,
        emulator: Emulator,
        match: Match,
        asked: SandboxRequest,
        entry: Entry,
    ) -> SandboxResponse:
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True):
            query.setdefault(name, []).append(value)
        entry.query = query
        unknown = sorted(set(query) - match.operation.query)
        if unknown:
            return emulator.unreadable(f"unknown query parameter {', '.join(unknown)}")
        try:
            asked = await _with_body(request, replace(asked, query=query))
        except Unreadable as problem:
            return emulator.unreadable(str(problem))
        entry.body = _recorded(asked)
        return match.operation.handle(asked, **match.parameters)

    def _respond(
        self, request: web.Request, product: AnyProduct, answer: SandboxResponse
    ) -> web.Response:
        headers = {**LIMITS, **answer.headers}
        if answer.content is not None:
            if self._media.redirects and request.query.get("redirect") != "false":
                location = self._media.keep(answer)
                status = 303 if product.gateway == "jira" else 302
                return web.Response(status=status, headers={**headers, "Location": location})
            return web.Response(body=answer.content, status=answer.status, headers=headers)
        if answer.body is None:
            return web.Response(status=answer.status, headers=headers)
        return web.json_response(answer.body, status=answer.status, headers=headers)


async def _with_body(request: web.Request, asked: SandboxRequest) -> SandboxRequest:
    if request.content_type == "multipart/form-data":
        if request.headers.get("X-Atlassian-Token") != "no-check":
            raise Unreadable("XSRF check failed: X-Atlassian-Token must be no-check")
        return await _with_parts(request, asked)
    raw = await request.read()
    if not raw:
        return asked
    if request.content_type != "application/json":
        raise Unreadable("the body must be application/json")
    try:
        return replace(asked, body=json.loads(raw))
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body is not JSON") from error


async def _with_parts(request: web.Request, asked: SandboxRequest) -> SandboxRequest:
    fields: dict[str, str] = {}
    file: Upload | None = None
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise Unreadable("a part of the form has no name")
            if part.filename is None:
                fields[part.name] = await part.text()
            elif part.name != "file" or file is not None:
                raise Unreadable("the form must have exactly one part named file")
            else:
                file = Upload(
                    content=bytes(await part.read(decode=True)),
                    filename=part.filename,
                    media_type=part.headers.get("Content-Type", "application/octet-stream"),
                )
    except ValueError as error:
        raise Unreadable("the form cannot be read") from error
    if file is None:
        raise Unreadable("the form has no part named file")
    return replace(asked, fields=fields, file=file)


def _recorded(asked: SandboxRequest) -> Any:
    if asked.file is None:
        return asked.body
    return {
        "fields": dict(asked.fields),
        "file": {
            "filename": asked.file.filename,
            "media_type": asked.file.media_type,
            "size": len(asked.file.content),
        },
    }
