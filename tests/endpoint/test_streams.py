import asyncio
from itertools import count
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from conftest import FakeClock

from telamon.atlassian.principal import Principal
from telamon.endpoint.choice import Choice
from telamon.endpoint.exchange import Exchange, exchange_of, owner_of
from telamon.endpoint.kernel import JSONRPCResponse, SessionMessage
from telamon.endpoint.pace import Pace
from telamon.endpoint.pipes import Inbox, Outbox
from telamon.endpoint.session import Session
from telamon.endpoint.streams import MOST_BYTES, MOST_EVENTS, Reader, Stream
from telamon.endpoint.wire import event
from telamon.plugin import Site
from telamon.policy import Policies
from telamon.settings import PolicySettings


class Wires(asyncio.WriteTransport):
    """A transport that remembers being cut."""

    cut = False

    def abort(self) -> None:
        self.cut = True

    def is_closing(self) -> bool:
        return self.cut


def attached(stream: Stream, after: int = 0) -> tuple[Reader, Wires]:
    wires = Wires()
    return stream.attach(make_mocked_request("GET", "/", transport=wires), after=after), wires


@pytest.mark.row("SEC-N25")
@pytest.mark.parametrize(("number", "size"), [(MOST_EVENTS + 1, 10), (6, MOST_BYTES // 4)])
def test_a_reader_that_falls_behind_the_log_is_cut(number: int, size: int) -> None:
    stream = Stream(1, {"a"})
    reader, wires = attached(stream)
    for _ in range(number - 1):
        stream.push(b"x" * size)
    assert not wires.cut
    stream.push(b"x" * size)
    assert wires.cut
    assert reader.left
    assert stream.size <= MOST_BYTES + size


def test_one_event_may_be_larger_than_the_log() -> None:
    stream = Stream(1, {"a"})
    _, wires = attached(stream)
    stream.push(b"small")
    stream.push(b"x" * (2 * MOST_BYTES), answers="a")
    assert not wires.cut
    assert [len(data) for data in stream.answers()] == [5, 2 * MOST_BYTES]


def test_without_a_reader_the_oldest_events_go_and_the_answer_stays() -> None:
    stream = Stream(1, {"a"})
    for number in range(MOST_EVENTS * 2):
        stream.push(str(number).encode())
    stream.push(b"answer", answers="a")
    assert len(stream.answers()) == MOST_EVENTS
    assert stream.answers()[-1] == b"answer"
    assert stream.ended


def test_an_ended_stream_takes_nothing_more() -> None:
    stream = Stream(1, {"a"})
    stream.push(b"answer", answers="a")
    stream.push(b"late")
    assert stream.answers() == [b"answer"]


@pytest.mark.row("SEC-N24")
def test_a_reader_that_gets_no_keep_alive_written_is_cut_after_two() -> None:
    reader, wires = attached(Stream(0))
    for _ in range(3):
        reader.beat()
    assert reader.ping
    assert not wires.cut
    reader.beat()
    assert wires.cut


def test_a_reader_that_was_written_to_needs_no_keep_alive() -> None:
    reader, _ = attached(Stream(0))
    for _ in range(5):
        reader.beat()
        reader.wrote()
    assert not reader.ping


async def test_large_answers_of_a_batch_are_streamed_before_they_overflow() -> None:
    stream = Stream(1, {"a", "b"})
    reader, _ = attached(stream)
    stream.push(b"x" * MOST_BYTES, answers="a")
    assert await stream.quiet(reader) is False


async def test_closing_the_connection_before_anything_was_said_opens_the_stream() -> None:
    stream = Stream(1, {"a"})
    reader, _ = attached(stream)
    stream.detach()
    assert await stream.quiet(reader) is False
    assert reader.left
    stream.release(reader)
    stream.detach()


def test_a_second_reader_takes_the_first_ones_place() -> None:
    stream = Stream(0)
    first, _ = attached(stream)
    second, _ = attached(stream)
    assert first.left
    stream.release(first)
    assert stream.reader is second


@pytest.mark.row("SEC-N28")
def test_an_event_is_one_event_whatever_is_in_it() -> None:
    raw = '{"t":"\u2028 \u2029 \x85 \\r\\n\\nid: 7"}'.encode()
    framed = event(raw, id_="1-2").decode()
    assert framed.count("data: ") == 1
    assert len(framed.splitlines()) == 4
    assert framed.splitlines()[1] == "id: 1-2"


async def test_the_inbox_gives_each_message_with_its_own_context_and_then_ends() -> None:
    inbox = Inbox()
    message = SessionMessage(JSONRPCResponse(jsonrpc="2.0", id=1, result={}))
    async with inbox:
        inbox.put(message)
        assert await inbox.receive() is message
        assert inbox.last_context is not None
    inbox.put(message)
    await inbox.aclose()
    assert [each async for each in inbox] == []


async def test_the_outbox_has_nothing_to_close() -> None:
    sent: list[SessionMessage] = []
    outbox = Outbox(sent.append)
    async with outbox:
        await outbox.send(SessionMessage(JSONRPCResponse(jsonrpc="2.0", id=1, result={})))
    await outbox.aclose()
    assert len(sent) == 1


def principal() -> Principal:
    return Principal(
        account_id="ada",
        client_id="client-1",
        family_id="family-1",
        grant_id="grant-1",
        site=Site(cloud_id="c", url="https://one.example.com", name="One"),
        scopes=frozenset(),
        policy=Policies(PolicySettings()).deployment,
        expires_at=1.0,
    )


def session_with_answers(clock: FakeClock, number: int, size: int) -> tuple[Session, list[Stream]]:
    session = Session(
        owner=owner_of(principal()),
        account_id="ada",
        version="2025-11-25",
        clock=clock,
        numbers=count(1),
    )
    streams = []
    for id_ in range(number):
        stream = session.open({id_: Exchange(principal=principal(), choice=Choice())})
        result: dict[str, Any] = {"text": "x" * size}
        answer = SessionMessage(JSONRPCResponse(jsonrpc="2.0", id=id_, result=result))
        session._route(answer)
        streams.append(stream)
    return session, streams


@pytest.mark.parametrize(
    ("number", "size", "kept"), [(50, 10, 32), (10, 300_000, 3), (2, 2_000_000, 1)]
)
def test_a_session_keeps_only_so_much_for_those_who_come_back(
    clock: FakeClock, number: int, size: int, kept: int
) -> None:
    session, streams = session_with_answers(clock, number, size)
    assert [session.find(stream.number) is not None for stream in streams] == [
        index >= number - kept for index in range(number)
    ]


def test_answers_that_nobody_waits_for_are_dropped(clock: FakeClock) -> None:
    session, _ = session_with_answers(clock, 0, 0)
    session._route(SessionMessage(JSONRPCResponse(jsonrpc="2.0", id="late", result={})))
    assert session.standing.answers() == []


def test_nothing_runs_without_a_principal() -> None:
    class Bare:
        request = None

    with pytest.raises(RuntimeError):
        exchange_of(Bare())  # type: ignore[arg-type]  # a context that a transport left empty


@pytest.mark.row("SEC-J13")
def test_the_pace_is_ten_a_second_with_a_second_in_advance(clock: FakeClock) -> None:
    pace = Pace(clock)
    assert [pace.allows() for _ in range(12)] == [True] * 10 + [False] * 2
    clock.advance(0.125)
    assert [pace.allows() for _ in range(2)] == [True, False]
    clock.advance(100)
    assert sum(pace.allows() for _ in range(20)) == 10
