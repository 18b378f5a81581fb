"""The processes under test: started, pinned to a core, measured from outside, ended."""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from fakes.ports import free_port

from telamon.plugin import Site
from telamon.storage import (
    Client,
    Code,
    Family,
    Grant,
    KeyRing,
    NewToken,
    Storage,
    new_key,
    open_storage,
)
from telamon.storage.credentials import SecretKind, new_secret

HERE = Path(__file__).parent
CLOUD_ID = "11111111-1111-4111-8111-111111111111"
SCOPES = (
    "read:jira-work",
    "write:jira-work",
    "read:jira-user",
    "read:page:confluence",
    "read:user:confluence",
)
SERVER_CORE, LOAD_CORE = 0, 1
START_SECONDS = 90.0
KINDS: tuple[SecretKind, ...] = ("code", "access", "refresh")


@dataclass(kw_only=True, slots=True)
class Server:
    """One started process that listens on *port*."""

    process: psutil.Popen
    port: int
    ready_seconds: float

    @property
    def resident(self) -> int:
        """Bytes of resident memory, of the process alone."""
        rss: int = self.process.memory_info().rss
        return rss


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """The tokens of one person."""

    access: str
    refresh: str


def pin(core: int, process: int = 0) -> None:
    """Keep a process on one core, where there are two."""
    if (os.cpu_count() or 1) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process, {core})


@contextmanager
def started(
    command: list[str], port: int, core: int, environment: dict[str, str] | None = None
) -> Generator[Server, None, None]:
    """Run *command* until the block ends; it is ready when *port* accepts."""
    began = time.perf_counter()
    process = psutil.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    try:
        pin(core, process.pid)
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                    raise RuntimeError(f"{command} does not listen on {port}") from None
                time.sleep(0.02)
        ready = time.perf_counter() - began
        yield Server(process=process, port=port, ready_seconds=ready)
    finally:
        with suppress(psutil.NoSuchProcess):  # it may have been ended before
            process.terminate()
        try:
            process.wait(30)
        except psutil.TimeoutExpired:
            process.kill()


def script(name: str, *arguments: object) -> list[str]:
    """Return the command line of a script beside this one."""
    return [sys.executable, str(HERE / name), *map(str, arguments)]


@contextmanager
def telamon(
    folder: Path, upstream: int, database: str | None = None, *, limited: Sequence[str] = ()
) -> Generator[tuple[Server, str], None, None]:
    """Run ``telamon serve`` in front of *upstream*; gives it and an access token.

    Limits are out of the way but for those that are named.
    """
    with served(folder, upstream, database, limited=limited) as (server, pairs, _):
        yield server, pairs[0].access


@contextmanager
def served(
    folder: Path,
    upstream: int,
    database: str | None = None,
    *,
    people: int = 1,
    limited: Sequence[str] = (),
) -> Generator[tuple[Server, list[Pair], str], None, None]:
    """As :func:`telamon`, with the tokens of so many people, and the encryption key."""
    port, key = free_port(), new_key()
    database = database or f"sqlite:///{folder / 'telamon.db'}"
    home = f"http://localhost:{port}"
    pairs = asyncio.run(_seed(database, key, f"{home}/v1/mcp", people))
    many = "1000000"
    environment = {
        "TELAMON_PUBLIC_URL": home,
        "TELAMON_LISTEN__HOST": "127.0.0.1",
        "TELAMON_LISTEN__PORT": str(port),
        "TELAMON_ATLASSIAN__CLIENT_ID": "bench",
        "TELAMON_ATLASSIAN__CLIENT_SECRET": secrets.token_urlsafe(24),
        "TELAMON_ATLASSIAN__AUTHORIZATION_URL": f"http://127.0.0.1:{upstream}",
        "TELAMON_ATLASSIAN__API_URL": f"http://127.0.0.1:{upstream}",
        "TELAMON_STORAGE__URL": database,
        "TELAMON_STORAGE__ENCRYPTION_KEYS": key,
        "TELAMON_LOGS__LEVEL": "WARNING",
        **{
            f"TELAMON_LIMITS__{name}": many
            for name in (
                "CALLS_PER_MINUTE",
                "CONCURRENT_CALLS",
                "SESSIONS_PER_USER",
                "STREAMS_PER_USER",
                "STREAMS",
                "TOKENS_PER_MINUTE",
            )
            if name not in limited
        },
    }
    command = [sys.executable, "-m", "telamon", "serve"]
    with started(command, port, SERVER_CORE, environment) as server:
        yield server, pairs, key


async def _seed(url: str, key: str, resource: str, people: int) -> list[Pair]:
    """Put signed-in users into a new database; returns their tokens."""
    storage = await open_storage(url, keys=KeyRing.parse([key]))
    try:
        await _add_client(storage)
        return [await _sign_in(storage, resource, f"-{n}" * (n > 0)) for n in range(people)]
    finally:
        await storage.close()


async def _add_client(storage: Storage) -> None:
    now = time.time()
    await storage.clients.add(
        Client(
            client_id="bench",
            kind="configured",
            name="Bench",
            redirect_uris=("http://localhost/cb",),
            auth_method="none",
            scopes=(),
            metadata={},
            created_at=now,
            last_used_at=now,
            authorised_at=now,
            expires_at=None,
        )
    )


async def _sign_in(storage: Storage, resource: str, suffix: str) -> Pair:
    now, later = time.time(), time.time() + 86_400
    site = Site(cloud_id=CLOUD_ID, url="https://demo.example.com", name="Demo Site")
    await storage.grants.add(
        Grant(
            id=f"grant{suffix}",
            account_id=f"account-ada{suffix}",
            name="Ada Example",
            email="ada@example.com",
            access_token="upstream-access",
            refresh_token="upstream-refresh",
            access_expires_at=later,
            scopes=SCOPES,
            sites=(site,),
            state="active",
            reason=None,
            version=0,
            lease_owner=None,
            lease_until=None,
            attempt_started_at=None,
            created_at=now,
            refreshed_at=now,
        )
    )
    family = Family(
        id=f"family{suffix}",
        client_id="bench",
        account_id=f"account-ada{suffix}",
        grant_id=f"grant{suffix}",
        cloud_id=site.cloud_id,
        site_url=site.url,
        site_name=site.name,
        scopes=SCOPES,
        resource=resource,
        created_at=now,
        last_used_at=now,
        expires_at=later,
        revoked_at=None,
        revoked_reason=None,
    )
    code, access, refresh = (new_secret(kind) for kind in KINDS)
    await storage.tokens.add_code(
        code,
        Code(
            family=family,
            redirect_uri="http://localhost/cb",
            redirect_uri_given=True,
            code_challenge="x" * 43,
            scopes=SCOPES,
            expires_at=later,
            consumed_at=None,
            attempts=0,
        ),
    )
    await storage.tokens.redeem(
        code,
        access=NewToken(token=access, scopes=SCOPES, expires_at=later),
        refresh=NewToken(token=refresh, scopes=SCOPES, expires_at=later),
        now=now,
    )
    return Pair(access=access, refresh=refresh)
