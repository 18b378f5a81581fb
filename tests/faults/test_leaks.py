"""No secret of the whole way stands in the log, in the database, or where it does not belong.

Every other test looks for its own secrets in what it prints: see ``conftest``.
"""

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from fakes.leaks import Register
from fakes.postgres import Postgres
from fakes.serve_process import CLIENT_SECRET, Served, Walk
from fakes.traffic import Exchange
from requirements import ROOT

from telamon.demo.browser import Browser
from telamon.demo.journey import REDIRECT, JourneyFailed
from telamon.storage.credentials import SECRET_PATTERN, new_secret

PLANTED = """
import logging
import secrets

def test_prints(): print("id", secrets.token_urlsafe(32))
def test_logs(): logging.getLogger("x").warning("key %s", secrets.token_bytes(32).hex())
def test_tells_an_id(): print(secrets.token_hex(16))
def test_keeps_it(): assert secrets.token_urlsafe(32)
"""


@pytest.mark.row("SEC-L01")
def test_a_test_that_prints_or_logs_a_secret_fails(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(PLANTED)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-rE"),
            *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path)),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "4 passed, 2 errors" in done.stdout, done.stdout
    assert "test_planted.py::test_prints" in done.stdout
    assert "test_planted.py::test_logs" in done.stdout


@pytest.mark.row("SEC-L01")
@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_no_secret_of_the_whole_way_is_anywhere_but_where_it_belongs(
    server: Served, engine: str, request: pytest.FixtureRequest
) -> None:
    if engine == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
        await server.start(TELAMON_STORAGE__URL=url)
    else:
        await server.start()
    atlassians = await everything(server)
    ours = server.traffic.secrets()
    assert len(ours) > 40
    assert len(atlassians) >= 9
    if engine == "postgres":
        kept = postgres.dump(url).encode()
    else:  # with the log that is written ahead, while it is there
        kept = b"".join(path.read_bytes() for path in server.database.parent.iterdir())
    assert await server.end() == 0
    assert {"http.request", "grant.refreshed", "token.issued"} <= {
        line["event"] for line in server.lines
    }
    everywhere = ours | atlassians
    assert found(everywhere, server.log.encode()) == []
    assert found(everywhere, kept) == []
    answers = [each for each in server.traffic.exchanges if each.url.startswith(server.home)]
    assert [(each.method, each.url) for each in answers if odd(each, everywhere)] == []
    assert all(found(atlassians, bytes(each.body) + headers(each)) == [] for each in answers)
    # The search finds what is there.
    planted = new_secret("access")
    ours.add(planted)
    assert found(ours, server.log.encode() + planted.encode()) == [planted]


async def everything(server: Served) -> set[str]:
    """Every step, each transport, and much that goes wrong; Atlassian's secrets meanwhile."""
    for person in ("Ada", "Ben"):
        walk = server.walk(person)
        await walk.walk()
    ada = await server.signed_in()
    await confidential(ada)
    seen = of_atlassian(server)
    server.atlassian.grants.expire_access_tokens()
    await ada.call()
    for fault in ({"kind": "reset"}, {"kind": "html"}, {"kind": "status", "status": 500}):
        server.atlassian.board.set({"faults": [{**fault, "count": 3}]})
        await ada.call("addCommentToJiraIssue", issueIdOrKey="DEMO-1", commentBody="x")
    server.atlassian.board.set({"faults": []})
    await ada.call("getJiraIssue", issueIdOrKey="../../secret")
    for fields in (
        {"grant_type": "authorization_code", "code": ada.state["code"]},
        {"grant_type": "authorization_code", "code": "x", "code_verifier": ada.state["verifier"]},
        {"grant_type": "refresh_token", "refresh_token": ada.access_token},
        {"grant_type": "refresh_token", "refresh_token": ada.state["pair"]["refresh_token"] + "x"},
    ):
        assert (await ada.token(**fields))[0] == 400
    page = await Browser(ada.http, server.home).open(f"{server.home}/connections")
    assert page.status == 200
    server.atlassian.board.set({"faults": [{"kind": "status", "on": "token", "status": 500}]})
    broken = server.walk("Ben")
    await broken.discover()
    await broken.register()
    with pytest.raises(JourneyFailed):
        await broken.sign_in()
    return seen | of_atlassian(server)


async def confidential(walk: Walk) -> None:
    """A client with a secret, which it proves itself with in both ways, right and wrong."""
    for method in ("client_secret_basic", "client_secret_post"):
        body = {"redirect_uris": [REDIRECT], "token_endpoint_auth_method": method}
        async with walk.http.post(f"{walk.home}/register", json=body) as answer:
            made = await answer.json()
        assert SECRET_PATTERN.fullmatch(made["client_secret"])
        known = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
        asked = {"grant_type": "refresh_token", "refresh_token": "nothing"}
        for basic in (True, False):
            pair = f"{known['client_id']}:{known['client_secret']}".encode()
            told = {"Authorization": f"Basic {b64encode(pair).decode()}"} if basic else {}
            fields = asked if basic else asked | known
            async with walk.http.post(f"{walk.home}/token", data=fields, headers=told) as answer:
                assert answer.status in {400, 401}


def of_atlassian(server: Served) -> set[str]:
    """Every secret between the server and Atlassian, and its own keys."""
    grants = server.atlassian.grants
    key = server.environment["TELAMON_STORAGE__ENCRYPTION_KEYS"].partition(":")[2]
    return {CLIENT_SECRET, key, *grants.access, *grants.refresh, *grants.codes}


def found(secrets: set[str], place: bytes) -> list[str]:
    """Return the secrets that stand in *place*, as they are, encoded, or as digits."""
    return [
        secret
        for secret in secrets
        for form in (secret.encode(), b64encode(secret.encode()).rstrip(b"="))
        if form in place or form.hex().encode() in place
    ]


def headers(exchange: Exchange) -> bytes:
    return "\n".join(f"{name}: {value}" for name, value in exchange.headers).encode()


def odd(exchange: Exchange, secrets: set[str]) -> bool:
    """Whether a secret stands in the answer elsewhere than where it is handed out."""
    return bool(found(secrets - set(exchange.given()), bytes(exchange.body) + headers(exchange)))


def test_the_register_knows_a_secret_in_every_form() -> None:
    register = Register()
    raw = bytes(range(200, 232))
    register.add(raw)
    for form in (b64encode(raw).decode(), raw.hex()):
        assert register.leaks([f"x={form};"])
    assert not register.leaks(["x=" + "a" * 64])
    assert len(register) == len(set(register._minted))
