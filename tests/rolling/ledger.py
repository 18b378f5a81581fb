"""What became of every call, for a test that counts them all."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fakes.serve_process import until

from telamon.sandbox import Sandbox


@dataclass(kw_only=True)
class Ledger:
    """Each call is in here once it has its answer; what no client may see is a failure."""

    answered: Counter[str] = field(default_factory=Counter[str])
    hints: Counter[str] = field(default_factory=Counter[str])
    """Answers that say when to come back, and streams that ended and said so, by what they were."""
    failures: list[str] = field(default_factory=list[str])
    done: list[str] = field(default_factory=list[str])
    """The marks of what a client was told is written, or deleted."""
    unsure: list[str] = field(default_factory=list[str])
    """The marks of what a client was told nobody knows."""

    async def goes_on(self, kinds: Iterator[str] | list[str], times: int = 1) -> None:
        """Wait until clients of each of *kinds* have had so many more answers."""
        wanted = {kind: self.answered[kind] + times for kind in kinds}
        await until(lambda: self.failures or all(self.answered[k] >= n for k, n in wanted.items()))


def times_done(atlassian: Sandbox, mark: str) -> int:
    """How often a comment with *mark* was made at Atlassian."""
    return sum(mark in json.dumps(each.body) for each in _changes(atlassian, "POST"))


def times_deleted(atlassian: Sandbox, comment: str) -> int:
    """How often the comment of this id was deleted."""
    return sum(str(each.path).endswith(f"/{comment}") for each in _changes(atlassian, "DELETE"))


def _changes(atlassian: Sandbox, method: str) -> Iterator[Any]:
    for each in atlassian.journal.entries:
        if each.method == method and "/comment" in str(each.path) and (each.status or 0) < 300:
            yield each
