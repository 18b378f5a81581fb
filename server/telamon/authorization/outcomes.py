"""What a step of the sign-in returns to the dispatcher; no step acts on the transaction itself."""

from dataclasses import dataclass

from telamon.authorization.progress import Progress
from telamon.plugin import Event
from telamon.web.problems import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """Go on. ``state`` is Atlassian's to be found by, ``""`` forgets it; None leaves it."""

    progress: Progress
    state: str | None = None
    event: Event | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Refuse:
    """End it and tell the client (RFC 6749, section 4.1.2.1), after telling the person why."""

    error: str
    description: str
    problem: Problem | None = None
    event: Event | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """Change nothing and show the person a problem."""

    problem: Problem
    status: int = 400


Outcome = Move | Refuse | Stay
