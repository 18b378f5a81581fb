"""The whole server: what it does not serve, what it refuses to start on, what it records."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest
from conftest import FakeClock

from telamon.audit import AuditLog, type_of
from telamon.demo.running import demo
from telamon.plugin import Event
from telamon.storage import KeyRing, Storage, new_key, open_storage


@pytest.mark.row("SEC-H06", "SEC-V08", "SEC-L07")
async def test_nothing_but_the_documented_is_served() -> None:
    paths = ["/metrics", "/admin", "/debug", "/status", "/health", "/api", "/config", "/.env"]
    paths += ["/introspect", "/userinfo", "/jwks", "/v1", "/v1/", "/static/x", "/..%2f..%2fetc"]
    async with demo(0, ()) as telamon, aiohttp.ClientSession() as http:
        for path in paths:
            for method in ("GET", "POST"):
                url = f"{telamon.settings.public_url}{path}"
                async with http.request(method, url, allow_redirects=False) as answer:
                    said = await answer.text()
                    assert answer.status == 404, (method, path)
                    assert "Server" not in answer.headers
                    assert "Traceback" not in said
                    assert "aiohttp" not in said
        for path in ("/livez", "/readyz"):
            async with http.get(f"{telamon.settings.public_url}{path}") as answer:
                assert answer.status == 200
                assert len(await answer.read()) < 200


def start_on(database: Path, key: str) -> "subprocess.CompletedProcess[str]":
    """Start the server on *database* and wait for it to end by itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELAMON_")}
    configured = {
        "TELAMON_PUBLIC_URL": "http://localhost:1",
        "TELAMON_ATLASSIAN__CLIENT_ID": "app",
        "TELAMON_ATLASSIAN__CLIENT_SECRET": "made-up-secret",
        "TELAMON_STORAGE__URL": f"sqlite:///{database}",
        "TELAMON_STORAGE__ENCRYPTION_KEYS": key,
    }
    return subprocess.run(
        [sys.executable, "-m", "telamon", "serve"],
        env=kept | configured,
        cwd=database.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def made(database: Path, key: str) -> None:
    storage = await open_storage(f"sqlite:///{database}", keys=KeyRing.parse([key]))
    await storage.close()


@pytest.mark.row("SEC-P03", "SEC-K06", "SEC-K07", "SEC-P20")
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("no database", "corrupt"),
        ("truncated", "corrupt"),
        ("vanished", "is missing"),
        ("another key", "cannot decrypt the canary"),
        ("a sample key", "example or not random"),
    ],
)
def test_the_server_refuses_to_start_on_what_it_cannot_trust(
    tmp_path: Path, fault: str, says: str
) -> None:
    database, key = tmp_path / "data" / "telamon.db", new_key()
    asyncio.run(made(database, key))
    match fault:
        case "no database":
            database.write_bytes(b"this is no database " * 400)
        case "truncated":
            os.truncate(database, database.stat().st_size // 2)
        case "vanished":
            database.unlink()
        case "another key":
            key = new_key()
        case _:
            key = f"k1:{'A' * 43}="
    before = database.read_bytes() if database.exists() else None
    ended = start_on(database, key)
    assert ended.returncode not in {0, -9}
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert key.partition(":")[2] not in ended.stderr + ended.stdout
    assert (database.read_bytes() if database.exists() else None) == before


@pytest.fixture
async def storage(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Storage]:
    keys = KeyRing.parse([new_key()])
    storage = await open_storage(f"sqlite:///{tmp_path}/data/audit.db", keys=keys, clock=clock)
    yield storage
    await storage.close()


def an_event(kind: type[Any], **given: Any) -> Any:
    values: dict[Any, Any] = {str: "x", bool: True, float: 0.2, str | None: "x"}
    values[tuple[str, ...]] = ("x",)
    words = {"change": "created", "outcome": "ok", "access": "write"}
    return kind(
        **{each.name: words.get(each.name, values.get(each.type)) for each in fields(kind)} | given
    )


@pytest.mark.row("SEC-L06")
async def test_every_event_is_on_the_record_exactly_once(
    storage: Storage, clock: FakeClock
) -> None:
    audit = AuditLog(storage, clock)
    events = [an_event(kind) for kind in get_args(Event)]
    for each in events:
        audit.hear(each)
    await audit.close()
    records = await storage.audit.list()
    assert sorted(record.type for record in records) == sorted(map(type_of, events))
    assert len({record.type for record in records}) == len(events)
    assert len({record.id for record in records}) == len(events)
    assert {record.at for record in records} == {clock.now}


@pytest.mark.row("SEC-L06")
async def test_of_calls_those_that_change_something_are_kept(
    storage: Storage, clock: FakeClock
) -> None:
    audit = AuditLog(storage, clock)
    (called,) = [kind for kind in get_args(Event) if kind.__name__ == "ToolCalled"]
    for access in ("read", "write", "delete", "manage"):
        for outcome in ("ok", "tool_error", "cancelled"):
            audit.hear(an_event(called, access=access, outcome=outcome))
    await audit.close()
    kept = [
        (record.data["access"], record.data["outcome"]) for record in await storage.audit.list()
    ]
    assert len(kept) == len(set(kept)) == 9
    assert "read" not in {access for access, _ in kept}


@pytest.mark.row("SEC-S13", "SEC-S19", "SEC-L07", "MCP-I2")
async def test_whatever_is_answered_as_a_page_cannot_be_framed_or_run_scripts() -> None:
    paths = ["/", "/authorize", "/consent", "/site", "/oauth/atlassian/callback", "/connections"]
    paths += [f"/connections/{name}" for name in ("sign-in", "sign-out", "disconnect")]
    paths += ["/token", "/register", "/revoke", "/v1/mcp", "/v1/sse", "/v1/sse/message", "/nowhere"]
    pages = 0
    async with demo(0, ()) as telamon, aiohttp.ClientSession() as http:
        home = str(telamon.settings.public_url)
        for path in paths:
            for method in ("GET", "POST", "PUT", "OPTIONS"):
                for more in ({}, {"Host": "evil.example.com"}, {"Origin": "https://evil.example"}):
                    headers = {"Accept": "text/html", **more}
                    async with http.request(
                        method, f"{home}{path}", headers=headers, allow_redirects=False
                    ) as answer:
                        said = await answer.text()
                    assert answer.status < 500, (method, path, more)
                    assert "X-Content-Type-Options" in answer.headers, (method, path, more)
                    if answer.content_type != "text/html" or not said:
                        continue
                    pages += 1
                    policy = answer.headers["Content-Security-Policy"]
                    assert "frame-ancestors 'none'" in policy, (method, path, more)
                    assert "script-src 'none'" in policy or "default-src 'none'" in policy
                    assert answer.headers["X-Frame-Options"] == "DENY"
                    assert answer.headers["Referrer-Policy"] == "no-referrer"
                    assert "evil.example" not in said
    assert pages > 30
