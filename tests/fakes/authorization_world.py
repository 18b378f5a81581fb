"""An authorization server over real storage, web room and sandbox, and clients that use it."""

import base64
import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from conftest import FakeClock
from fakes.browser_steps import Browser, Page
from fakes.ports import free_port
from pydantic import BaseModel

from telamon.addresses import Addresses
from telamon.atlassian.custody import Custody
from telamon.atlassian.oauth import AtlassianOAuth
from telamon.authorization import AuthorizationServer, build
from telamon.authorization.fetching import Fetcher
from telamon.catalog import Catalog
from telamon.catalog import build as build_catalog
from telamon.plugin import (
    AnyProduct,
    Event,
    Operation,
    Product,
    SandboxRequest,
    SandboxResponse,
    Scope,
    World,
    tool,
)
from telamon.sandbox import PEOPLE, SITES, Sandbox
from telamon.settings import Settings
from telamon.storage import KeyRing, Storage, new_key, open_storage
from telamon.tasks import Tasks
from telamon.web.limits import Limiter
from telamon.web.middleware import setup_web
from telamon.web.pages import Pages
from telamon.web.sessions import setup_sessions

ISSUER = "https://mcp.example.com"
REDIRECT = "http://localhost:3334/oauth/callback"
VERIFIER = "a-verifier-of-enough-characters-0123456789-._~"
ADA, BEN = PEOPLE
DEMO, SECOND = SITES
READ_TOYS = Scope("read:toys", "read toys")
WRITE_TOYS = Scope("write:toys", "change toys", "write")
READ_PAPERS = Scope("read:papers", "read papers")
WRITE_PAPERS = Scope("write:papers", "change papers", "write")
ALL = tuple(sorted(s.name for s in (READ_TOYS, WRITE_TOYS, READ_PAPERS, WRITE_PAPERS)))
EventT = TypeVar("EventT", bound=Event)


class NoSettings(BaseModel):
    """Nothing to set."""


class _Nothing:
    """An emulated API that knows one operation for each of its scopes."""

    def __init__(self, *scopes: Scope) -> None:
        self.operations = [
            Operation(method="GET", path=f"/x/{i}", scopes=(frozenset({s.name}),), handle=_answer)
            for i, s in enumerate(scopes)
        ]

    def reset(self) -> None:
        pass

    def unreadable(self, problem: str) -> SandboxResponse:
        return SandboxResponse(status=400, body=problem)


def _answer(_: SandboxRequest) -> SandboxResponse:
    return SandboxResponse(body={})


def product(name: str, read: Scope, write: Scope) -> AnyProduct:
    @tool(read, access="read", group="all", title="Read", name=f"read{name.title()}")
    async def reads(client: Any) -> str:
        """Read."""
        return str(client)

    @tool(write, access="write", group="all", title="Write", name=f"write{name.title()}")
    async def writes(client: Any) -> str:
        """Write."""
        return str(client)

    def sandbox(_: World) -> _Nothing:
        return _Nothing(read, write)

    return Product(
        name=name,
        title=name.title(),
        gateway=name,
        api_roots=("/x",),
        settings=NoSettings,
        connect=lambda api, _: api,
        tools=(reads, writes),
        sandbox=sandbox,
    )


PRODUCTS = (product("papers", READ_PAPERS, WRITE_PAPERS), product("toys", READ_TOYS, WRITE_TOYS))


def challenge(verifier: str = VERIFIER) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(kw_only=True)
class Answer:
    """A JSON answer."""

    status: int
    headers: Mapping[str, str]
    json: Any

    @property
    def error(self) -> str:
        assert self.headers["Cache-Control"] == "no-store"
        assert self.headers["Content-Type"].startswith("application/json")
        assert self.headers["Access-Control-Allow-Origin"] == "*"
        error: str = self.json["error"]
        return error


