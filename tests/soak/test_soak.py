"""A short run of ``make soak``: the same users, faults and checks, fewer of each."""

from pathlib import Path

import pytest
from fakes.postgres import Postgres
from soak.deployment import deployed
from soak.ledger import Ledger
from soak.run import soak
from soak.scenes import SCENES

pytestmark = pytest.mark.postgres
FAULTS = (
    "U05 429, wait a second",
    "U08 reset, yet done",
    "U22 all expire at once",
    "U12 refresh refused",
    "P22 three purges at once",
    "P10 kill -9",
    "P14 SIGTERM",
    "P09 PostgreSQL stopped",
)


@pytest.mark.row("SEC-P23", "SEC-P14")
async def test_churn_and_failures_leave_nothing_behind_and_lose_nobody(
    tmp_path: Path, postgres: Postgres
) -> None:
    scenes = [scene for scene in SCENES if scene.name in FAULTS]
    assert len(scenes) == len(FAULTS)
    async with deployed(tmp_path, postgres, users=8, session_idle=12) as deployment:
        report = await soak(
            deployment, Ledger(), users=8, seconds=1, scenes=scenes, warm_up=(), linger=0.5
        )
    print("\n".join([*report.lines(), *report.faults()]))
    assert report.faults() == []
    assert report.ledger.calls["searchJiraIssuesUsingJql"] > 0
    assert report.ledger.errors, "nothing went wrong: the faults were not at work"
