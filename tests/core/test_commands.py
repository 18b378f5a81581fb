"""The command line, as an operator types it."""

import asyncio
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from click.testing import CliRunner, Result
from fakes.demo_process import Demo, running_demo
from fakes.ports import free_port
from fakes.records import a_client, a_code, a_family, a_grant

from telamon.commands import cli
from telamon.storage import KeyRing, Storage, new_key, open_storage

T = TypeVar("T")


def telamon(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("TELAMON_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TELAMON_PUBLIC_URL", "http://localhost:1")
    monkeypatch.setenv("TELAMON_ATLASSIAN__CLIENT_ID", "app")
    monkeypatch.setenv("TELAMON_ATLASSIAN__CLIENT_SECRET", "made-up-secret")
    monkeypatch.setenv("TELAMON_ATLASSIAN__AUTHORIZATION_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("TELAMON_STORAGE__URL", f"sqlite:///{tmp_path / 'telamon.db'}")
    monkeypatch.setenv("TELAMON_STORAGE__ENCRYPTION_KEYS", new_key())


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


@pytest.mark.usefixtures("configured")
def test_clients_that_nobody_could_use_are_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "telamon.toml").write_text(
        "[clients]\ncustom_schemes = ['javascript']\nredirect_hosts = ['ok.example.com']\n"
        + 2
        * (
            "[[clients.configured]]\nclient_id = 'one'\nname = 'One'\nredirect_uris = "
            "['https://ok.example.com/cb', 'http://example.com/cb', 'https://other.example.com']\n"
        )
        + "[policy]\ndeny_tools = ['noTool']\n"
    )
    told = telamon("scopes")
    assert told.exit_code == 1
    for fault in (
        "policy.deny_tools: the enabled plugins have no tool 'noTool'",
        "clients.custom_schemes: javascript is never a redirect URI's scheme",
        "clients.configured.0.redirect_uris: 'http://example.com/cb': plain http is for localhost",
        "clients.configured.1.redirect_uris: 'https://other.example.com': the host other.example",
        "clients.configured: 'one' stands there twice",
    ):
        assert fault in told.output
    assert "ok.example.com/cb" not in told.output


def test_every_command_is_listed_and_has_help() -> None:
    listed = telamon("--help").output
    for name in ("serve", "demo", "check", "scopes", "keys", "clients", "grants", "migrate"):
        assert name in listed
        assert telamon(name, "--help").exit_code == 0
    assert telamon("fly").exit_code == 2


def test_the_version_names_what_it_runs_on() -> None:
    assert re.search(r"^telamon \d+\.\d+", telamon("version").output)


def test_scopes_are_printed_before_there_is_a_configuration() -> None:
    printed = telamon("scopes", "--defaults").output
    assert "read:jira-work" in printed
    assert "read:page:confluence" in printed
    assert "read:me" in printed


@pytest.mark.usefixtures("configured")
def test_a_disabled_plugin_and_a_policy_make_the_scope_list_shorter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everything = json.loads(telamon("scopes", "--json").output)
    assert everything["callback"] == "http://localhost:1/oauth/atlassian/callback"
    monkeypatch.setenv("TELAMON_PLUGINS__ENABLED", '["jira"]')
    jira = json.loads(telamon("scopes", "--json").output)["scopes"]
    assert not [name for name in jira if "confluence" in name]
    monkeypatch.setenv("TELAMON_POLICY__READ_ONLY", "true")
    reading = json.loads(telamon("scopes", "--json").output)["scopes"]
    assert set(reading) < set(jira) < set(everything["scopes"])
    assert not [name for name in reading if name.startswith("write:")]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("command", ["serve", "check", "scopes"])
def test_a_policy_that_names_what_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("TELAMON_POLICY__DENY_TOOLS", '["deleteJiraIsue", "search"]')
    monkeypatch.setenv("TELAMON_POLICY__PRODUCTS", '{"bitbucket": {"only_in": ["X"]}}')
    result = telamon(command)
    assert result.exit_code == 1
    assert "'deleteJiraIsue'; did you mean deleteJiraIssue?" in result.output
    assert "policy.products.bitbucket: no such plugin is enabled" in result.output
    assert "'search'" not in result.output


def test_without_a_configuration_every_missing_value_is_named() -> None:
    result = telamon("check")
    assert result.exit_code == 1
    for name in ("TELAMON_PUBLIC_URL", "TELAMON_ATLASSIAN", "TELAMON_STORAGE"):
        assert name in result.output


@pytest.mark.row("SEC-L03")
@pytest.mark.usefixtures("configured")
def test_check_says_what_does_not_answer_and_keeps_secrets() -> None:
    result = telamon("check")
    assert result.exit_code == 1
    assert "✓ configuration" in result.output
    assert "✓ storage" in result.output
    assert "✗ atlassian" in result.output
    assert "made-up-secret" not in result.output


@pytest.mark.usefixtures("configured")
def test_check_tells_a_wrong_secret_from_an_unreachable_atlassian(
    sandbox: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELAMON_ATLASSIAN__AUTHORIZATION_URL", f"{sandbox.home}/_atlassian")
    result = telamon("check")
    assert "refuses atlassian.client_id or client_secret" in result.output


@pytest.mark.row("SEC-K06")
@pytest.mark.usefixtures("configured")
def test_a_key_that_does_not_fit_is_told_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    assert telamon("migrate").exit_code == 0
    monkeypatch.setenv("TELAMON_STORAGE__ENCRYPTION_KEYS", new_key())
    result = telamon("migrate")
    assert result.exit_code == 1
    assert "canary" in result.output
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("configured")
def test_keys_rotate_and_the_old_one_can_go(monkeypatch: pytest.MonkeyPatch) -> None:
    assert telamon("migrate").exit_code == 0
    old, new = os.environ["TELAMON_STORAGE__ENCRYPTION_KEYS"], telamon("keys", "new").output.strip()
    monkeypatch.setenv("TELAMON_STORAGE__ENCRYPTION_KEYS", f"{new},{old}")
    assert "under the first key" in telamon("keys", "rotate").output
    monkeypatch.setenv("TELAMON_STORAGE__ENCRYPTION_KEYS", new)
    assert telamon("migrate").exit_code == 0


@pytest.mark.usefixtures("configured")
def test_clients_and_grants_that_are_not_there_are_told() -> None:
    assert telamon("clients", "list").exit_code == 0
    assert telamon("grants", "list").exit_code == 0
    assert "no such client" in telamon("clients", "remove", "nobody").output
    assert "no grant" in telamon("grants", "revoke", "nobody").output


def stored(work: Callable[[Storage], Awaitable[T]]) -> T:
    """Do *work* with the configured storage, beside the command line."""

    async def with_storage() -> T:
        keys = KeyRing.parse([os.environ["TELAMON_STORAGE__ENCRYPTION_KEYS"]])
        storage = await open_storage(os.environ["TELAMON_STORAGE__URL"], keys=keys)
        try:
            return await work(storage)
        finally:
            await storage.close()

    return asyncio.run(with_storage())


async def connect(storage: Storage) -> None:
    """Let Ada connect with client-1."""
    later = time.time() + 3600
    family = a_family(expires_at=later)
    await storage.tokens.add_code("made-up-code", a_code(family, expires_at=later))


async def audited(storage: Storage) -> list[tuple[str, str | None, str | None, Any]]:
    return sorted(
        (each.type, each.account_id, each.client_id, each.data.get("reason"))
        for each in await storage.audit.list()
    )


@pytest.mark.usefixtures("configured")
def test_every_client_is_listed_however_many_there_are() -> None:
    async def register(storage: Storage) -> None:
        for number in range(1001):
            await storage.clients.add(a_client(client_id=f"client-{number}"))

    stored(register)
    assert len(telamon("clients", "list").output.splitlines()) == 1001


@pytest.mark.row("SEC-L06")
@pytest.mark.usefixtures("configured")
def test_a_client_that_an_operator_removes_is_on_the_record() -> None:
    async def register(storage: Storage) -> None:
        await storage.clients.add(a_client())
        await connect(storage)

    stored(register)
    assert "client-1 is removed" in telamon("clients", "remove", "client-1").output
    assert stored(audited) == [
        ("client.removed", None, "client-1", "removed by operator"),
        ("token.revoked", "ada", "client-1", "client removed by operator"),
    ]


@pytest.mark.row("SEC-L06", "SEC-V07")
@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("granted", [True, False])
def test_connections_that_an_operator_revokes_are_told_and_on_the_record(granted: bool) -> None:
    async def sign_in(storage: Storage) -> None:
        await connect(storage)
        if granted:
            await storage.grants.add(a_grant())

    stored(sign_in)
    revoked = telamon("grants", "revoke", "ada")
    assert revoked.exit_code == 0
    assert "Everything of ada is revoked" in revoked.output
    deleted = [("grant.deleted", "ada", None, "revoked by operator")] if granted else []
    assert stored(audited) == [
        *deleted,
        ("token.revoked", "ada", "client-1", "revoked by operator"),
    ]
    assert "no grant" in telamon("grants", "revoke", "ada").output


def test_the_whole_way_works_against_the_sandbox() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "telamon", "demo", "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for step in ("discover", "consent", "2026-07-28", "2025-11-25", "2024-11-05", "revoke"):
        assert step in done.stdout


def test_a_demo_with_a_plugin_that_is_not_there_says_which_are() -> None:
    told = telamon("demo", "--port", "0", "--plugin", "absent", "--plugin", "jira")
    assert told.exit_code == 1
    assert "plugin absent: not installed (installed: confluence, jira" in told.output


def test_a_port_that_is_taken_is_told_in_a_sentence(sandbox: Demo) -> None:
    port = sandbox.home.rsplit(":", 1)[1]
    done = subprocess.run(
        [sys.executable, "-m", "telamon", "demo", "--port", port],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.row("SEC-P11")
@pytest.mark.usefixtures("configured")
def test_serve_ends_cleanly_on_sigterm_with_requests_answered_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    monkeypatch.setenv("TELAMON_PUBLIC_URL", f"http://localhost:{port}")
    monkeypatch.setenv("TELAMON_LISTEN__PORT", str(port))
    process = subprocess.Popen(
        [sys.executable, "-m", "telamon", "serve"], stderr=subprocess.PIPE, text=True
    )
    lines: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        _wait_for(f"http://127.0.0.1:{port}/readyz")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        reader.join(5)
        process.stderr.close()
    events = [json.loads(line)["event"] for line in lines]
    assert events[-2:] == ["server.stopping", "server.stopped"]


@pytest.mark.row("SEC-L05", "SEC-P11")
@pytest.mark.usefixtures("configured")
def test_a_log_that_nobody_reads_stops_neither_the_server_nor_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    monkeypatch.setenv("TELAMON_PUBLIC_URL", f"http://localhost:{port}")
    monkeypatch.setenv("TELAMON_LISTEN__PORT", str(port))
    unread, log = os.pipe()
    fcntl.fcntl(log, fcntl.F_SETPIPE_SZ, 4096)
    process = subprocess.Popen([sys.executable, "-m", "telamon", "serve"], stderr=log)
    os.close(log)
    try:
        home = f"http://localhost:{port}/"
        _wait_for(home)
        for _ in range(60):  # a line each: three times what the pipe holds
            urllib.request.urlopen(home, timeout=10).close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(25) == 0
    finally:
        process.kill()
        process.wait()
        os.close(unread)


def _wait_for(url: str) -> None:
    for _ in range(400):
        try:
            urllib.request.urlopen(url).close()  # noqa: S310 - loopback
        except OSError:
            time.sleep(0.05)  # a process that starts has no other sign
        else:
            return
    raise AssertionError(f"{url} never answered")
