"""``make bench``: Telamon beside a bare aiohttp proxy, on loopback, in one run.

Every figure is a ratio of two things measured minutes apart on the same machine; none is asserted.
``--quick`` takes a fifth of the time; ``--write FILE`` puts the tables into a page.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.adf import converter_tables
from bench.answers import answers_table
from bench.crowd import crowd_table
from bench.idle import memory_table
from bench.load import Outcome, run
from bench.servers import LOAD_CORE, SERVER_CORE, Server, pin, script, started, telamon
from bench.tokens import flood_table, token_table
from bench.variants import Ask, bare, http_sse, session, stateless
from fakes.ports import free_port

CLIENTS = (1, 8, 32)
DELAYS = (0, 50)
ROUNDS = 3
VARIANTS = {
    "bare aiohttp proxy": bare,
    "2026-07-28, JSON answers": stateless(),
    "2025-11-25 session, JSON answers": session(),
    "2024-11-05 HTTP+SSE, SSE answers": http_sse,
}
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
"""Between these marks a page holds the figures of a run."""

Rates = dict[tuple[str, int, int], list[Outcome]]


async def measure(
    servers: Mapping[str, tuple[int, str, str]], delay: int, seconds: float, rates: Rates
) -> None:
    """Run every variant with every number of clients, interleaved, *ROUNDS* times."""
    for clients in CLIENTS:
        asks: dict[str, list[Ask]] = {}
        for name, make in VARIANTS.items():
            port, host, token = servers["bare" if make is bare else "telamon"]
            asks[name] = [await make(port, host, token) for _ in range(clients)]
            if not await asks[name][0]():
                raise RuntimeError(f"{name} does not give the issue")
        for _ in range(ROUNDS):
            for name, ask in asks.items():
                outcome = await run(ask, seconds)
                rates.setdefault((name, clients, delay), []).append(outcome)


def table(rates: Rates, delay: int) -> list[str]:
    """Return the table of one upstream delay."""
    heads = [f"{n} client{'s' * (n > 1)}" for n in CLIENTS]
    lines = [
        f"| upstream {delay} ms | " + " | ".join(heads) + " | p99 at 32 | failures |",
        "| --- |" + " --- |" * (len(CLIENTS) + 2),
    ]
    for name in VARIANTS:
        cells: list[str] = []
        for clients in CLIENTS:
            rate = statistics.median(o.rate for o in rates[name, clients, delay])
            base = statistics.median(o.rate for o in rates["bare aiohttp proxy", clients, delay])
            cells.append(f"{rate:,.0f}/s ({rate / base:.2f})")
        last = rates[name, CLIENTS[-1], delay]
        p99 = statistics.median(o.percentile(0.99) for o in last) * 1000
        failures = sum(o.failures for n in CLIENTS for o in rates[name, n, delay])
        lines.append(f"| {name} | {' | '.join(cells)} | {p99:.1f} ms | {failures} |")
    return [*lines, ""]


def counts(port: int) -> dict[str, int]:
    """Ask the upstream how often it was asked."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/counts") as answer:
        found: dict[str, int] = json.load(answer)
    return found


async def economy(server: Server, host: str, token: str, upstream: int) -> list[str]:
    """Count upstream requests and new connections of 500 calls over warm connections."""
    asks = [await stateless()(server.port, host, token) for _ in range(4)]
    for ask in asks * 5:
        await ask()
    before = counts(upstream)
    for _ in range(125):
        await asyncio.gather(*(ask() for ask in asks))
    after = counts(upstream)
    requests = (after["requests"] - before["requests"]) / 500
    # Asking for the counts is itself one connection.
    connections = after["connections"] - before["connections"] - 1
    return [
        f"- upstream requests for one `getJiraIssue`: {requests:.2f}",
        f"- new upstream connections in 500 calls: {connections}",
    ]


def machine() -> str:
    """Return one line about where this ran."""
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores ({platform.machine()}), "
        f"the server on one, load and upstream on the other; revision {revision or 'unknown'}."
    )


def main(arguments: Sequence[str]) -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args(arguments)
    seconds = 0.4 if given.quick else 2.0
    pin(LOAD_CORE)
    rates: Rates = {}
    facts: list[str] = []
    everyday: list[str] = []
    for delay in DELAYS:
        ports = free_port(), free_port()
        with (
            tempfile.TemporaryDirectory() as folder,
            started(script("upstream.py", ports[0], delay), ports[0], LOAD_CORE),
            started(script("bare.py", ports[1], ports[0]), ports[1], SERVER_CORE) as base,
            telamon(Path(folder), ports[0]) as (server, token),
        ):
            host = f"localhost:{server.port}"
            if not facts:
                facts = [
                    f"- ready after {server.ready_seconds:.2f} s",
                    f"- resident memory after start: {server.resident / 2**20:.0f} MiB",
                    *asyncio.run(economy(server, host, token, ports[0])),
                ]
            targets = {"bare": (base.port, "", ""), "telamon": (server.port, host, token)}
            asyncio.run(measure(targets, delay, seconds, rates))
            if not everyday:
                everyday = asyncio.run(answers_table(base.port, server.port, token, seconds))
    streams = (200, 1000) if given.quick else (1000, 5000)
    lines = [
        machine(),
        "",
        (
            "Answers in a second; in brackets the ratio to the bare proxy with as many clients; "
            f"median of {ROUNDS} interleaved rounds. Streamable HTTP answers in JSON unless a tool "
            "reports something on the way; on HTTP+SSE every answer is an event."
        ),
        "",
        *(line for delay in DELAYS for line in table(rates, delay)),
        *everyday,
        "",
        *facts,
        "",
        *memory_table(streams),
        "",
        *converter_tables(quick=given.quick),
        "",
        *crowd_table(*((500, 200) if given.quick else (10_000, 5_000))),
        "",
        *token_table(seconds * 2.5),
        "",
        *flood_table(seconds * 10),
    ]
    print("\n".join(lines))
    if given.write:
        before, _, rest = given.write.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        figures = "\n".join(["", *lines, ""])
        given.write.write_text(before + BEGIN + figures + END + after)


if __name__ == "__main__":
    main(sys.argv[1:])
