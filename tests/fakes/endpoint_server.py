"""The MCP endpoint on a loopback port: real storage and tokens, made-up products, no Atlassian."""

import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import web
from fakes.records import a_code, a_family, a_grant

from telamon.addresses import Addresses
from telamon.atlassian.principal import Principal
from telamon.catalog import Catalog, build
from telamon.clock import Clock
from telamon.endpoint import Endpoint
from telamon.endpoint.kernel import Server
from telamon.plugin import AnyProduct, Api, Json, Site
from telamon.plugin.events import Event
from telamon.plugin.testing import FakeApi
from telamon.settings import Settings
from telamon.storage import KeyRing, NewToken, Storage, new_key, open_storage
from telamon.storage.credentials import new_secret
from telamon.tasks import Tasks
from telamon.web.limits import Limiter
from telamon.web.middleware import setup_web
from telamon.web.pages import Pages

ADA_SITE = Site(
    cloud_id="11111111-1111-4111-8111-111111111111",
    url="https://one.example.com",
    name="Site One",
)
BEN_SITE = Site(
    cloud_id="22222222-2222-4222-8222-222222222222",
    url="https://two.example.com",
    name="Site Two",
)


@dataclass
class FakeGateway:
    """Gives every call a :class:`FakeApi` and remembers for whom."""

    answers: Mapping[tuple[str, str], Json] = field(default_factory=dict)
    given: list[tuple[Principal, str, FakeApi]] = field(default_factory=list)

    def api(self, principal: Principal, product: AnyProduct, *, needs: Collection[str] = ()) -> Api:
        api = FakeApi(
            answers=self.answers,
            site=principal.site,
            account_id=principal.account_id,
            scopes=frozenset(needs),
        )
        self.given.append((principal, product.name, api))
        return api


@dataclass(kw_only=True)
class McpServer:
    """A running endpoint and what a test wants to see of it."""

    url: str
    addresses: Addresses
    endpoint: Endpoint
    storage: Storage
    gateway: FakeGateway
    catalog: Catalog
    clock: Clock
    tasks: Tasks
    events: list[Event]

    @property
    def mcp(self) -> str:
        return f"{self.url}/v1/mcp"

    @property
    def sse(self) -> str:
        return f"{self.url}/v1/sse"

    async def token(
        self,
        scopes: Sequence[str] | None = None,
        *,
        account: str = "ada",
        client: str = "client-1",
        site: Site = ADA_SITE,
        resource: str | None = None,
        seconds: float = 3600,
        family: str | None = None,
    ) -> str:
        """Issue an access token the way the authorization server does: code, then pair."""
        granted = tuple(self.catalog.initial() if scopes is None else scopes)
        now = self.clock()
        record = a_family(
            id=family or secrets.token_hex(8),
            account_id=account,
            client_id=client,
            grant_id=f"grant-{account}",
            cloud_id=site.cloud_id,
            site_url=site.url,
            site_name=site.name,
            scopes=granted,
            resource=self.addresses.mcp if resource is None else resource,
            created_at=now,
            last_used_at=now,
            expires_at=now + 90 * 86_400,
        )
        code, access = new_secret("code"), new_secret("access")
        await self.storage.tokens.add_code(code, a_code(record, expires_at=now + 60))
        redeemed = await self.storage.tokens.redeem(
            code,
            access=NewToken(token=access, scopes=granted, expires_at=now + seconds),
            refresh=NewToken(token=new_secret("refresh"), scopes=granted, expires_at=now + 86_400),
            now=now,
        )
        assert redeemed
        return access

    async def grant(
        self, account: str = "ada", name: str = "Ada Example", email: str | None = None
    ) -> None:
        """Store the Atlassian grant that this account's tokens hang on."""
        await self.storage.grants.add(
            a_grant(
                id=f"grant-{account}",
                account_id=account,
                name=name,
                email=email or f"{account}@example.com",
            )
        )


@asynccontextmanager
async def mcp_server(
    products: Sequence[AnyProduct],
    *,
    clock: Clock = time.time,
    extend: Callable[[Server[Any]], None] | None = None,
    answers: Mapping[tuple[str, str], Json] | None = None,
    database: tuple[str, str] | None = None,
    home: str | None = None,
    **sections: Mapping[str, Any],
) -> AsyncIterator[McpServer]:
    """Serve *products*; *sections* are settings, e.g. ``limits={"streams": 3}``.

    A replica of another server has the same *database*, its URL and key, and the other's URL as
    its *home*.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://localhost:{listening.getsockname()[1]}"
    home = home or url
    settings = Settings.model_validate(
        {
            "public_url": home,
            "atlassian": {"client_id": "made-up", "client_secret": "made-up"},
            "storage": {"encryption_keys": [new_key()]},
            **sections,
        }
    )
    addresses = Addresses(home)
    catalog = build(
        products, {product.name: product.settings() for product in products}, settings.policy
    )
    events: list[Event] = []
    tasks, gateway = Tasks(), FakeGateway(answers or {})
    with TemporaryDirectory() as folder:
        where, key = database or (f"sqlite:///{Path(folder) / 'data' / 'mcp.db'}", new_key())
        storage = await open_storage(where, keys=KeyRing.parse([key]), clock=clock)
        endpoint = Endpoint(
            storage=storage,
            gateway=gateway,
            catalog=catalog,
            addresses=addresses,
            settings=settings,
            limiter=Limiter(clock),
            announce=events.append,
            clock=clock,
            tasks=tasks,
            extend=extend,
        )
        app = web.Application()
        setup_web(app, addresses, Pages(addresses))
        app.add_routes(endpoint.routes())
        runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1
        )
        await runner.setup()
        await web.SockSite(runner, listening).start()
        try:
            yield McpServer(
                url=url,
                addresses=addresses,
                endpoint=endpoint,
                storage=storage,
                gateway=gateway,
                catalog=catalog,
                clock=clock,
                tasks=tasks,
                events=events,
            )
        finally:
            await endpoint.close()
            await runner.cleanup()
            await tasks.drain(5)
            await storage.close()
