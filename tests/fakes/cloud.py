"""The sandbox behind a real loopback socket, and everything of ours that talks to it."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from aiohttp.test_utils import TestServer
from fakes.gadgets import READ, WRITE, gadgets

from telamon.atlassian.custody import Custody
from telamon.atlassian.gateway import Gateway
from telamon.atlassian.oauth import AtlassianOAuth, AtlassianUnavailable, TokenAnswer
from telamon.atlassian.principal import Principal
from telamon.atlassian.timing import Timing
from telamon.atlassian.transport import open_session
from telamon.plugin import AnyProduct, Event, Site
from telamon.policy import Policies, Policy
from telamon.sandbox import PEOPLE, SITES, Sandbox
from telamon.settings import AtlassianSettings, LimitSettings, PolicySettings
from telamon.storage import Grant, Storage
from telamon.tasks import Tasks

CLIENT_ID, CLIENT_SECRET = "the-app", "the-secret"
CALLBACK = "https://mcp.example.com/oauth/atlassian/callback"
SCOPES = ("read:gadgets", "write:gadgets", "offline_access", "read:me")
ADA, BEN = PEOPLE
DEMO, SECOND = SITES


class Ticking(Protocol):
    """A clock that a test moves."""

    now: float

    def __call__(self) -> float: ...

    def advance(self, seconds: float) -> None: ...


class Pauses:
    """Remembers how long was to be waited, and makes the clock do it."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        self.seconds: list[float] = []
        self._advance = advance

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._advance(seconds)


@dataclass(kw_only=True)
class Cloud:
    """A sandbox with the gadgets in it, served at ``base``."""

    sandbox: Sandbox
    base: str
    http: aiohttp.ClientSession
    settings: AtlassianSettings
    oauth: AtlassianOAuth

    def set(self, **switches: Any) -> None:
        self.sandbox.board.set(switches)

    def fail(self, kind: str, **details: Any) -> None:
        self.set(faults=[{"kind": kind, **details}])

    def code(
        self, *, account_id: str = ADA.account_id, scopes: Sequence[str] = SCOPES, **given: Any
    ) -> str:
        """Sign in without a browser."""
        consent = {
            "cloud_ids": [site.cloud_id for site in SITES],
            "redirect_uri": CALLBACK,
            "challenge": None,
            **given,
        }
        return self.sandbox.grants.consent(account_id, scopes=scopes, **consent)

    @property
    def requests(self) -> list[Any]:
        """The requests to the products' API."""
        return [e for e in self.sandbox.journal.entries if e.raw_path.startswith("/ex/")]

    @property
    def refreshes(self) -> int:
        return self.sandbox.grants.counts.refreshes


@asynccontextmanager
async def cloud(
    clock: Callable[[], float], port: int, *products: AnyProduct, **settings: Any
) -> AsyncGenerator[Cloud, None]:
    """Serve a sandbox on *port*."""
    base = f"http://127.0.0.1:{port}"
    sandbox = Sandbox(
        products or [gadgets()],
        public_base=base,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        clock=clock,
        callback=CALLBACK,
    )
    # The scopes of the app in the console follow from the operations.
    assert {READ.name, WRITE.name} <= set(sandbox._identity.known_scopes()) or products
    given = AtlassianSettings.model_validate(
        {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "authorization_url": base,
            "api_url": base,
            "media_hosts": ("localhost",),
            **settings,
        }
    )
    async with TestServer(sandbox.app(), port=port), open_session(given) as http:
        yield Cloud(
            sandbox=sandbox,
            base=base,
            http=http,
            settings=given,
            oauth=AtlassianOAuth(http, given, CALLBACK),
        )


@dataclass(kw_only=True)
class Keeper:
    """One replica's custody and gateway over a storage and a cloud."""

    cloud: Cloud
    storage: Storage
    clock: Callable[[], float]
    pauses: Pauses
    timing: Timing = field(default_factory=Timing)
    events: list[Event] = field(default_factory=list)
    tasks: Tasks = field(default_factory=Tasks)
    oauth: Any = None
    limits: LimitSettings = field(default_factory=LimitSettings)
    ticks: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        self.custody = Custody(
            self.storage,
            self.oauth or self.cloud.oauth,
            self.tasks,
            self.events.append,
            self.clock,
            ticks=self.ticks or self.clock,
            timing=self.timing,
            pause=self.pauses,
        )
        self.gateway = Gateway(
            self.cloud.http,
            self.custody,
            self.cloud.settings,
            self.limits,
            self.clock,
            ticks=self.ticks or self.clock,
            pause=self.pauses,
        )

    async def signed_in(self, **given: Any) -> Grant:
        """Take in a new grant, all the way from the code."""
        answer = await self.cloud.oauth.exchange(self.cloud.code(**given), None)
        account = await self.cloud.oauth.me(answer.access_token)
        sites = await self.cloud.oauth.sites(answer.access_token)
        return await self.custody.adopt(answer, account, sites)

    def api(
        self,
        grant: Grant,
        site: Site = DEMO,
        product: AnyProduct | None = None,
        policy: Policy | None = None,
    ) -> Any:
        principal = Principal(
            account_id=grant.account_id,
            client_id="client-1",
            family_id="family-1",
            grant_id=grant.id,
            site=site,
            scopes=frozenset({"read:gadgets", "write:gadgets"}),
            policy=policy or Policies(PolicySettings()).deployment,
            expires_at=self.clock() + 3600,
        )
        return self.gateway.api(principal, product or gadgets(), needs=["write:gadgets"])

    def heard(self) -> list[str]:
        """What happened to grants, in order."""
        return [event.change for event in self.events if hasattr(event, "change")]


class Failing:
    """An OAuth client whose refreshes end as told, the last way for good."""

    def __init__(self, *ends: Any) -> None:
        self.ends = list(ends)
        self.asked: list[str] = []

    async def refresh(self, refresh_token: str) -> TokenAnswer:
        self.asked.append(refresh_token)
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        if isinstance(end, Exception):
            raise end
        if callable(end):
            end = await end()
            if end is None:
                raise AtlassianUnavailable("after all")
        assert isinstance(end, TokenAnswer)
        return end
