"""What ``telamon check`` tries, once the configuration is valid: everything it names, for real."""

from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp

from telamon.addresses import Addresses
from telamon.atlassian.custody import Custody
from telamon.atlassian.gateway import Gateway
from telamon.atlassian.oauth import (
    AppRefused,
    AtlassianOAuth,
    AtlassianUnavailable,
    GrantRefused,
)
from telamon.atlassian.principal import Principal
from telamon.atlassian.transport import open_session
from telamon.clock import Clock
from telamon.loader import Loaded
from telamon.plugin import ToolError
from telamon.policy import Policies
from telamon.settings import Settings
from telamon.storage import StorageRefused, StorageUnavailable, open_configured
from telamon.tasks import Tasks

CLOCK_TOLERANCE = 30.0
"""Seconds that our clock and Atlassian's may differ; tokens and leases count on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was tried. ``level`` is ``ok``, ``warning`` or ``fault``."""

    what: str
    level: str
    said: str


async def findings(settings: Settings, clock: Clock) -> AsyncGenerator[Finding, None]:
    """Try storage, Atlassian, the public URL and the clock, one after the other."""
    yield await _storage(settings)
    async with open_session(settings.atlassian) as http:
        yield await _app(http, settings)
        yield await _clock(http, settings, clock)
        yield await _public_url(http, settings)
    for warning in _warnings(settings):
        yield warning


async def product_findings(
    settings: Settings, loaded: Loaded, account_id: str, clock: Clock
) -> AsyncGenerator[Finding, None]:
    """Try each product as *account_id*, with that account's own grant, on its first site.

    Raises:
        StorageRefused, StorageUnavailable: The storage cannot be used.
    """
    async with AsyncExitStack() as cleanup:
        storage = await open_configured(settings.storage, migrate=False)
        cleanup.push_async_callback(storage.close)
        grants = [g for g in await storage.grants.of_account(account_id) if g.sites]
        if not grants:
            said = f"no grant of {account_id} reaches a site; `telamon grants list` names accounts"
            yield Finding(what="account", level="fault", said=said)
            return
        http = await cleanup.enter_async_context(open_session(settings.atlassian))
        tasks, callback = Tasks(), Addresses(settings.public_url).callback
        oauth = AtlassianOAuth(http, settings.atlassian, callback)
        custody = Custody(storage, oauth, tasks, lambda _event: None, clock)
        gateway = Gateway(http, custody, settings.atlassian, settings.limits, clock)
        principal = Principal(
            account_id=account_id,
            client_id="telamon-check",
            family_id="",
            grant_id=grants[0].id,
            site=grants[0].sites[0],
            scopes=frozenset(grants[0].scopes),
            policy=Policies(settings.policy).of(
                account_id, grants[0].email, grants[0].sites[0].url
            ),
            expires_at=clock() + 60,
        )
        for product in loaded.products:
            if product.health is not None:
                client = product.connect(
                    gateway.api(principal, product), loaded.settings[product.name]
                )
                yield await _health(product.title, principal.site.url, product.health(client))
        await tasks.drain(settings.listen.shutdown_seconds)


async def _health(title: str, site: str, asked: Awaitable[None]) -> Finding:
    try:
        await asked
    except ToolError as error:
        return Finding(what=title.lower(), level="fault", said=f"{site}: {error}")
    return Finding(what=title.lower(), level="ok", said=f"{site} answers this account")


async def _storage(settings: Settings) -> Finding:
    try:
        storage = await open_configured(settings.storage)
        try:
            await storage.check()
        finally:
            await storage.close()
    except (StorageRefused, StorageUnavailable) as error:
        return Finding(what="storage", level="fault", said=str(error))
    return Finding(what="storage", level="ok", said="written, read, and the key fits")


async def _app(http: aiohttp.ClientSession, settings: Settings) -> Finding:
    """Refresh with a token that is none: which way it is refused tells whether the app is known."""
    oauth = AtlassianOAuth(http, settings.atlassian, Addresses(settings.public_url).callback)
    where = settings.atlassian.authorization_url
    try:
        await oauth.refresh("telamon-check")
    except GrantRefused:
        return Finding(what="atlassian", level="ok", said=f"{where} knows the app and its secret")
    except AppRefused:
        return Finding(
            what="atlassian",
            level="fault",
            said=f"{where} refuses atlassian.client_id or client_secret; copy both again from the "
            "app's Settings page in the developer console",
        )
    except AtlassianUnavailable as error:
        return Finding(
            what="atlassian",
            level="fault",
            said=f"{where} cannot be used: {error}; is https to it allowed from here?",
        )
    return Finding(what="atlassian", level="fault", said=f"{where} accepts a token that is none")


async def _clock(http: aiohttp.ClientSession, settings: Settings, clock: Clock) -> Finding:
    try:
        async with http.get(settings.atlassian.authorization_url, allow_redirects=False) as answer:
            said = answer.headers.get("Date", "")
        apart = clock() - parsedate_to_datetime(said).timestamp()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return Finding(what="clock", level="warning", said="nothing to compare it with")
    if abs(apart) > CLOCK_TOLERANCE:
        return Finding(
            what="clock",
            level="fault",
            said=f"it is {apart:+.0f} s off Atlassian's; set it by NTP, tokens depend on it",
        )
    return Finding(what="clock", level="ok", said=f"within {CLOCK_TOLERANCE:.0f} s of Atlassian's")


async def _public_url(http: aiohttp.ClientSession, settings: Settings) -> Finding:
    url = f"{settings.public_url}/.well-known/oauth-authorization-server"
    try:
        async with http.get(url, allow_redirects=False) as answer:
            issuer = (await answer.json(content_type=None)).get("issuer")
    except (aiohttp.ClientError, TimeoutError, ValueError, AttributeError) as error:
        return Finding(
            what="public url",
            level="warning",
            said=f"{url} does not answer ({type(error).__name__}); fine while the server is down, "
            "else look at the proxy, its certificate and DNS",
        )
    if issuer != settings.public_url:
        return Finding(
            what="public url",
            level="fault",
            said=f"another server answers there; its issuer is {str(issuer)[:100]!r}",
        )
    return Finding(what="public url", level="ok", said=f"{settings.public_url} is this server")


def _warnings(settings: Settings) -> Sequence[Finding]:
    found: list[Finding] = []
    if settings.public_url.startswith("http://"):
        found.append(
            Finding(
                what="public url", level="warning", said="plain http: only this machine can use it"
            )
        )
    if not (settings.atlassian.allowed_email_domains or settings.atlassian.allowed_sites):
        found.append(
            Finding(
                what="people",
                level="warning",
                said="any Atlassian account may sign in; set atlassian.allowed_email_domains or "
                "allowed_sites to keep it to your own people",
            )
        )
    return found
