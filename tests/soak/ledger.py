"""What happened: calls and their times, errors, and the faults that explain them."""

import re
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

_SHOWN = 5


class Failure(Exception):
    """The server answered, and not with what was asked for: *kind* in a word, its own *text*."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text[:300]}")
        self.kind = kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Error:
    """Something failed between two moments (monotonic seconds)."""

    doing: str
    text: str
    began: float
    ended: float


@dataclass(kw_only=True, slots=True)
class Window:
    """A fault that was injected, and how the errors that it may cause read."""

    name: str
    began: float
    explains: re.Pattern[str]
    rest: float
    """How long its effects may be felt after it has ended."""
    ended: float = float("inf")

    def fits(self, error: Error) -> bool:
        near = self.began <= error.ended and error.began <= self.ended + self.rest
        return near and self.explains.search(error.text) is not None


@dataclass(kw_only=True, slots=True)
class Ledger:
    """Everything that a run has to answer for."""

    calls: Counter[str] = field(default_factory=Counter[str])
    answered: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """When each of those that succeeded began and ended."""
    errors: list[Error] = field(default_factory=list[Error])
    windows: list[Window] = field(default_factory=list[Window])
    mixed: list[str] = field(default_factory=list[str])
    """Where somebody's marker was seen by somebody else, or one's own was missing."""
    lost: list[str] = field(default_factory=list[str])
    taken: int = 0
    """Grants that the injected faults may have taken away."""
    events: int = 0
    sign_ins: int = 0
    revocations: int = 0

    @contextmanager
    def fault(self, name: str, explains: str, rest: float) -> Generator[None, None, None]:
        """A fault is at work in this block."""
        window = Window(name=name, began=time.monotonic(), explains=re.compile(explains), rest=rest)
        self.windows.append(window)
        try:
            yield
        finally:
            window.ended = time.monotonic()

    def succeeded(self, doing: str, began: float) -> None:
        self.calls[doing] += 1
        self.answered.append((began, time.monotonic()))

    def failed(self, doing: str, text: str, began: float) -> None:
        self.calls[doing] += 1
        self.errors.append(Error(doing=doing, text=text, began=began, ended=time.monotonic()))

    def latencies(self) -> tuple[list[float], list[float]]:
        """Return the seconds of what succeeded: without a fault, and while one was at work."""
        calm, stormy = list[float](), list[float]()
        for began, ended in self.answered:
            touched = any(w.began <= ended and began <= w.ended + w.rest for w in self.windows)
            (stormy if touched else calm).append(ended - began)
        return calm, stormy

    def explained(self) -> tuple[Counter[tuple[str, str]], list[Error]]:
        """Count the errors by fault and kind; and those that no fault explains."""
        known: Counter[tuple[str, str]] = Counter()
        unknown: list[Error] = []
        for error in self.errors:
            window = next((w for w in reversed(self.windows) if w.fits(error)), None)
            if window is None:
                unknown.append(error)
            else:
                known[window.name, error.text.partition(":")[0]] += 1
        return known, unknown

    def samples(self, errors: Sequence[Error]) -> list[str]:
        """Show a few of each sort, and how long after which fault they were."""
        sorts: dict[str, list[str]] = {}
        for error in errors:
            before = [w for w in self.windows if w.began <= error.ended]
            when = (
                f"{error.ended - before[-1].began:.1f} s into {before[-1].name}" if before else ""
            )
            line = f"{error.doing}: {error.text} ({error.ended - error.began:.1f} s, {when})"
            sorts.setdefault(re.sub(r"\d+", "#", line)[:80], []).append(line)
        return [f"{len(lines)} x {line}" for lines in sorts.values() for line in lines[:_SHOWN]]


def percentile(seconds: Sequence[float], share: float) -> float:
    """Return milliseconds that *share* of them stayed within."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
