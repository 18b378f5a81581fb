"""The JSON endpoints of the identity part: tokens, ``/me``, ``accessible-resources``."""

import json
from collections.abc import Collection, Mapping
from secrets import compare_digest
from typing import Any

from aiohttp import web

from telamon.atlassian.reading import is_object
from telamon.plugin import AnyProduct, World
from telamon.sandbox.grants import Consent, Grants, Refused
from telamon.sandbox.routing import Routes
from telamon.sandbox.switches import Board

EXPIRED = {"code": 401, "message": "Unauthorized"}
SCOPE = {"code": 401, "message": "Unauthorized; scope does not match"}
WRONG_SECRET = Refused(401, "access_denied", "Unauthorized")


class Identity:
    """Who somebody is, and what an app may do for them."""

    def __init__(
        self,
        world: World,
        grants: Grants,
        board: Board,
        *,
        client_id: str,
        client_secret: str,
        products: Mapping[str, tuple[AnyProduct, Routes]],
    ) -> None:
        self._world = world
        self._grants = grants
        self._board = board
        self._client_id = client_id
        self._client_secret = client_secret
        self._products = products

    async def token(self, request: web.Request) -> web.Response:
        """``POST /oauth/token``, as JSON or as a form."""
        try:
            return web.json_response(self._token(await _parameters(request)))
        except Refused as refusal:
            return web.json_response(refusal.body, status=refusal.status)

    def _token(self, sent: Mapping[str, str]) -> dict[str, object]:
        known = compare_digest(sent.get("client_id", "").encode(), self._client_id.encode())
        secret = sent.get("client_secret", "").encode()
        if not compare_digest(secret, self._client_secret.encode()) or not known:
            raise WRONG_SECRET
        match sent.get("grant_type"):
            case "authorization_code":
                return self._grants.redeem(
                    sent.get("code", ""), sent.get("redirect_uri", ""), sent.get("code_verifier")
                )
            case "refresh_token":
                return self._grants.rotate(sent.get("refresh_token", ""))
            case _:
                raise Refused(400, "unsupported_grant_type", "grant_type is not supported")

    async def me(self, request: web.Request) -> web.Response:
        """``GET /me``; needs ``read:me``."""
        found = self.bearer(request)
        if found is None:
            return web.json_response(EXPIRED, status=401)
        consent, scopes = found
        if "read:me" not in scopes:
            return web.json_response(SCOPE, status=401)
        person = next(p for p in self._world.people if p.account_id == consent.account_id)
        return web.json_response(
            {
                "account_type": "atlassian",
                "account_id": person.account_id,
                "email": person.email,
                "name": person.name,
                "picture": f"https://avatars.example.com/{person.account_id}",
                "account_status": "active",
                "zoneinfo": person.time_zone,
                "locale": "en-US",
            }
        )

    async def accessible_resources(self, request: web.Request) -> web.Response:
        """``GET /oauth/token/accessible-resources``: a site stands once for each product."""
        found = self.bearer(request)
        if found is None:
            return web.json_response(EXPIRED, status=401)
        consent, scopes = found
        reachable = self.sites(consent)
        listed = [
            {
                "id": site.cloud_id,
                "name": site.name,
                "url": site.url,
                "scopes": sorted(scopes & needed),
                "avatarUrl": "",
            }
            for site in self._world.sites
            if site.cloud_id in reachable
            for needed in (_scopes(product, routes) for product, routes in self._products.values())
            if scopes & needed
        ]
        return web.json_response(listed)

    def bearer(self, request: web.Request) -> tuple[Consent, frozenset[str]] | None:
        """Return whose bearer token *request* carries and what it may do, or ``None``."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self._grants.bearer(token) if scheme == "Bearer" else None

    def sites(self, consent: Consent) -> frozenset[str]:
        """Return the cloud ids that *consent* reaches now."""
        return consent.cloud_ids - set(self._board.now.removed_sites)

    def known_scopes(self) -> Collection[str]:
        """Return the scopes that the app has in the developer console."""
        known = {"offline_access", "read:me"}
        return known.union(*(_scopes(*entry) for entry in self._products.values()))


def _scopes(product: AnyProduct, routes: Routes) -> set[str]:
    named = {scope.name for scope in product.scopes}
    return named.union(
        *(alternative for op in routes.emulator.operations for alternative in op.scopes)
    )


async def _parameters(request: web.Request) -> dict[str, str]:
    if request.content_type == "application/json":
        try:
            body: Any = await request.json()
        except json.JSONDecodeError:
            body = None
        if not is_object(body):
            raise Refused(400, "invalid_request", "the body is no JSON object")
        return {name: value for name, value in body.items() if isinstance(value, str)}
    form = await request.post()
    return {name: value for name, value in form.items() if isinstance(value, str)}
