"""Streams that a client resumes at another replica, with and without the one they began at."""

import asyncio
from typing import Any

import pytest
from fakes.mcp_client import Client, Event, all_events, call, read_event, request
from fakes.replica_pair import SECOND, Pair, Replica, eventually

from telamon.storage import StorageUnavailable, Unsealable

pytestmark = pytest.mark.postgres


async def interrupted(client: Client, message: Any) -> tuple[Event, Event]:
    """Begin a call that says something and goes on, then lose the connection."""
    async with client.sent(message) as response:
        prime, progress = await read_event(response), await read_event(response)
        assert prime is not None
        assert progress is not None
        assert prime.id is not None
        assert progress.message["method"] == "notifications/progress"
    return prime, progress


KNOCK = {**call("knock", 7), "id": 7}
KNOCK["params"]["_meta"] = {"progressToken": "t"}


async def gone(replica: Replica) -> None:
    """Wait until the others know that it is dead."""
    replica.die()
    await replica.server.storage.replicas.leave(replica.server.endpoint._elsewhere._presence.id)


@pytest.mark.row("MCP-B18", "SEC-N22")
async def test_a_stream_is_replayed_and_followed_at_another_replica(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    prime, progress = await interrupted(client, KNOCK)
    async with there.at(client).listening(Last_Event_ID=prime.id) as resumed:
        assert resumed.status == 200
        assert await read_event(resumed) == progress
        here.workshop.release.set()
        (last,) = await all_events(resumed)
    assert last.message["id"] == 7
    assert last.message["result"]["content"][0]["text"] == "knock was released"
    async with there.at(client).listening(Last_Event_ID=progress.id) as again:
        assert await all_events(again) == [last]
    async with client.listening(Last_Event_ID=progress.id) as back:
        assert await all_events(back) == [last]
    async with there.at(client).listening(Last_Event_ID=last.id) as over:
        assert await all_events(over) == []


@pytest.mark.row("MCP-B9", "MCP-B17")
async def test_no_event_id_is_ever_used_twice_in_a_session(replicas: Pair, client: Client) -> None:
    _, there = replicas
    await client.start()
    events = []
    for where in (client, there.at(client)):
        for number in range(2):
            answer = await where.post(call("flood", number, lines=2))
            events += answer.events
    ids = [event.id for event in events]
    assert len(set(ids)) == len(ids) > 8


@pytest.mark.row("MCP-B17")
async def test_a_session_that_is_rebuilt_where_it_was_uses_no_event_id_again(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    events = []
    for number in range(3):
        answer = await client.post(call("flood", number, lines=2))
        events += answer.events
        for session in here.server.endpoint._sessions:
            here.server.endpoint._sessions.let_go(session)
    ids = [event.id for event in events]
    assert len(set(ids)) == len(ids)
    await here.server.tasks.drain(5)
    async with there.at(client).listening(Last_Event_ID=answer.events[0].id) as resumed:
        assert await all_events(resumed) == answer.events[1:]


async def test_a_standing_stream_of_a_session_that_was_let_go_opens_again(
    replicas: Pair, client: Client
) -> None:
    here, _ = replicas
    await client.start()
    async with client.listening() as first:
        await here.server.endpoint.changes.publish("tools")
        told = await read_event(first)
    assert told is not None
    (session,) = here.server.endpoint._sessions
    await eventually(lambda: session.standing.reader is None)
    here.server.endpoint._sessions.let_go(session)
    async with client.listening(Last_Event_ID=told.id) as again:
        assert again.status == 200


@pytest.mark.parametrize("id_", ["a\0b", "a\ud800b"])
async def test_an_id_that_the_database_cannot_hold_keeps_nobodys_events_back(
    replicas: Pair, client: Client, id_: str
) -> None:
    here, there = replicas
    await client.start()
    prime, _ = await interrupted(client, {**KNOCK, "id": id_})
    here.workshop.release.set()
    async with there.at(client).listening(Last_Event_ID=prime.id) as resumed:
        last = (await all_events(resumed))[-1]
    assert last.message["result"]["content"][0]["text"] == "knock was released"


async def test_what_is_owed_to_such_an_id_is_answered_when_its_replica_has_died(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    prime, _ = await interrupted(client, {**KNOCK, "id": "a\0b"})
    await gone(here)
    async with there.at(client).listening(Last_Event_ID=prime.id) as resumed:
        last = (await all_events(resumed))[-1]
    assert last.message["id"] == "a\0b"
    assert "outcome is unknown" in last.message["error"]["message"]


@pytest.mark.row("SEC-P01")
async def test_what_could_not_be_written_at_once_is_written_later(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = replicas
    monkeypatch.setattr("telamon.endpoint.recorder._PAUSE_SECONDS", 0)
    streams, failures = here.server.storage.mcp_streams, 0
    record = streams.record

    async def sometimes(*arguments: Any) -> None:
        nonlocal failures
        failures += 1
        if failures % 3:
            raise StorageUnavailable
        await record(*arguments)

    await client.start()
    monkeypatch.setattr(streams, "record", sometimes)
    prime, progress = await interrupted(client, KNOCK)
    here.workshop.release.set()
    async with client.listening(Last_Event_ID=progress.id) as back:
        (last,) = await all_events(back)
    await here.server.tasks.drain(5)
    async with there.at(client).listening(Last_Event_ID=prime.id) as resumed:
        assert await all_events(resumed) == [progress, last]
    assert failures > 3


async def test_a_replica_ends_even_if_its_last_words_cannot_be_written(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = replicas
    monkeypatch.setattr("telamon.endpoint.elsewhere._END_SECONDS", 0)

    async def hanging(*_: object) -> None:
        await asyncio.Event().wait()

    await client.start()
    await interrupted(client, KNOCK)
    recorder = here.server.endpoint._elsewhere._recorder
    await eventually(lambda: recorder._writing is None)
    monkeypatch.setattr(here.server.storage.mcp_streams, "record", hanging)
    monkeypatch.setattr(here.server.storage.replicas, "leave", hanging)
    async with asyncio.timeout(10):
        await here.server.endpoint.close()
    await eventually(lambda: recorder._writing is None)


async def test_a_question_on_a_resumed_stream_can_be_answered(
    replicas: Pair, client: Client
) -> None:
    _, there = replicas
    await client.start(elicitation={})
    elsewhere = there.at(client)
    async with client.sent(call("order", 3, thing="boat")) as response:
        prime = await read_event(response)
    assert prime is not None
    async with elsewhere.listening(Last_Event_ID=prime.id) as resumed:
        question = await read_event(resumed)
        assert question is not None
        result = {"action": "accept", "content": {"size": "small"}}
        answer = {"jsonrpc": "2.0", "id": question.message["id"], "result": result}
        assert (await elsewhere.post(answer)).status == 202
        second = await read_event(resumed)
        assert second is not None
        assert "colour" in second.message["params"]["message"]
        answer = {"jsonrpc": "2.0", "id": second.message["id"], "result": {"action": "decline"}}
        assert (await client.post(answer)).status == 202
        last = (await all_events(resumed))[-1]
    assert last.message["result"]["content"][0]["text"] == "No order: decline."


@pytest.mark.row("SEC-N27", "SEC-N05", "MCP-B18")
async def test_a_place_in_a_stream_of_somebody_else_or_nobody_is_not_found(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    prime, _ = await interrupted(client, KNOCK)
    other = here.at(client)
    await other.start()
    thief = there.at(client)
    thief.token = await here.server.token(account="ben")
    await thief.start()
    forged = "0123456789abcdef-1-0"
    for who, place in ((other, forged), (there.at(other), prime.id), (thief, prime.id)):
        async with who.listening(Last_Event_ID=place) as response:
            assert response.status == 404
    thief.session = client.session
    async with thief.listening(Last_Event_ID=prime.id) as response:
        assert response.status == 404


@pytest.mark.row("SEC-N22")
async def test_what_died_with_its_replica_is_answered_with_an_error(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    prime, progress = await interrupted(client, KNOCK)
    elsewhere = there.at(client)
    async with elsewhere.listening(Last_Event_ID=prime.id) as resumed:
        assert await read_event(resumed) == progress
        await gone(here)
        (last,) = await all_events(resumed)
    assert last.message["id"] == 7
    assert last.message["error"]["code"] == -32603
    assert "outcome is unknown. It only reads" in last.message["error"]["message"]
    async with elsewhere.listening(Last_Event_ID=progress.id) as again:
        assert await all_events(again) == [last]
    # The dead one was only asleep: what it says now comes too late.
    here.workshop.release.set()
    await here.workshop.ended.wait()
    await here.server.tasks.drain(5)
    async with elsewhere.listening(Last_Event_ID=progress.id) as again:
        assert await all_events(again) == [last]


async def test_of_a_lost_write_it_is_said_that_it_may_have_happened(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start(elicitation={})
    async with client.sent(call("order", 3, thing="boat")) as response:
        prime = await read_event(response)
        question = await read_event(response)
    assert prime is not None
    assert question is not None
    await gone(here)
    async with there.at(client).listening(Last_Event_ID=question.id) as resumed:
        (last,) = await all_events(resumed)
    assert "It may have changed something" in last.message["error"]["message"]
    async with there.at(client).listening(Last_Event_ID=prime.id) as resumed:
        assert await all_events(resumed) == [question, last]


@pytest.mark.row("SEC-P14")
async def test_a_replica_that_stops_in_order_leaves_its_last_words_to_the_others(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    prime, progress = await interrupted(client, KNOCK)
    await here.server.endpoint.close()
    assert (await client.post(request("ping"))).status == 503
    elsewhere = there.at(client)
    assert (await elsewhere.post(request("ping"))).status == 200
    async with elsewhere.listening(Last_Event_ID=prime.id) as resumed:
        first, last = await all_events(resumed)
    assert first == progress
    assert "The server stopped before" in last.message["error"]["message"]


async def test_a_followed_stream_ends_with_its_session_and_keeps_it_alive(
    replicas: Pair, client: Client
) -> None:
    _, there = replicas
    await client.start()
    _, progress = await interrupted(client, KNOCK)
    elsewhere = there.at(client)
    async with elsewhere.listening(Last_Event_ID=progress.id) as resumed:
        (session,) = there.server.endpoint._sessions
        await eventually(lambda: session.busy)
        for _ in range(3):
            await there.server.endpoint.beat()
        ping = await read_event(resumed)
        assert ping is not None
        assert ping.comment == "ping"
        async with client.http.delete(client.url, headers=client.headers()) as response:
            assert response.status == 204
        assert await all_events(resumed) == []


async def test_a_client_that_leaves_again_is_followed_by_nobody(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    _, progress = await interrupted(client, KNOCK)
    resuming = there.server.endpoint._elsewhere._resuming
    async with there.at(client).listening(Last_Event_ID=progress.id) as resumed:
        await eventually(lambda: len(resuming._followers) == 1)
        resumed.close()
    here.workshop.release.set()
    await eventually(lambda: not resuming._followers)


@pytest.mark.row("SEC-P01")
async def test_a_stream_goes_on_when_its_events_cannot_be_written(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = replicas

    async def unavailable(*_: object) -> None:
        raise StorageUnavailable

    await client.start()
    monkeypatch.setattr(here.server.storage.mcp_streams, "record", unavailable)
    monkeypatch.setattr("telamon.endpoint.recorder._PAUSE_SECONDS", 0)
    answer = await client.post(call("flood", 1, lines=2))
    assert answer.text == "flooded"
    await here.server.tasks.drain(5)
    async with there.at(client).listening(Last_Event_ID=answer.events[0].id) as resumed:
        assert resumed.status == 404


@pytest.mark.row("SEC-N25")
async def test_what_waits_to_be_written_is_bounded(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _there = replicas
    monkeypatch.setattr("telamon.endpoint.recorder._MOST_BYTES", 0)
    await client.start()
    await interrupted(client, KNOCK)
    recorder = here.server.endpoint._elsewhere._recorder
    await eventually(lambda: recorder._bytes == 0)
    writing = asyncio.Event()
    record = here.server.storage.mcp_streams.record

    async def slow(*arguments: Any) -> None:
        await writing.wait()
        await record(*arguments)

    monkeypatch.setattr(here.server.storage.mcp_streams, "record", slow)
    (session,) = here.server.endpoint._sessions
    (stream,) = [each for each in session._streams.values() if each.note is not None]
    for _ in range(5):
        stream.push(b'{"jsonrpc":"2.0","method":"notifications/message"}')
    assert len(recorder._waiting) == 1
    writing.set()
    here.workshop.release.set()
    await here.server.tasks.drain(5)


async def test_both_standing_streams_are_never_open_at_once(replicas: Pair, client: Client) -> None:
    here, there = replicas
    await client.start()
    async with client.listening() as first:
        (session,) = here.server.endpoint._sessions
        await eventually(lambda: session.standing.reader)
        async with there.at(client).listening() as second:
            assert second.status == 200
            assert await all_events(first) == []
            await there.server.endpoint.changes.publish("tools")
            told = await read_event(second)
            assert told is not None
            assert told.message["method"] == "notifications/tools/list_changed"
        async with client.listening() as third:
            assert third.status == 200


async def test_a_client_whose_standing_stream_moves_is_told_what_it_may_have_missed(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    async with client.listening() as first:
        await here.server.endpoint.changes.publish("tools")
        told = await read_event(first)
    assert told is not None
    there.server.endpoint.changes._changed_at.clear()
    await here.server.endpoint.changes.publish("prompts")
    changes = there.server.endpoint.changes
    await eventually(lambda: changes._changed_at, SECOND)
    async with there.at(client).listening(Last_Event_ID=told.id) as moved:
        missed = await read_event(moved)
    assert missed is not None
    assert missed.message["method"] == "notifications/prompts/list_changed"


async def test_a_stream_whose_events_do_not_open_is_not_found(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, there = replicas
    await client.start()
    prime, _ = await interrupted(client, KNOCK)
    sealer = there.server.storage.mcp_streams._sealer

    def unsealable(*_: object, **__: object) -> bytes:
        raise Unsealable("mcp_events", "row", "data")

    monkeypatch.setattr(sealer, "open", unsealable)
    async with there.at(client).listening(Last_Event_ID=prime.id) as resumed:
        assert resumed.status == 404


async def test_a_connection_that_is_still_open_is_finished_when_its_stream_moves(
    replicas: Pair, client: Client
) -> None:
    here, there = replicas
    await client.start()
    async with client.sent(KNOCK) as first:
        prime = await read_event(first)
        assert prime is not None
        async with there.at(client).listening(Last_Event_ID=prime.id) as second:
            progress = await all_events(first)
            assert [await read_event(second)] == progress
            here.workshop.release.set()
            (last,) = await all_events(second)
    assert last.message["id"] == 7


async def test_a_stream_that_waits_to_be_noted_does_not_wait_for_those_behind_it(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = replicas
    monkeypatch.setattr("telamon.endpoint.recorder._BATCH", 1)
    written, record = asyncio.Event(), here.server.storage.mcp_streams.record

    async def first_only(entries: Any, now: float) -> None:
        await record(entries, now)
        if not entries[0].waiting:
            await written.wait()

    await client.start()
    monkeypatch.setattr(here.server.storage.mcp_streams, "record", first_only)
    async with client.sent(KNOCK) as response:
        assert await read_event(response) is not None
    written.set()


async def test_nobody_is_taken_for_dead_by_one_who_could_not_say_that_it_lives(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = replicas
    await client.start()
    presence, now = here.server.endpoint._elsewhere._presence, 1000.0
    monkeypatch.setattr("telamon.endpoint.presence._monotonic", lambda: now)
    await presence._say()
    now += 5  # it has just said so, for the first time in a while
    assert await presence.lives("nobody")
    await presence._say()
    assert await presence.lives("nobody")
    now += 3
    await presence._say()
    assert await presence.lives("nobody")
    now += 2
    assert not await presence.lives("nobody")


async def test_a_replica_ends_even_if_it_cannot_say_so(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = replicas

    async def unavailable(_: str) -> None:
        raise StorageUnavailable

    await client.start()
    monkeypatch.setattr(here.server.storage.replicas, "leave", unavailable)
    await here.server.endpoint.close()
    assert here.server.endpoint.sessions == 0


async def test_a_followed_stream_ends_for_now_when_the_storage_cannot_be_read(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = replicas
    await client.start()
    _, progress = await interrupted(client, KNOCK)
    streams, reads = there.server.storage.mcp_streams, 0
    read = streams.read

    async def once(*arguments: Any) -> Any:
        nonlocal reads
        reads += 1
        if reads > 1:
            raise StorageUnavailable
        return await read(*arguments)

    monkeypatch.setattr(streams, "read", once)
    async with there.at(client).listening(Last_Event_ID=progress.id) as resumed:
        assert await all_events(resumed) == []
    monkeypatch.setattr(streams, "read", read)
    here.workshop.release.set()
    async with there.at(client).listening(Last_Event_ID=progress.id) as resumed:
        assert len(await all_events(resumed)) == 1


async def test_a_standing_stream_opens_though_nobody_can_be_told(
    replicas: Pair, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = replicas

    async def unavailable(*_: str) -> None:
        raise StorageUnavailable

    await client.start()
    with monkeypatch.context() as patch:
        patch.setattr(here.server.storage.notifications, "publish", unavailable)
        async with client.listening() as stream:
            assert stream.status == 200
            crossing = here.server.endpoint._elsewhere.crossing
            await eventually(lambda: crossing._claiming is None)
    assert crossing._claims == []
