"""Memory of one real process under many open streams and steady calls."""

import asyncio
from pathlib import Path

import pytest
from bench.crowd import Crowd
from bench.load import connect
from bench.servers import LOAD_CORE, Server, script, served, started
from bench.variants import ARGUMENTS, GOOD, stateless_request
from fakes.ports import free_port

STREAMS = 500
CALLS = 300
MIB = 2**20
BUDGET = 32 * MIB
"""For so many streams, and what the calls beside them need for a moment."""


@pytest.mark.row("SEC-L10")
def test_streams_and_calls_stay_within_their_budget_of_memory(tmp_path: Path) -> None:
    port = free_port()
    with (
        started(script("upstream.py", port, 0), port, LOAD_CORE),
        served(tmp_path, port) as (server, pairs, _),
    ):
        grown, failures = asyncio.run(_grown(server, pairs[0].access))
    assert failures == 0
    assert grown < BUDGET


async def _grown(server: Server, token: str) -> tuple[int, int]:
    """How many bytes more the process holds, and how many streams failed."""
    crowd = Crowd(server, token)
    callers = [await connect(server.port) for _ in range(4)]
    call = stateless_request(ARGUMENTS, f"localhost:{server.port}", token)
    await crowd.grow(100)
    for caller in callers * 10:
        assert GOOD in await caller.ask(call)
    before = server.resident
    await crowd.grow(STREAMS)
    for _ in range(CALLS // len(callers)):
        answers = await asyncio.gather(*(caller.ask(call) for caller in callers))
        assert all(GOOD in answer for answer in answers)
    grown = server.resident - before
    broken = sum(stream.transport.is_closing() for stream in crowd.streams)
    crowd.vanish()
    for caller in callers:
        caller.transport.abort()
    return grown, crowd.failures + broken
