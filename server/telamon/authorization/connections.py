"""A person's own page: which clients have access, to which site, and how to take it away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp_session import Session
from multidict import MultiDict

from telamon.addresses import Addresses
from telamon.authorization.answer import redirection
from telamon.authorization.clients import ClientDirectory
from telamon.authorization.endings import Endings
from telamon.authorization.flow import Flow
from telamon.authorization.limit_hits import LimitHits
from telamon.authorization.ties import Ties
from telamon.catalog import Catalog
from telamon.clock import Clock
from telamon.settings import LimitSettings, ListenSettings
from telamon.storage import Family, Storage
from telamon.web.body import read_form
from telamon.web.limits import Limiter, client_network
from telamon.web.pages import Pages
from telamon.web.problems import Problem
from telamon.web.sessions import (
    account_of,
    csrf_matches,
    csrf_token,
    end,
    name_of,
    session_of,
)

_PURPOSE = "connections"


@dataclass(frozen=True, kw_only=True, slots=True)
class Connections:
    """``/connections`` and what can be done there. Nobody sees or ends what is not their own."""

    storage: Storage
    directory: ClientDirectory
    endings: Endings
    flow: Flow
    ties: Ties
    catalog: Catalog
    pages: Pages
    addresses: Addresses
    limits: LimitSettings
    listen: ListenSettings
    limiter: Limiter
    hits: LimitHits
    clock: Clock

    async def show(self, request: web.Request) -> web.Response:
        """List the connections of whoever is signed in here; without a session offer to sign in."""
        session = await session_of(request)
        account_id = account_of(session)
        if account_id is None:
            return self.pages.page("connections", account=None, connections=[], csrf="")
        return self.pages.page(
            "connections",
            account=name_of(session),
            connections=await self._listed(await self._families(account_id)),
            csrf=csrf_token(session, _PURPOSE),
        )

    async def sign_in(self, request: web.Request) -> web.Response:
        """Start a sign-in through Atlassian."""
        if not self.ties.is_own_form(request):
            return self._refused(403)
        network = client_network(request, self.listen.trusted_proxies)
        wait = self.limiter.take(
            "authorizations", network, per_minute=self.limits.authorizations_per_minute
        )
        if wait is not None:
            self.hits.tell("authorizations", "connections")
            return self.flow.too_often(wait)
        return await self.flow.sign_in(request)

    async def disconnect(self, request: web.Request) -> web.Response:
        """End one connection, named by client and site, or with neither all of them."""
        checked = await self._checked(request)
        if isinstance(checked, web.Response):
            return checked
        session, form = checked
        families = await self._families(account_of(session) or "")
        if "client" in form or "site" in form:
            wanted = (form.get("client"), form.get("site"))
            families = [f for f in families if (f.client_id, f.cloud_id) == wanted]
            if not families:
                return self._refused(404)
        for family in families:
            await self.endings.disconnect(family, "user")
        return redirection(303, f"{self.addresses.issuer}/connections")

    async def sign_out(self, request: web.Request) -> web.Response:
        """End the browser session; connections go on."""
        checked = await self._checked(request)
        if isinstance(checked, web.Response):
            return checked
        response = redirection(303, f"{self.addresses.issuer}/connections")
        await end(request, response)
        return response

    async def _families(self, account_id: str) -> Sequence[Family]:
        return await self.storage.tokens.families(account_id=account_id, now=self.clock())

    async def _listed(self, families: Sequence[Family]) -> list[dict[str, Any]]:
        """Return one entry for each client and site; signing in again makes more families."""
        found: dict[tuple[str, str], list[Family]] = {}
        for family in families:
            found.setdefault((family.client_id, family.cloud_id), []).append(family)
        words = {scope.name: scope for scope in self.catalog.supported()}
        return [
            {
                "client_id": client_id,
                "client_name": await self.directory.name_of(client_id),
                "cloud_id": cloud_id,
                "site": same[0].site_name,
                "host": same[0].site_url.partition("://")[2],
                "scopes": [
                    words[name]
                    for name in sorted({scope for family in same for scope in family.scopes})
                    if name in words
                ],
                "since": _day(min(family.created_at for family in same)),
                "used": _day(max(family.last_used_at for family in same)),
            }
            for (client_id, cloud_id), same in found.items()
        ]

    async def _checked(self, request: web.Request) -> tuple[Session, MultiDict[str]] | web.Response:
        session = await session_of(request)
        if not self.ties.is_own_form(request) or account_of(session) is None:
            return self._refused(403)
        form = await read_form(request, seconds=self.limits.body_seconds)
        if not csrf_matches(session, form.get("csrf", ""), _PURPOSE):
            return self._refused(403)
        return session, form

    def _refused(self, status: int) -> web.Response:
        problem = Problem(
            title="That did not work",
            happened="There is no such connection of yours, or the page was open for too long.",
            to_do=("Open the connections page again and sign in.",),
        )
        return self.pages.problem(problem, status=status)


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%d %B %Y")