@dataclass(kw_only=True)
class Setup:
    """One replica of the server, and what is around it."""

    clock: FakeClock
    settings: Settings
    storage: Storage
    sandbox: Sandbox
    http: aiohttp.ClientSession
    server: AuthorizationServer
    catalog: Catalog
    custody: Custody
    tasks: Tasks
    events: list[Event]
    base: str
    upstream: str

    def url(self, path: str) -> str:
        return f"{ISSUER}{path}"

    def browser(self) -> Browser:
        return Browser(http=self.http, reached={ISSUER: self.base, self.upstream: self.upstream})

    def heard(self, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def upstream_paths(self) -> list[str]:
        """What Atlassian was asked, in order."""
        return [entry.raw_path.partition("?")[0] for entry in self.sandbox.journal.entries]

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Answer:
        """Ask as a program does."""
        async with self.http.request(
            method,
            f"{self.base}{path}",
            headers={"Host": "mcp.example.com", **(headers or {})},
            allow_redirects=False,
            **options,
        ) as answer:
            body = await answer.read()
            is_json = answer.content_type == "application/json" and body
            return Answer(
                status=answer.status,
                headers=answer.headers,
                json=await answer.json() if is_json else body.decode(),
            )

    async def register(self, **metadata: Any) -> Any:
        said = {
            "client_name": "Test client",
            "redirect_uris": [REDIRECT],
            "token_endpoint_auth_method": "none",
            **metadata,
        }
        answer = await self.ask("POST", "/register", json=said)
        assert answer.status == 201, answer.json
        return answer.json

    async def client_id(self, **metadata: Any) -> str:
        made: str = (await self.register(**metadata))["client_id"]
        return made

    def asked(self, client_id: str, **changes: Any) -> dict[str, Any]:
        """Return the parameters of a good authorization request."""
        return {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "scope": " ".join(ALL),
            "state": "the-state",
            "resource": f"{ISSUER}/v1/mcp",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            **changes,
        }

    def authorize_url(self, client_id: str, *more: tuple[str, str], **changes: Any) -> str:
        fields = [(n, v) for n, v in self.asked(client_id, **changes).items() if v is not None]
        return self.url(f"/authorize?{urlencode([*fields, *more])}")

    async def authorize(
        self, client_id: str, *more: tuple[str, str], browser: Browser | None = None, **changes: Any
    ) -> Page:
        """Ask ``/authorize`` and go nowhere."""
        return await (browser or self.browser()).get(
            self.authorize_url(client_id, *more, **changes)
        )

    async def consent_page(self, browser: Browser, client_id: str, **changes: Any) -> Page:
        page = await browser.follow(await self.authorize(client_id, browser=browser, **changes))
        assert page.status == 200, page.text
        return page

    async def at_atlassian(self, browser: Browser, client_id: str, **changes: Any) -> Page:
        """Approve, and stop at Atlassian's page."""
        page = await self.consent_page(browser, client_id, **changes)
        page = await browser.follow(await browser.submit(page, decision="approve"))
        assert page.url.startswith(self.upstream), page.text
        return page

    async def from_atlassian(
        self,
        browser: Browser,
        page: Page,
        *,
        person: Any = ADA,
        sites: Sequence[Any] = (DEMO,),
        decision: str = "accept",
    ) -> Page:
        """Log in at Atlassian; the page sends the browser to our callback, not followed."""
        form = page.form
        return await browser.post(
            page.url,
            form.filled(
                account_id=person.account_id,
                site=[site.cloud_id for site in sites],
                decision=decision,
            ),
        )

    async def sign_in(
        self,
        client_id: str,
        *,
        browser: Browser | None = None,
        person: Any = ADA,
        sites: Sequence[Any] = (DEMO,),
        **changes: Any,
    ) -> Page:
        """Go the whole way; the last page leads to the client."""
        browser = browser or self.browser()
        page = await self.at_atlassian(browser, client_id, **changes)
        page = await self.from_atlassian(browser, page, person=person, sites=sites)
        return await browser.follow(page)

    async def code(self, client_id: str, **given: Any) -> str:
        page = await self.sign_in(client_id, **given)
        return page.answer["code"]

    async def token(
        self, headers: Mapping[str, str] | None = None, /, **fields: str | None
    ) -> Answer:
        sent = {name: value for name, value in fields.items() if value is not None}
        return await self.ask("POST", "/token", data=sent, headers=headers)

    async def redeem(self, client_id: str, code: str, **changes: str | None) -> Answer:
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            "resource": f"{ISSUER}/v1/mcp",
            **changes,
        }
        return await self.token(**fields)

    async def refresh(self, client_id: str, token: str, **changes: str | None) -> Answer:
        fields: dict[str, str | None] = {
            "grant_type": "refresh_token",
            "client_id": client_id,
            "refresh_token": token,
            **changes,
        }
        return await self.token(**fields)

    async def pair(self, client_id: str, **given: Any) -> Any:
        """Sign in and redeem."""
        answer = await self.redeem(client_id, await self.code(client_id, **given))
        assert answer.status == 200, answer.json
        return answer.json


