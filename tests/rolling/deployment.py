"""Two ``telamon serve`` on one PostgreSQL behind nginx, as config/nginx has it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from fakes.nginx import Nginx, nginx
from fakes.replicas import replica_of
from fakes.serve_process import Served, served

_SETTINGS = {
    "TELAMON_POLICY__ACCESS": '["read", "write", "delete"]',
    "TELAMON_POLICY__CONFIRM_DELETES": "true",
    "TELAMON_LOGS__LEVEL": "INFO",
    "TELAMON_LISTEN__TRUSTED_PROXIES": '["127.0.0.1/32"]',
}


@dataclass(frozen=True, kw_only=True)
class Rolling:
    """The public address, the replicas behind it, and nginx between them."""

    site: Served
    """What clients know: its walks sign in over TLS, through nginx."""
    replicas: Sequence[Served]
    nginx: Nginx

    async def start(self) -> None:
        """Start all replicas at once."""
        await asyncio.gather(*(replica.start() for replica in self.replicas))


@asynccontextmanager
async def rolling(folder: Path, database: str) -> AsyncGenerator[Rolling, None]:
    """Give a deployment whose replicas are not started yet."""
    async with served(folder, {**_SETTINGS, "TELAMON_STORAGE__URL": database}) as plain:
        replicas = [replica_of(plain, f"replica-{number}") for number in range(2)]
        async with nginx(folder, [replica.port for replica in replicas]) as front:
            site = replace(plain, port=front.secure, trust=front.trust, walks=[])
            for each in replicas:
                each.environment["TELAMON_PUBLIC_URL"] = site.home
            try:
                yield Rolling(site=site, replicas=replicas, nginx=front)
            finally:
                for each in (site, *replicas):
                    await each.close()
