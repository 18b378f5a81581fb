"""``telamon serve`` as a process of its own, with an emulated Atlassian that the test holds."""

import asyncio
import json
import os
import resource
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer
from fakes.ports import free_port
from fakes.traffic import Traffic

from telamon.demo.browser import Browser, Page
from telamon.demo.clients import StatelessClient
from telamon.demo.journey import Journey
from telamon.loader import load
from telamon.sandbox import Sandbox
from telamon.storage import new_key

CLIENT_ID, CLIENT_SECRET = "the-app", "the-secret-of-the-app"
PATIENCE = 30.0
MANY = "100000"


@dataclass(kw_only=True)
class Served:
    """A server that is started, ended and started again on the same port and storage."""

    folder: Path
    atlassian: Sandbox
    upstream: str
    environment: dict[str, str]
    port: int
    nofile: int | None = None
    trust: ssl.SSLContext | None = None
    """What its address is reached with over TLS, where that is so."""
    process: subprocess.Popen[bytes] | None = None
    traffic: Traffic = field(default_factory=Traffic)
    middlewares: Sequence[aiohttp.ClientMiddlewareType] = ()
    """What every walk's requests pass."""
    walks: list[aiohttp.ClientSession] = field(default_factory=list)

    @property
    def home(self) -> str:
        return f"{'http' if self.trust is None else 'https'}://localhost:{self.port}"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return Path(self.environment["TELAMON_STORAGE__URL"].removeprefix("sqlite:///"))

    @property
    def asked(self) -> int:
        """How many requests Atlassian's API has had."""
        return sum(e.raw_path.startswith("/ex/") for e in self.atlassian.journal.entries)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == name]

    def spawn(self, **changes: str) -> subprocess.Popen[bytes]:
        """Start the process and do not wait for it."""
        command = [sys.executable, "-m", "telamon", "serve"]
        if self.nofile is not None:
            command = ["prlimit", f"--nofile={self.nofile}:{self.nofile}", *command]
        self.environment |= changes
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env=self.environment, cwd=self.folder
            )
        return self.process

    async def start(self, **changes: str) -> None:
        """Start the process and wait until it is ready."""
        process = self.spawn(**changes)
        async with aiohttp.ClientSession() as http:
            deadline = time.monotonic() + PATIENCE
            while await status_of(http, f"{self.home}/readyz") != 200:
                assert process.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                await asyncio.sleep(0.05)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send *how*, and return the exit code."""
        assert self.process is not None
        self.signal(how)
        return await asyncio.to_thread(self.process.wait, PATIENCE)

    def signal(self, which: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(which)

    def allow_no_writes(self) -> None:
        """From now on every write to a file fails in the running process, whoever runs it."""
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (0, hard))

    def allow_writes(self) -> None:
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (hard, hard))

    async def signed_in(self, person: str = "Ada") -> "Walk":
        """Go the whole way to a token pair."""
        walk = self.walk(person)
        await walk.discover()
        await walk.register()
        await walk.sign_in()
        await walk.redeem()
        return walk

    def walk(self, person: str = "Ada") -> "Walk":
        http = aiohttp.ClientSession(
            connector=None if self.trust is None else aiohttp.TCPConnector(ssl=self.trust),
            middlewares=self.middlewares,
            trace_configs=[self.traffic.trace],
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=2 * PATIENCE),
        )
        self.walks.append(http)
        return Walk(http=http, home=self.home, say=quiet, person=person, upstream=self.upstream)

    async def ready(self) -> tuple[int, Any]:
        """What ``/readyz`` answers."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.home}/readyz") as answer:
            return answer.status, await answer.json()

    async def ready_or_not(self, status: int) -> tuple[int, Any]:
        """Wait until ``/readyz`` answers with *status*; what it says then."""
        async with asyncio.timeout(PATIENCE):
            while (said := await self.ready())[0] != status:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        return said

    async def close(self) -> None:
        for http in self.walks:
            await http.close()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@dataclass(kw_only=True)
