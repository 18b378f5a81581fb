"""Run the public conformance suite against the endpoint, on every revision that it knows.

``make conformance``, or ``python tests/conformance/run.py [revision ...]``. Prints a table of
checks for each revision and exits with 1 if one of them fails.
"""

import asyncio
import json
import logging
import os
import re
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clients.install import TARGET, node
from conformance.server import conformance_server

HERE = Path(__file__).resolve().parent
SUITE = TARGET / "node_modules/@modelcontextprotocol/conformance"
REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
FAILED = frozenset({"FAILURE", "WARNING"})
_SCENARIO = re.compile(r"^server-|-\d{4}-\d\d-\d\dT[\d-]+Z$")

Checks = list[tuple[str, str, str, str]]
"""Scenario, check, status, message."""


async def run_suite(url: str, token: str, revision: str) -> tuple[int, Checks, str]:
    """Run all server scenarios of *revision*; gives the exit status, the checks and the output."""
    program = node()
    if program is None:
        raise SystemExit("Node.js is not installed: run tests/clients/install.py")
    with TemporaryDirectory() as folder:
        command = [
            str(program),
            "--import",
            str(HERE / "bearer.mjs"),
            str(SUITE / "dist/index.js"),
            "server",
            "--url",
            url,
            "--suite",
            "all",
            "--spec-version",
            revision,
            "--output-dir",
            folder,
        ]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=SUITE,
            env={**os.environ, "MCP_CONFORMANCE_BEARER": token},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return process.returncode or 0, read_checks(folder), output.decode(errors="replace")


def read_checks(folder: str) -> Checks:
    """Return every check that the suite has written below *folder*."""
    return [
        (
            _SCENARIO.sub("", file.parent.name),
            check["id"],
            check["status"],
            check.get("errorMessage") or "",
        )
        for file in sorted(Path(folder).rglob("checks.json"))
        for check in json.loads(file.read_text())
    ]


def report(revision: str, checks: Checks) -> None:
    """Print the checks of one revision, scenario by scenario."""
    print(f"\n{revision}")
    by_scenario: dict[str, Counter[str]] = {}
    for scenario, _, status, _ in checks:
        by_scenario.setdefault(scenario, Counter())[status] += 1
    for scenario, found in by_scenario.items():
        print(f"  {scenario:<58} {' '.join(f'{n} {s.lower()}' for s, n in found.items())}")
    for scenario, check, status, message in checks:
        if status in FAILED:
            print(f"  {status}: {scenario} / {check}: {message}")


async def main(revisions: tuple[str, ...]) -> int:
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    logging.disable(logging.WARNING)
    totals: list[str] = []
    bad = 0
    async with conformance_server() as (server, token):
        for revision in revisions:
            status, checks, output = await run_suite(server.mcp, token, revision)
            report(revision, checks)
            found = Counter(status for _, _, status, _ in checks)
            failed = found["FAILURE"] + found["WARNING"]
            if not checks or (status and not failed):
                print(output)
            bad += failed + (not checks) + (status != 0)
            counts = ", ".join(f"{n} {s.lower()}" for s, n in sorted(found.items()))
            totals.append(f"{revision}: {len(checks)} checks: {counts}")
    from conformance.authorization import run_authorization

    status, checks, output = await run_authorization()
    report("authorization", checks)
    failed = sum(check[2] in FAILED for check in checks)
    if status or failed or not checks:
        print(output)
        bad += 1
    totals.append(f"authorization: {len(checks)} checks, {failed} failed")
    print("\n" + "\n".join(totals))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(tuple(sys.argv[1:]) or REVISIONS)))
