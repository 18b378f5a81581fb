"""Real processes behind a balancer that gives every request to another one."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fakes.mcp_client import (
    INITIALIZED,
    Client,
    Event,
    all_events,
    call,
    initialize,
    read_event,
    request,
)
from fakes.postgres import Postgres
from fakes.replica_pair import SECOND
from fakes.replicas import Deployment, deployed
from fakes.serve_process import Walk, until

pytestmark = pytest.mark.postgres


@pytest.fixture
async def deployment(tmp_path: Path, postgres_url: str) -> AsyncIterator[Deployment]:
    async with deployed(tmp_path, postgres_url) as running:
        yield running


def client_of(walk: Walk) -> Client:
    return Client(walk.http, str(walk.state["resource"]), walk.access_token)


async def switches(deployment: Deployment, **changes: Any) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{deployment.site.upstream}/_sandbox/switches", json=changes) as answer,
    ):
        assert answer.status == 200


@pytest.mark.row("SEC-P15", "SEC-S26", "SEC-V01", "SEC-P04")
async def test_the_whole_way_goes_through_both_replicas(deployment: Deployment) -> None:
    walk = deployment.site.walk()
    for step in (walk.discover, walk.register, walk.sign_in, walk.redeem):
        await step()
    front = deployment.front
    steps = ("/authorize", "/consent", "/oauth/atlassian/callback", "/site", "/token")
    where = [number for path in steps for number in front.replicas_of(path)]
    assert set(where) == {0, 1}
    await walk.use_every_transport()
    assert front.replicas_of("/v1/mcp") == front.replicas_of("/v1/sse/message") == {0, 1}
    await walk.refresh()
    await walk.revoke()


@pytest.mark.row("SEC-T13", "SEC-T26", "SEC-P18")
async def test_what_must_happen_once_happens_once(tmp_path: Path, postgres_url: str) -> None:
    async with deployed(tmp_path, postgres_url, 3) as deployment:
        walk = deployment.site.walk()
        for step in (walk.discover, walk.register, walk.sign_in):
            await step()
        code = {
            "grant_type": "authorization_code",
            "code": walk.state["code"],
            "redirect_uri": "http://localhost:3334/oauth/callback",
            "code_verifier": walk.state["verifier"],
        }
        redeemed = await asyncio.gather(*(walk.token(**code) for _ in range(20)))
        statuses = [status for status, _ in redeemed]
        assert statuses.count(200) == 1
        assert set(statuses) == {200, 400}
        walk = await deployment.site.signed_in("Ben")
        refresh = {
            "grant_type": "refresh_token",
            "refresh_token": walk.state["pair"]["refresh_token"],
        }
        refreshed = await asyncio.gather(*(walk.token(**refresh) for _ in range(50)))
        assert {status for status, _ in refreshed} == {200}
        pairs = {(said["access_token"], said["refresh_token"]) for _, said in refreshed}
        assert len(pairs) == 1
        assert deployment.front.replicas_of("/token") == {0, 1, 2}


async def begun(client: Client, message: Any) -> Event:
    """Begin a call that lasts, until it has an event id; then lose the connection."""
    async with client.sent(message) as response:
        prime = await read_event(response)
    assert prime is not None
    assert prime.id is not None
    return prime


@pytest.mark.row("SEC-P16", "SEC-N22")
async def test_after_kill_9_the_clients_go_on_at_the_other_replica(
    deployment: Deployment,
) -> None:
    walk = await deployment.site.signed_in()
    client, front = client_of(walk), deployment.front
    front.pinned = 0
    started = await client.post(initialize("2025-11-25"))
    client.session, client.version = started.headers["Mcp-Session-Id"], "2025-11-25"
    await client.post(INITIALIZED)
    await switches(deployment, latency_ms=60_000)
    write = call("addCommentToJiraIssue", 2, issueIdOrKey="DEMO-1", commentBody="made up")
    read = call("getJiraIssue", 1, issueIdOrKey="DEMO-1")
    reading, writing = await asyncio.gather(begun(client, read), begun(client, write))
    old = Client(walk.http, f"{deployment.home}/v1/sse", walk.access_token)
    async with old.listening() as stream:
        first = await read_event(stream)
        assert first is not None
        address = f"{deployment.home}{first.data}"
        await deployment.replicas[0].end(signal.SIGKILL)
        await switches(deployment, latency_ms=0)
        front.pinned = 1
        assert (await client.post(read)).status == 200
        told: list[Event] = []
        for place in (reading, writing):
            async with client.listening(Last_Event_ID=place.id) as resumed:
                assert resumed.status == 200
                told += [event for event in await all_events(resumed) if event.data]
        refused = await old.post(request("ping"), address)
        assert refused.status == 404
    assert [event.message["id"] for event in told] == [1, 2]
    assert "It only reads" in told[0].message["error"]["message"]
    assert "may have changed something" in told[1].message["error"]["message"]
    assert (await client.post(call("getJiraIssue", 3, issueIdOrKey="DEMO-1"))).status == 200


@pytest.mark.row("SEC-P17")
async def test_disconnecting_at_one_replica_ends_the_streams_of_the_other_within_a_second(
    deployment: Deployment,
) -> None:
    walk = await deployment.site.signed_in()
    client, front = client_of(walk), deployment.front
    front.pinned = 0
    await client.start()
    async with client.listening() as stream:
        front.pinned = 1
        body = {
            "token": walk.state["pair"]["refresh_token"],
            "client_id": walk.state["client_id"],
        }
        async with walk.http.post(f"{deployment.home}/revoke", data=body) as answer:
            assert answer.status == 200
        async with asyncio.timeout(SECOND):
            assert await read_event(stream) is None
    front.pinned = 0
    assert (await client.post(request("ping"))).status == 401


@pytest.mark.row("SEC-P14")
async def test_a_replica_that_is_ended_in_order_hands_its_sessions_on(
    deployment: Deployment,
) -> None:
    walk = await deployment.site.signed_in()
    client, front = client_of(walk), deployment.front
    front.pinned = 0
    await client.start()
    assert await deployment.replicas[0].end() == 0
    front.pinned = 1
    answer = await client.post(call("getJiraIssue", 3, issueIdOrKey="DEMO-1"))
    assert "DEMO-1" in json.dumps(answer.result)
    await deployment.replicas[0].start()
    front.pinned = 0
    assert (await client.post(request("tools/list"))).status == 200


@pytest.mark.row("SEC-P06", "SEC-P09", "SEC-P17")
async def test_postgresql_may_go_and_come_back_while_streams_are_open(tmp_path: Path) -> None:
    with Postgres() as database:
        async with deployed(tmp_path, database.new_database()) as deployment:
            walk = await deployment.site.signed_in()
            client, front = client_of(walk), deployment.front
            front.pinned = 0
            await client.start()
            async with client.listening() as stream:
                await asyncio.to_thread(database.stop)
                answers = [await client.post(request("tools/list")) for _ in range(3)]
                assert {answer.status for answer in answers} <= {200, 503}
                await until(
                    lambda: all(
                        replica.events("storage.notifications.lost")
                        for replica in deployment.replicas
                    )
                )
                await asyncio.to_thread(database.start)
                for number, replica in enumerate(deployment.replicas):
                    await replica.ready_or_not(200)
                    front.pinned = number
                    assert (await client.post(request("tools/list"))).status == 200
                body = {
                    "token": walk.state["pair"]["refresh_token"],
                    "client_id": walk.state["client_id"],
                }
                async with walk.http.post(f"{deployment.home}/revoke", data=body) as answer:
                    assert answer.status == 200
                # The connection that listens may be away for five seconds more.
                async with asyncio.timeout(10):
                    while (found := await read_event(stream)) is not None:
                        assert found.comment == "ping"