@asynccontextmanager
async def setup(
    directory: Path,
    clock: FakeClock,
    *,
    fetcher: Fetcher | None = None,
    storage: Storage | None = None,
    sandbox: tuple[Sandbox, str] | None = None,
    products: Sequence[AnyProduct] = PRODUCTS,
    tls: SSLContext | None = None,
    atlassian: Mapping[str, Any] | None = None,
    **sections: Any,
) -> AsyncGenerator[Setup, None]:
    """Serve one replica; hand in another's *storage* and *sandbox* for a second one."""
    port = free_port()
    upstream = sandbox[1] if sandbox else f"http://127.0.0.1:{port}"
    settings = Settings.model_validate(
        {
            "public_url": ISSUER,
            "atlassian": {
                "client_id": "the-app",
                "client_secret": "the-secret",
                "authorization_url": upstream,
                "api_url": upstream,
                **(atlassian or {}),
            },
            "storage": {"encryption_keys": [new_key()]},
            **sections,
        }
    )
    emulated = (
        sandbox[0]
        if sandbox
        else Sandbox(
            products,
            public_base=upstream,
            client_id="the-app",
            client_secret="the-secret",
            clock=clock,
            callback=f"{ISSUER}/oauth/atlassian/callback",
        )
    )
    addresses = Addresses(ISSUER)
    catalog = build_catalog(products, {}, settings.policy)
    own_storage = storage or await open_storage(
        f"sqlite:///{directory}/data/authorization.db",
        keys=KeyRing.parse([new_key()]),
        clock=clock,
    )
    events: list[Event] = []
    tasks, pages, limiter = Tasks(), Pages(addresses), Limiter(clock)
    app = web.Application()
    setup_web(app, addresses, pages)
    setup_sessions(app, own_storage, addresses, settings.tokens, clock, announce=events.append)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        oauth = AtlassianOAuth(http, settings.atlassian, addresses.callback)
        custody = Custody(own_storage, oauth, tasks, events.append, clock)
        server = await build(
            storage=own_storage,
            custody=custody,
            oauth=oauth,
            catalog=catalog,
            addresses=addresses,
            settings=settings,
            pages=pages,
            limiter=limiter,
            announce=events.append,
            clock=clock,
            tasks=tasks,
            fetcher=fetcher,
        )
        app.add_routes(server.routes())
        served = TestServer(app, scheme="https" if tls else "http")
        await served.start_server(ssl=tls)
        atlassian_server = None if sandbox else TestServer(emulated.app(), port=port)
        if atlassian_server is not None:
            await atlassian_server.start_server()
        try:
            yield Setup(
                clock=clock,
                settings=settings,
                storage=own_storage,
                sandbox=emulated,
                http=http,
                server=server,
                catalog=catalog,
                custody=custody,
                tasks=tasks,
                events=events,
                base=str(served.make_url("")).rstrip("/"),
                upstream=upstream,
            )
        finally:
            await served.close()
            if atlassian_server is not None:
                await atlassian_server.close()
            await tasks.drain(5)
            if storage is None:
                await own_storage.close()
