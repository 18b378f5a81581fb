"""Two replicas on one PostgreSQL, the emulated Atlassian, and what each replica says of itself."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from typing import Any

import aiohttp
from fakes.ports import free_port
from fakes.postgres import Postgres
from prometheus_client.parser import text_string_to_metric_families
from soak.atlassian import CLIENT_ID, CLIENT_SECRET
from soak.balancer import Balancer

from telamon.storage import KeyRing, Storage, new_key, open_storage

PATIENCE = 60.0
MANY = "1000000"
ACCESS_SECONDS = 120
UNFORESEEN = frozenset(
    {
        "beat.failed",
        "grant.unsealable",
        "http.failed",
        "plugin.failed",
        "purge.failed",
        "listener.failed",
        "session.failed",
        "storage.notifications.subscriber_failed",
        "stream.unsealable",
        "tool.failed",
    }
)
LIMITS = {
    **dict.fromkeys(
        (
            "REGISTRATIONS_PER_MINUTE",
            "AUTHORIZATIONS_PER_MINUTE",
            "TOKENS_PER_MINUTE",
            "TOKEN_FAILURES_PER_MINUTE",
            "OPEN_TRANSACTIONS",
        ),
        MANY,  # everybody comes from one address here
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """One replica at one moment."""

    memory: float
    """Resident MiB."""
    descriptors: int
    tasks: int
    streams: int
    sessions: int

    def row(self) -> str:
        return (
            f"{self.memory:.0f} MiB, {self.descriptors} descriptors, {self.tasks} tasks, "
            f"{self.streams} streams, {self.sessions} sessions"
        )


@dataclass(kw_only=True)
class Replica:
    """One ``telamon serve``, which is ended and started again."""

    name: str
    port: int
    metrics_port: int
    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self.spawn()
        assert self.process is not None
        await answers(f"http://localhost:{self.port}/readyz", self.process)

    def spawn(self) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "telamon", "serve"],
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd=self.folder,
            )

    def signal(self, number: Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def end(self, how: Signals) -> int:
        self.signal(how)
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, PATIENCE)

    async def figures(self) -> Figures:
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer,
        ):
            text = await answer.text()
        found = {
            sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if not sample.labels
        }
        return Figures(
            memory=found["process_resident_memory_bytes"] / 2**20,
            descriptors=int(found["process_open_fds"]),
            tasks=int(found["telamon_owned_tasks"]),
            streams=int(found["telamon_mcp_streams"]),
            sessions=int(found["telamon_mcp_sessions"]),
        )

    def complaints(self) -> list[dict[str, Any]]:
        """Log lines of failures that nobody foresaw; where the database is away, that is."""
        text = (self.folder / f"{self.name}.log").read_text()
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        raised = [each for each in lines if each["event"] in UNFORESEEN]
        return [each for each in raised if "StorageUnavailable: " not in each.get("exception", "")]


@dataclass(kw_only=True)
class Deployment:
    """Everything that runs."""

    home: str
    upstream: str
    postgres: Postgres
    database: str
    storage: Storage
    replicas: list[Replica]
    session_idle: int
    """Seconds until a session that was left without a word is ended."""
    http: aiohttp.ClientSession = field(repr=False)

    async def switch(self, **switches: Any) -> dict[str, Any]:
        """Set the sandbox's switches; what it says of them before."""
        url = f"{self.upstream}/_sandbox/switches"
        async with self.http.get(url) as answer:
            before: dict[str, Any] = await answer.json()
        async with self.http.post(url, json=switches) as answer:
            assert answer.status == 200, await answer.text()
        return before

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""
        name = self.database.rpartition("/")[2]
        listed = self.postgres.sql(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1", database=name
        ).split()
        count = " UNION ALL ".join(f"SELECT '{t}', count(*) FROM {t}" for t in listed)  # noqa: S608 - names from the catalogue
        lines = self.postgres.sql(count, database=name).splitlines()
        return {table: int(rows) for table, _, rows in (line.partition("|") for line in lines)}


async def answers(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until *url* answers with 200."""
    deadline = time.monotonic() + PATIENCE
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{url} does not answer")
            await asyncio.sleep(0.05)


@asynccontextmanager
async def deployed(
    folder: Path, postgres: Postgres, users: int, session_idle: int = 20
) -> AsyncGenerator[Deployment, None]:
    """Start everything; all of it ends with the block."""
    public, upstream_port, key = free_port(), free_port(), new_key()
    upstream, home = f"http://localhost:{upstream_port}", f"http://localhost:{public}"
    database = postgres.new_database()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TELAMON_")}
    environment |= {
        "TELAMON_PUBLIC_URL": home,
        "TELAMON_LISTEN__HOST": "localhost",
        "TELAMON_LISTEN__SHUTDOWN_SECONDS": "5",
        "TELAMON_ATLASSIAN__CLIENT_ID": CLIENT_ID,
        "TELAMON_ATLASSIAN__CLIENT_SECRET": CLIENT_SECRET,
        "TELAMON_ATLASSIAN__AUTHORIZATION_URL": upstream,
        "TELAMON_ATLASSIAN__API_URL": upstream,
        "TELAMON_STORAGE__URL": database,
        "TELAMON_STORAGE__ENCRYPTION_KEYS": key,
        "TELAMON_CLIENTS__METADATA_DOCUMENTS": "false",
        "TELAMON_TOKENS__ACCESS_SECONDS": str(ACCESS_SECONDS),
        "TELAMON_TOKENS__REFRESH_GRACE_SECONDS": "60",
        "TELAMON_LOGS__FORMAT": "json",
        "TELAMON_LIMITS__SESSION_IDLE_SECONDS": str(session_idle),
        **{f"TELAMON_LIMITS__{name}": value for name, value in LIMITS.items()},
    }
    replicas = [
        Replica(
            name=f"replica-{number}",
            port=(port := free_port()),
            metrics_port=(metrics := free_port()),
            folder=folder,
            environment={
                **environment,
                "TELAMON_LISTEN__PORT": str(port),
                "TELAMON_LISTEN__METRICS_PORT": str(metrics),
            },
        )
        for number in (1, 2)
    ]
    sandbox = _atlassian(folder, upstream_port, users)
    balancer = Balancer([replica.port for replica in replicas])
    storage: Storage | None = None
    async with aiohttp.ClientSession() as http:
        try:
            await answers(f"{upstream}/_sandbox/switches", sandbox)
            for replica in replicas:
                await replica.start()
            await balancer.start(public)
            storage = await open_storage(database, keys=KeyRing.parse([key]), migrate=False)
            yield Deployment(
                home=home,
                upstream=upstream,
                postgres=postgres,
                database=database,
                storage=storage,
                replicas=replicas,
                session_idle=session_idle,
                http=http,
            )
        finally:
            if storage is not None:
                await storage.close()
            await balancer.close()
            for process in (*(replica.process for replica in replicas), sandbox):
                if process is not None and process.poll() is None:
                    process.kill()
                    process.wait()


def _atlassian(folder: Path, port: int, users: int) -> subprocess.Popen[bytes]:
    script = Path(__file__).parent / "atlassian.py"
    with (folder / "atlassian.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, str(script), str(port), str(users)], stdout=log, stderr=log
        )
