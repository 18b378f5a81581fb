"""The room's composition: builds every part and names the routes."""

from dataclasses import dataclass

from aiohttp import web

from telamon.addresses import Addresses
from telamon.atlassian.custody import Custody
from telamon.atlassian.oauth import AtlassianOAuth
from telamon.authorization import metadata
from telamon.authorization.admission import Admission
from telamon.authorization.allowed import Allowed
from telamon.authorization.answer import Answers
from telamon.authorization.atlassian_hop import AtlassianHop
from telamon.authorization.clients import ClientDirectory
from telamon.authorization.connections import Connections
from telamon.authorization.consent import Consent
from telamon.authorization.documents import ClientDocuments
from telamon.authorization.endings import Endings
from telamon.authorization.fetching import DocumentFetcher, Fetcher
from telamon.authorization.flow import Flow
from telamon.authorization.limit_hits import LimitHits
from telamon.authorization.opened import OpenSignIns
from telamon.authorization.redemption import Redemption
from telamon.authorization.redirects import RedirectRules
from telamon.authorization.register import Registration
from telamon.authorization.request import AuthorizationRequests
from telamon.authorization.revoke import Revocation
from telamon.authorization.rotation import Rotation
from telamon.authorization.screens import Screens
from telamon.authorization.site import SiteChoice
from telamon.authorization.ties import Ties
from telamon.authorization.token import TokenEndpoint
from telamon.catalog import Catalog
from telamon.clock import Clock
from telamon.plugin.events import Announce
from telamon.settings import Settings
from telamon.storage import Storage
from telamon.tasks import Tasks
from telamon.web.cors import cors
from telamon.web.limits import Limiter
from telamon.web.pages import Pages


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorizationServer:
    """The authorization server, ready to be mounted. Browser sessions must be set up beside it."""

    addresses: Addresses
    catalog: Catalog
    settings: Settings
    registration: Registration
    token: TokenEndpoint
    revocation: Revocation
    flow: Flow
    screens: Screens
    connections: Connections

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return every route.

        What clients call from a web page is open to all origins; pages of our own never are.
        """
        open_to_all = [
            web.post("/token", self.token.token),
            web.post("/revoke", self.revocation.revoke),
        ]
        if self.settings.clients.dynamic_registration:
            open_to_all.append(web.post("/register", self.registration.register))
        return [
            *metadata.routes(self.addresses, self.catalog, self.settings.clients),
            *cors(open_to_all),
            # A HEAD, which previews send, must not begin a sign-in.
            web.get("/authorize", self.screens.authorize, allow_head=False),
            web.get("/consent", self.screens.show_consent, allow_head=False),
            web.post("/consent", self.screens.decide_consent),
            web.get("/oauth/atlassian/callback", self.flow.callback, allow_head=False),
            web.get("/site", self.screens.show_site, allow_head=False),
            web.post("/site", self.screens.decide_site),
            web.get("/connections", self.connections.show, allow_head=False),
            web.post("/connections/sign-in", self.connections.sign_in),
            web.post("/connections/disconnect", self.connections.disconnect),
            web.post("/connections/sign-out", self.connections.sign_out),
        ]


async def build(
    *,
    storage: Storage,
    custody: Custody,
    oauth: AtlassianOAuth,
    catalog: Catalog,
    addresses: Addresses,
    settings: Settings,
    pages: Pages,
    limiter: Limiter,
    announce: Announce,
    clock: Clock,
    tasks: Tasks,
    fetcher: Fetcher | None = None,
) -> AuthorizationServer:
    """Build the authorization server; *fetcher* reads client metadata documents."""
    rules, hits = RedirectRules(settings.clients), LimitHits(limiter, announce)
    allowed = Allowed(settings=settings.atlassian)
    directory = ClientDirectory(
        storage=storage,
        documents=ClientDocuments(
            storage=storage,
            fetcher=fetcher or DocumentFetcher(),
            rules=rules,
            settings=settings.clients,
            limits=settings.limits,
            limiter=limiter,
            hits=hits,
            tasks=tasks,
            announce=announce,
            clock=clock,
        ),
        settings=settings.clients,
        clock=clock,
    )
    endings = Endings(storage=storage, custody=custody, announce=announce, clock=clock)
    admission = Admission(
        directory=directory,
        limits=settings.limits,
        listen=settings.listen,
        limiter=limiter,
        hits=hits,
    )
    ties = Ties(addresses, settings.tokens.transaction_seconds)
    answers = Answers(
        storage=storage,
        directory=directory,
        rules=rules,
        endings=endings,
        addresses=addresses,
        settings=settings.tokens,
        pages=pages,
        announce=announce,
        clock=clock,
    )
    flow = Flow(
        storage=storage,
        hop=AtlassianHop(
            oauth=oauth,
            custody=custody,
            storage=storage,
            catalog=catalog,
            allowed=allowed,
            clock=clock,
        ),
        answers=answers,
        ties=ties,
        pages=pages,
        addresses=addresses,
        settings=settings.tokens,
        tasks=tasks,
        announce=announce,
        clock=clock,
    )
    return AuthorizationServer(
        addresses=addresses,
        catalog=catalog,
        settings=settings,
        registration=Registration(
            storage=storage,
            rules=rules,
            limits=settings.limits,
            listen=settings.listen,
            limiter=limiter,
            hits=hits,
            announce=announce,
            clock=clock,
        ),
        token=TokenEndpoint(
            storage=storage,
            admission=admission,
            redemption=Redemption(
                storage=storage,
                endings=endings,
                settings=settings.tokens,
                announce=announce,
                clock=clock,
            ),
            rotation=Rotation(
                storage=storage,
                allowed=allowed,
                endings=endings,
                settings=settings.tokens,
                announce=announce,
                clock=clock,
            ),
            addresses=addresses,
            tasks=tasks,
            clock=clock,
        ),
        revocation=Revocation(storage=storage, admission=admission, endings=endings),
        flow=flow,
        screens=Screens(
            requests=AuthorizationRequests(
                directory=directory, rules=rules, catalog=catalog, addresses=addresses
            ),
            flow=flow,
            consent=Consent(catalog=catalog, rules=rules),
            site=SiteChoice(catalog=catalog),
            answers=answers,
            ties=ties,
            opened=OpenSignIns(per_caller=settings.limits.open_transactions),
            directory=directory,
            storage=storage,
            pages=pages,
            limits=settings.limits,
            listen=settings.listen,
            limiter=limiter,
            hits=hits,
        ),
        connections=Connections(
            storage=storage,
            directory=directory,
            endings=endings,
            flow=flow,
            ties=ties,
            catalog=catalog,
            pages=pages,
            addresses=addresses,
            limits=settings.limits,
            listen=settings.listen,
            limiter=limiter,
            hits=hits,
            clock=clock,
        ),
    )
