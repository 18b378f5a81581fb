"""A session of Streamable HTTP that goes on wherever its next request comes to."""

import asyncio
from typing import Any

import aiohttp
import pytest
from conftest import FakeClock
from fakes.mcp_client import (
    INITIALIZED,
    Client,
    all_events,
    call,
    initialize,
    read_event,
    request,
)
from fakes.replica_pair import SECOND, Pair, eventually
from sqlalchemy import event as sql_event

from telamon.storage import StorageUnavailable

pytestmark = pytest.mark.postgres


async def asked(response: aiohttp.ClientResponse) -> Any:
    """Read on to the server's question to the user."""
    while (found := await read_event(response)) is not None:
        if found.data and "elicitation/create" in found.data:
            return found.message
    raise AssertionError("the stream ended without a question")


@pytest.mark.row("SEC-P16")
async def test_every_request_of_a_session_may_come_to_another_replica(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    answer = await client.post(initialize("2025-06-18"))
    client.session, client.version = answer.headers["Mcp-Session-Id"], "2025-06-18"
    elsewhere = there.at(client)
    assert (await elsewhere.post(INITIALIZED)).status == 202
    listed = [await each.post(request("tools/list")) for each in (client, elsewhere, client)]
    assert listed[0].result == listed[1].result == listed[2].result
    assert (await elsewhere.post(call("echo", 5, text="there"))).text == "there"
    assert (await client.post(call("echo", 5, text="here"))).text == "here"
    assert [here.server.endpoint.sessions, there.server.endpoint.sessions] == [1, 1]


@pytest.mark.row("SEC-N01", "SEC-N05", "SEC-N09")
async def test_nobody_else_finds_the_session_at_another_replica(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    thief = there.at(client)
    thief.token = await here.server.token(account="ben")
    foreign = await thief.post(request("ping"))
    thief.session = "made-up"
    unknown = await thief.post(request("ping"))
    assert foreign.status == unknown.status == 404
    assert foreign.body == unknown.body
    thief.session = client.session
    async with thief.http.delete(thief.url, headers=thief.headers()) as response:
        assert response.status == 404
    assert (await client.post(request("ping"))).status == 200


@pytest.mark.row("SEC-P16", "MCP-B22")
async def test_a_session_that_is_deleted_anywhere_is_over_everywhere(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    elsewhere = there.at(client)
    await elsewhere.post(request("ping"))
    running = asyncio.ensure_future(client.post(call("wait")))
    await here.workshop.started.wait()
    async with elsewhere.http.delete(elsewhere.url, headers=elsewhere.headers()) as response:
        assert response.status == 204
    assert (await elsewhere.post(request("ping"))).status == 404
    await eventually(lambda: not here.server.endpoint.sessions, SECOND)
    assert (await client.post(request("ping"))).status == 404
    await running
    assert here.workshop.cancelled == 1


@pytest.mark.row("MCP-B12")
async def test_an_answer_finds_its_way_to_the_replica_that_asked(
    replicas: Pair, client: Client
) -> None:
    _, there = replicas
    await client.start(elicitation={})
    elsewhere = there.at(client)
    async with (
        client.sent(call("order", 1, thing="boat")) as one,
        elsewhere.sent(call("order", 2, thing="bike")) as two,
    ):
        questions = [await asked(one), await asked(two)]
        assert "boat" in questions[0]["params"]["message"]
        assert "bike" in questions[1]["params"]["message"]
        assert questions[0]["id"] != questions[1]["id"]
        for question, where, action in zip(
            questions, (elsewhere, client), ("decline", "cancel"), strict=True
        ):
            result = {"jsonrpc": "2.0", "id": question["id"], "result": {"action": action}}
            assert (await where.post(result)).status == 202
        last = [(await all_events(each))[-1].message for each in (one, two)]
    texts = [each["result"]["content"][0]["text"] for each in last]
    assert texts == ["No order: decline.", "No order: cancel."]


async def test_an_error_for_an_answer_finds_its_way_too(replicas: Pair, client: Client) -> None:
    _, there = replicas
    await client.start(elicitation={})
    async with client.sent(call("order", 1, thing="boat")) as response:
        question = await asked(response)
        error = {"code": -32603, "message": "no user is there"}
        answer = {"jsonrpc": "2.0", "id": question["id"], "error": error}
        assert (await there.at(client).post(answer)).status == 202
        last = (await all_events(response))[-1].message
    assert "no user is there" in str(last)


async def test_an_answer_to_a_question_of_nobodys_is_taken_and_dropped(
    replicas: Pair, client: Client
) -> None:
    _, there = replicas
    await client.start()
    dead = "0123456789abcdef"
    for id_ in (f"{dead}.1", "7", 7, "x.y", "x\0.1", "\N{WHITE SQUARE}" * 1000 + ".1"):
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": id_, "result": {}}
        assert (await there.at(client).post(answer)).status == 202
    assert (await client.post(request("ping"))).status == 200
    assert await there.server.storage.replicas.take(dead) == []


async def test_an_answer_whose_letter_could_not_be_taken_at_once_is_taken_later(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = replicas
    await client.start(elicitation={})
    async with client.sent(call("order", 1, thing="boat")) as response:
        question = await asked(response)
        storage, tried = here.server.storage.replicas, asyncio.Event()
        with monkeypatch.context() as patch:

            async def unavailable(_: str) -> None:
                tried.set()
                raise StorageUnavailable

            patch.setattr(storage, "take", unavailable)
            result = {"jsonrpc": "2.0", "id": question["id"], "result": {"action": "decline"}}
            assert (await there.at(client).post(result)).status == 202
            await tried.wait()
        last = (await all_events(response))[-1].message
    assert last["result"]["content"][0]["text"] == "No order: decline."


async def test_a_cancellation_of_an_id_that_is_too_long_to_pass_on_is_taken_and_dropped(
    client: Client,
) -> None:
    await client.start()
    for id_ in ("x" * 9_000, "\N{WHITE SQUARE}" * 1_000):
        note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id_}}
        assert (await client.post(note)).status == 202


@pytest.mark.row("MCP-B13")
async def test_a_cancellation_finds_its_way_to_the_replica_that_works(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    running = asyncio.ensure_future(client.post(call("wait", "w-1")))
    await here.workshop.started.wait()
    params = {"requestId": "w-1", "reason": "changed my mind"}
    note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
    assert (await there.at(client).post(note)).status == 202
    assert (await running).error["code"] == -32800
    assert here.workshop.cancelled == 1
    assert (await there.at(client).post(note)).status == 202


async def test_a_log_level_holds_at_every_replica(replicas: Pair, client: Client) -> None:
    here, there = replicas
    await client.start()
    elsewhere = there.at(client)
    assert (await elsewhere.post(request("logging/setLevel", {"level": "error"}))).result == {}
    session = next(iter(here.server.endpoint._sessions))
    await eventually(lambda: session.log_level == "error", SECOND)
    answer = await client.post(call("flood", 2, lines=1))
    assert "notifications/message" not in {each.get("method") for each in answer.messages}


async def test_an_idle_part_of_a_session_does_not_end_it_elsewhere(
    replicas: Pair, client: Client, clock: FakeClock
) -> None:
    here, there = replicas
    await client.start()
    elsewhere = there.at(client)
    for _ in range(5):
        await elsewhere.post(request("ping"))
        clock.advance(400)
        await there.server.endpoint.beat()
        await elsewhere.post(request("ping"))
        client.token = elsewhere.token = await here.server.token()
    await here.server.endpoint.beat()
    assert here.server.endpoint.sessions == 0
    await here.server.tasks.drain(5)
    assert (await client.post(request("ping"))).status == 200
    clock.advance(3600)
    for each in replicas:
        await each.server.endpoint.beat()
        await each.server.tasks.drain(5)
    assert client.session is not None
    assert await here.server.storage.mcp_sessions.get(client.session) is None


@pytest.mark.row("SEC-N26")
async def test_a_user_has_only_so_many_sessions_in_all_replicas(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    most = 20
    clients = []
    for number in range(4 * most + 3):
        each = (here, there)[number % 2].at(client)
        await each.start()
        clients.append(each)
    assert here.server.endpoint.sessions <= most
    assert there.server.endpoint.sessions <= most
    assert (await clients[-1].post(request("ping"))).status == 200
    assert (await clients[-2].post(request("ping"))).status == 200
    stored = [
        await here.server.storage.mcp_sessions.get(str(each.session)) is not None
        for each in clients
    ]
    assert stored.count(True) == 4 * most


@pytest.mark.row("SEC-N07")
async def test_many_clients_with_one_request_id_each_get_their_own_answer(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    tokens = [await here.server.token(account=f"user-{n}") for n in range(50)]

    async def one(number: int) -> bool:
        where = (here, there)[number % 2]
        mine = where.at(client)
        mine.token = tokens[number % 50]
        if number % 3:
            await mine.start()
            mine = (there, here)[number % 2].at(mine)
            answer = await mine.post(call("echo", 1, text=f"text-{number}"))
        else:
            answer = await mine.modern(call("echo", 1, text=f"text-{number}"))
        return answer.text == f"text-{number}" and answer.last["id"] == 1

    for start in range(0, 500, 50):
        assert all(await asyncio.gather(*(one(n) for n in range(start, start + 50))))


async def test_a_call_that_is_answered_as_json_writes_nothing(
    replicas: Pair, client: Client
) -> None:
    _, there = replicas
    await client.start()
    elsewhere = there.at(client)
    await elsewhere.post(request("ping"))
    written: list[str] = []

    def note(*arguments: Any) -> None:
        statement = str(arguments[2])
        if not statement.lstrip().upper().startswith("SELECT") and "replicas" not in statement:
            written.append(statement)

    engines = [each.server.storage._database.engine.sync_engine for each in replicas]
    for engine in engines:
        sql_event.listen(engine, "before_cursor_execute", note)
    for each in (client, elsewhere):
        assert (await each.post(call("echo", 5, text="quick"))).text == "quick"
        assert (await each.modern(call("echo", 5, text="quick"))).text == "quick"
    assert written == []
    answer = await client.post(call("flood", 6, lines=1))
    assert len(answer.events) > 1
    assert any("mcp_streams" in statement for statement in written)
