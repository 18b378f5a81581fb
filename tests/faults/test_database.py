"""A real PostgreSQL that goes away under load, and what a restored backup does."""

import asyncio
import shutil
from collections import Counter
from dataclasses import dataclass, field

import pytest
from fakes.postgres import Postgres
from fakes.serve_process import PATIENCE, Served, Walk, until

from telamon.demo.clients import ProtocolError

AWAY = 503
COME_BACK = {"call temporarily_unavailable", "refresh 503 temporarily_unavailable"}
"""A tool that had begun says the same in its own words: see Load."""


@dataclass
class Load:
    """Somebody who calls and refreshes without a pause, and what came of it."""

    walk: Walk
    going: bool = True
    seen: Counter[str] = field(default_factory=Counter[str])

    async def run(self) -> None:
        while self.going:
            await self._call()
            await self._refresh()

    async def _call(self) -> None:
        try:
            text, failed = await self.walk.call()
        except ProtocolError as error:
            # No JSON-RPC answer but a status: it has to be the one that says "come back".
            self.seen[f"call {error}"] += 1
        else:
            self.seen["call ok" if not failed else f"tool: {text}"] += 1

    async def _refresh(self) -> None:
        status, said = await self.walk.refreshed()
        self.seen["refresh ok" if status == 200 else f"refresh {status} {said['error']}"] += 1


@pytest.mark.postgres
@pytest.mark.row("SEC-P06", "SEC-P09")
async def test_a_database_that_restarts_under_load_costs_a_moment_and_no_connection(
    server: Served, postgres: Postgres
) -> None:
    await server.start(TELAMON_STORAGE__URL=postgres.new_database())
    loads = [Load(await server.signed_in(person)) for person in ("Ada", "Ben", "Ada", "Ben")]
    work = [asyncio.ensure_future(load.run()) for load in loads]
    pid = server.pid
    try:
        for _ in range(2):
            await until(lambda: all(load.seen["refresh ok"] for load in loads))
            await asyncio.to_thread(postgres.stop)
            await server.ready_or_not(AWAY)
            for load in loads:
                load.seen["refresh ok"] = load.seen["call ok"] = 0
            await asyncio.to_thread(postgres.start)
            await server.ready_or_not(200)
            # Every connection goes on with the tokens that it has: nothing was lost.
            await until(lambda: all(load.seen["refresh ok"] for load in loads))
            await until(lambda: all(load.seen["call ok"] for load in loads))
    finally:
        for load in loads:
            load.going = False
        await asyncio.gather(*work)
    assert server.pid == pid
    seen = sum((load.seen for load in loads), Counter[str]())
    assert seen["refresh 503 temporarily_unavailable"] > 0
    assert set(seen) <= {"call ok", "refresh ok", *COME_BACK}, seen
    assert not server.events("http.failed")
    assert server.atlassian.grants.counts.breaches == 0


@pytest.mark.row("SEC-P05")
async def test_a_restored_backup_asks_people_to_sign_in_again_once_and_asks_nobody_in_a_loop(
    server: Served,
) -> None:
    await server.start()
    ada, ben = await server.signed_in(), await server.signed_in("Ben")
    assert await server.end() == 0
    backup = server.folder / "backup"
    shutil.copytree(server.database.parent, backup)
    await server.start()
    # Life goes on: Atlassian rotates Ada's refresh token, and forgets the old one.
    server.atlassian.board.set({"leeway_seconds": 0})
    server.atlassian.grants.expire_access_tokens()
    text, failed = await ada.call()
    assert not failed, text
    assert await server.end() == 0
    shutil.rmtree(server.database.parent)
    shutil.copytree(backup, server.database.parent)
    await server.start()
    server.atlassian.grants.expire_access_tokens()
    before = len(token_requests(server))
    text, failed = await ada.call()
    assert failed
    assert "connect again and sign in" in text
    logged, audited = server.events("grant.needs_reauth")
    assert (logged["reason"], audited["logger"]) == ("refused", "telamon.audit")
    assert len(token_requests(server)) == before + 1
    # Her connection has ended, however often her client knocks, and Atlassian hears none of it.
    async with asyncio.timeout(PATIENCE):
        while await knocked(ada) != 401:  # a token is believed for a second without a look
            pass
    assert [await knocked(ada) for _ in range(20)] == [401] * 20
    assert (await ada.refreshed())[1]["error"] == "invalid_grant"
    assert len(token_requests(server)) == before + 1
    # Ben's tokens were not rotated since: his connection goes on, and Ada's does after a sign-in.
    text, failed = await ben.call()
    assert not failed, text
    again = await server.signed_in()
    text, failed = await again.call()
    assert not failed, text


async def knocked(walk: Walk) -> int:
    async with walk.http.post(walk.state["resource"], json={}, headers=walk.bearer) as answer:
        return answer.status


def token_requests(server: Served) -> list[object]:
    return [e for e in server.atlassian.journal.entries if e.raw_path == "/oauth/token"]


@pytest.mark.row("SEC-K09")
async def test_a_client_secret_is_rotated_without_anybody_noticing(server: Served) -> None:
    identity = server.atlassian._identity
    await server.start()

    async def all_is_well() -> None:
        """A code is exchanged, and a refresh token."""
        ada = await server.signed_in()
        server.atlassian.grants.expire_access_tokens()
        before = server.atlassian.grants.counts.refreshes
        text, failed = await ada.call()
        assert not failed, text
        assert server.atlassian.grants.counts.refreshes == before + 1

    old, new = identity._client_secret, "the-new-secret-of-the-app"
    await all_is_well()
    # The operator sets both, and only then makes the new one in the console.
    await server.end()
    await server.start(
        TELAMON_ATLASSIAN__CLIENT_SECRET=new, TELAMON_ATLASSIAN__PREVIOUS_CLIENT_SECRET=old
    )
    await all_is_well()
    assert server.events("atlassian.secret.refused")[0]["trying"] == "previous_client_secret"
    identity._client_secret = new
    fallen_back = len(server.events("atlassian.secret.refused"))
    await all_is_well()
    assert len(server.events("atlassian.secret.refused")) == fallen_back
    # At last the old one is taken out of the configuration.
    await server.end()
    del server.environment["TELAMON_ATLASSIAN__PREVIOUS_CLIENT_SECRET"]
    await server.start()
    await all_is_well()
    assert server.events("atlassian.app_refused") == server.events("grant.needs_reauth") == []
    assert old not in server.log
    assert new not in server.log
