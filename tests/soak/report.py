"""What a soak came to: the figures, and which of the things asked for were not met."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soak.deployment import Deployment, Figures
from soak.ledger import Ledger, percentile
from soak.user import User

LEAVE_SECONDS = 180.0
QUIET_SECONDS = 30.0
MEMORY_SHARE, MEMORY_MIB = 1.10, 12.0
"""Memory may grow by a tenth and so many MiB: the allocator's, after answers of 12 MB."""
DESCRIPTORS, TASKS = 8, 4
"""So many more may be open: the database's pool grows and shrinks with what runs."""
KEPT = frozenset({"alembic_version", "vault", "list_changes", "replicas"})
"""Tables of one row for each thing that there is, which no purge empties."""


async def measured(
    deployment: Deployment, gate: asyncio.Event, people: Sequence[User]
) -> list[Figures]:
    """Send everybody away, wait until what they left behind is over, and measure each replica."""
    gate.clear()
    async with asyncio.timeout(LEAVE_SECONDS):
        while not all(user.away for user in people):  # noqa: ASYNC110 - 200 of them
            await asyncio.sleep(0.2)
    # Sessions that were left without a word end when they have been idle for long enough.
    deadline = time.monotonic() + QUIET_SECONDS + 4 * deployment.session_idle
    while True:
        figures = [await replica.figures() for replica in deployment.replicas]
        quiet = all(each.streams == each.sessions == 0 for each in figures)
        if quiet or time.monotonic() > deadline:
            return figures
        await asyncio.sleep(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The figures of one run."""

    ledger: Ledger
    seconds: float
    users: int
    connected: int
    start: Sequence[Figures]
    end: Sequence[Figures]
    purged: Mapping[str, int]
    rows: Mapping[str, int]
    rows_at_last: Mapping[str, int]
    complaints: Sequence[Mapping[str, Any]]

    @property
    def lost(self) -> int:
        """Grants that went without the user's or Atlassian's doing."""
        return max(0, len(self.ledger.lost) - self.ledger.taken)

    def lines(self) -> list[str]:
        """Return what is printed."""
        ledger = self.ledger
        known, unknown = ledger.explained()
        calm, stormy = ledger.latencies()
        return [
            "",
            f"users: {self.users}, faults for {self.seconds:.0f} s, {len(ledger.windows)} of them",
            (
                f"calls: {ledger.calls.total()}, of them sign-ins {ledger.sign_ins}, "
                f"refreshes {ledger.calls['refresh']}, revocations {ledger.revocations}; "
                f"events on streams {ledger.events}"
            ),
            f"errors: {len(ledger.errors)}, unexplained {len(unknown)}",
            *(f"  {name}: {kind}: {n}" for (name, kind), n in sorted(known.items())),
            (
                f"grants lost: {self.lost} ({len(ledger.lost)} ended, "
                f"at most {ledger.taken} of them by the faults themselves)"
            ),
            f"still connected at the end: {self.connected}",
            f"markers of others seen: {len(ledger.mixed)}",
            *(
                line
                for number, (start, end) in enumerate(zip(self.start, self.end, strict=True), 1)
                for line in (
                    f"replica {number} after the warm-up: {start.row()}",
                    f"replica {number} at the end: {end.row()}",
                )
            ),
            (
                f"  (flat: memory within {MEMORY_SHARE - 1:.0%} and {MEMORY_MIB:.0f} MiB, "
                f"{DESCRIPTORS} descriptors, {TASKS} tasks, no stream; replica 2 was started anew)"
            ),
            "rows after a purge: " + ", ".join(f"{t} {n}" for t, n in self.rows.items() if n),
            "rows when all has had its time: "
            + ", ".join(f"{t} {n}" for t, n in self.rows_at_last.items() if n),
            *(
                f"{name}: {len(times)} answers, p50 {percentile(times, 0.5):.0f} ms, "
                f"p99 {percentile(times, 0.99):.0f} ms"
                for name, times in (
                    ("without a fault", calm),
                    ("while a fault was at work", stormy),
                )
            ),
        ]

    def faults(self) -> list[str]:
        """Return what was not met."""
        ledger = self.ledger
        _, unknown = ledger.explained()
        found = [f"unexplained: {line}" for line in ledger.samples(unknown)]
        found += [f"mixed: {line}" for line in ledger.mixed[:5]]
        if self.lost:
            found += [f"grants lost: {self.lost}", *ledger.lost[:10]]
        found += [f"log: {str(line)[-500:]}" for line in self.complaints[:5]]
        for number, (start, end) in enumerate(zip(self.start, self.end, strict=True), 1):
            limits = {
                "memory": (end.memory, start.memory * MEMORY_SHARE + MEMORY_MIB),
                "descriptors": (end.descriptors, start.descriptors + DESCRIPTORS),
                "tasks": (end.tasks, start.tasks + TASKS),
                "streams": (end.streams, 0),
                "sessions": (end.sessions, 0),
            }
            found += [
                f"replica {number}: {name} {value:.0f}, at most {most:.0f}"
                for name, (value, most) in limits.items()
                if value > most
            ]
        found += [
            f"{table} still has {rows} rows"
            for table, rows in self.rows_at_last.items()
            if rows and table not in KEPT
        ]
        return found