class Walk(Journey):
    """A journey whose Atlassian is another origin than the server."""

    upstream: str

    async def _click_through(self, browser: Browser, page: Page) -> Page:
        while True:
            page = await super()._click_through(browser, page)
            if page.location is None or not page.location.startswith(self.upstream):
                return page
            page = await browser.open(page.location)

    async def finish(self, browser: Browser, page: Page) -> Page:
        """Go on from a page of ours to the address of the client."""
        return await self._click_through(browser, page)

    @property
    def access_token(self) -> str:
        return str(self.state["pair"]["access_token"])

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}

    async def call(self, tool: str = "getJiraIssue", **arguments: Any) -> tuple[str, bool]:
        """Call a tool; its text and whether it failed."""
        client = StatelessClient(self.http, self.state["resource"], self.access_token)
        given = arguments or {"issueIdOrKey": "DEMO-1"}
        result = await client.call("tools/call", {"name": tool, "arguments": given})
        return result["content"][0]["text"], bool(result.get("isError"))

    async def token(self, **fields: str) -> tuple[int, dict[str, Any]]:
        """Ask the token endpoint; status and answer, whatever they are."""
        body = {"client_id": self.state["client_id"], "resource": self.state["resource"], **fields}
        async with self.http.post(f"{self.home}/token", data=body) as answer:
            return answer.status, await answer.json()

    async def refreshed(self) -> tuple[int, dict[str, Any]]:
        """Refresh, and keep the new pair if there is one."""
        status, said = await self.token(
            grant_type="refresh_token", refresh_token=self.state["pair"]["refresh_token"]
        )
        if status == 200:
            self.state["pair"] = said
        return status, said


async def until(holds: Callable[[], object]) -> None:
    """Wait for something that happens in another process."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)


def quiet(_step: str, _outcome: str) -> None:
    pass


async def status_of(http: aiohttp.ClientSession, url: str) -> int:
    """The status of a GET; 0 if nobody answers."""
    try:
        async with http.get(url) as answer:
            return answer.status
    except OSError:
        return 0


@asynccontextmanager
async def served(
    folder: Path, changes: Mapping[str, str] | None = None, *, nofile: int | None = None
) -> AsyncGenerator[Served, None]:
    """Serve an emulated Atlassian, and give a server that is not started yet."""
    upstream = f"http://localhost:{free_port()}"
    loaded = load(("confluence", "jira"), {})
    sandbox = Sandbox(
        loaded.products, public_base=upstream, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TELAMON_")}
    environment |= {
        "TELAMON_PUBLIC_URL": f"http://localhost:{port}",
        "TELAMON_LISTEN__HOST": "localhost",
        "TELAMON_LISTEN__PORT": str(port),
        "TELAMON_LISTEN__SHUTDOWN_SECONDS": "5",
        "TELAMON_ATLASSIAN__CLIENT_ID": CLIENT_ID,
        "TELAMON_ATLASSIAN__CLIENT_SECRET": CLIENT_SECRET,
        "TELAMON_ATLASSIAN__AUTHORIZATION_URL": upstream,
        "TELAMON_ATLASSIAN__API_URL": upstream,
        "TELAMON_ATLASSIAN__MEDIA_HOSTS": '["localhost"]',
        "TELAMON_STORAGE__URL": f"sqlite:///{folder}/data/telamon.db",
        "TELAMON_STORAGE__ENCRYPTION_KEYS": new_key(),
        "TELAMON_CLIENTS__METADATA_DOCUMENTS": "false",
        "TELAMON_LOGS__LEVEL": "DEBUG",
        "TELAMON_LOGS__FORMAT": "json",
        **{
            f"TELAMON_LIMITS__{name}": MANY
            for name in (
                "REGISTRATIONS_PER_MINUTE",
                "AUTHORIZATIONS_PER_MINUTE",
                "TOKENS_PER_MINUTE",
                "OPEN_TRANSACTIONS",
                "CALLS_PER_MINUTE",
                "CONCURRENT_CALLS",
            )
        },
        **(changes or {}),
    }
    async with TestServer(sandbox.app(), host="localhost", port=int(upstream.rpartition(":")[2])):
        given = Served(
            folder=folder,
            atlassian=sandbox,
            upstream=upstream,
            environment=environment,
            port=port,
            nofile=nofile,
        )
        try:
            yield given
        finally:
            await given.close()
