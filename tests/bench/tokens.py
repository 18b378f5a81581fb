"""How many refreshes a second the token endpoint does, and what a flood does to others' calls."""

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from bench.load import Connection, Outcome, connect, run
from bench.servers import LOAD_CORE, Pair, script, served, started
from bench.variants import ARGUMENTS, GOOD, Ask, stateless_request
from fakes.ports import free_port
from fakes.postgres import Postgres

CLIENTS = 8
OTHERS = 20
PACE = 1.0
"""Seconds between two calls of one of the others: within what one may do."""
FLOODERS = 16
DELAY_MS = 50
LIMITED = ("CALLS_PER_MINUTE", "CONCURRENT_CALLS")


async def _refresher(port: int, pair: Pair) -> Ask:
    """A client that refreshes again and again, each time with the newest token."""
    connection, newest = await connect(port), pair.refresh

    async def ask() -> bool:
        nonlocal newest
        fields = {
            "grant_type": "refresh_token",
            "refresh_token": newest,
            "client_id": "bench",
            "resource": f"http://localhost:{port}/v1/mcp",
        }
        body = urlencode(fields).encode()
        head = (
            f"POST /token HTTP/1.1\r\nHost: localhost:{port}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        )
        answer = await connection.ask(head.encode() + b"\r\n" + body)
        said = json.loads(answer.partition(b"\r\n\r\n")[2])
        newest = said.get("refresh_token", newest)
        return "access_token" in said

    return ask


async def _refreshes(port: int, pairs: Sequence[Pair], seconds: float) -> Outcome:
    asks = [await _refresher(port, pair) for pair in pairs]
    await run(asks, seconds / 4)
    return await run(asks, seconds)


def token_table(seconds: float) -> list[str]:
    """Measure and return the table."""
    lines = [
        f"| token endpoint, refreshes of {CLIENTS} clients | in a second | p50 | p99 | failures |",
        "| --- | --- | --- | --- | --- |",
    ]
    with Postgres() as postgres:
        for name, database in (("SQLite", None), ("PostgreSQL", postgres.new_database())):
            port = free_port()
            with (
                tempfile.TemporaryDirectory() as folder,
                started(script("upstream.py", port, 0), port, LOAD_CORE),
                served(Path(folder), port, database, people=CLIENTS) as (server, pairs, _),
            ):
                outcome = asyncio.run(_refreshes(server.port, pairs, seconds))
            p50, p99 = (1000 * outcome.percentile(share) for share in (0.5, 0.99))
            lines.append(
                f"| {name} | {outcome.rate:,.0f} | {p50:.0f} ms | {p99:.0f} ms "
                f"| {outcome.failures} |"
            )
    return lines


async def _paced(port: int, pairs: Sequence[Pair], seconds: float) -> Outcome:
    """Everybody calls about once a *PACE*; latencies of the calls alone."""
    outcome = Outcome()
    end = time.perf_counter() + seconds

    async def one(number: int, pair: Pair) -> None:
        connection = await connect(port)
        request = stateless_request(ARGUMENTS, f"localhost:{port}", pair.access)
        await asyncio.sleep(PACE * number / len(pairs))
        while (began := time.perf_counter()) < end:
            right = GOOD in await connection.ask(request)
            took = time.perf_counter() - began
            outcome.latencies.append(took)
            outcome.answers += right
            outcome.failures += not right
            await asyncio.sleep(max(0.0, PACE - took))

    await asyncio.gather(*(one(number, pair) for number, pair in enumerate(pairs)))
    outcome.seconds = seconds
    return outcome


async def _flood(port: int, pair: Pair, rate: float, counted: list[int]) -> None:
    """One user on many connections; *rate* requests a second in all, 0 for as many as it can."""
    request = stateless_request(ARGUMENTS, f"localhost:{port}", pair.access)
    pause = FLOODERS / rate if rate else 0.0

    async def one() -> None:
        connection: Connection = await connect(port)
        while True:
            try:
                await connection.ask(request)
            except ConnectionError:
                connection = await connect(port)
            counted[0] += 1
            await asyncio.sleep(pause)

    with suppress(asyncio.CancelledError):
        await asyncio.gather(*(one() for _ in range(FLOODERS)))


async def _beside(port: int, pairs: Sequence[Pair], seconds: float, rate: float | None) -> Outcome:
    counted = [0]
    flood = None
    if rate is not None:
        flood = asyncio.ensure_future(_flood(port, pairs[0], rate, counted))
        await asyncio.sleep(2.0)
        counted[0] = 0
    outcome = await _paced(port, pairs[1:], seconds)
    if flood is not None:
        flood.cancel()
        await flood
    outcome.flooded = counted[0] / seconds
    return outcome


def flood_table(seconds: float) -> list[str]:
    """Measure and return the table."""
    lines = [
        f"| {OTHERS} users, a call a second each, usual limits | p50 | p95 | ratio | failures |",
        "| --- | --- | --- | --- | --- |",
    ]
    port = free_port()
    base = 0.0
    with (
        tempfile.TemporaryDirectory() as folder,
        started(script("upstream.py", port, DELAY_MS), port, LOAD_CORE),
        served(Path(folder), port, people=OTHERS + 1, limited=LIMITED) as (server, pairs, _),
    ):
        asyncio.run(_paced(server.port, pairs[1:], 3.0))
        for name, rate in (
            ("alone", None),
            ("beside one who floods", 100.0),
            ("beside one without a pause", 0.0),
        ):
            outcome = asyncio.run(_beside(server.port, pairs, seconds, rate))
            p50, p95 = (1000 * outcome.percentile(share) for share in (0.5, 0.95))
            base = base or p95
            told = (
                f"{name} on {FLOODERS} connections, {outcome.flooded:,.0f}/s" if rate == 0 else name
            )
            lines.append(
                f"| {told} | {p50:.0f} ms | {p95:.0f} ms | {p95 / base:.2f} | {outcome.failures} |"
            )
    return lines


def main() -> None:
    """Print both tables by themselves: ``python -m bench.tokens``."""
    print("\n".join([*token_table(5.0), "", *flood_table(20.0)]))


if __name__ == "__main__":
    main()
