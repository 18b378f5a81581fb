"""The part of an emulated Atlassian Cloud that a product brings, free of any HTTP library.

The server's sandbox owns identity, tokens, scopes, faults and limits. A product's
:class:`Emulator` owns state and meaning: a request that reaches an operation's handler has been
authenticated, its scopes are sufficient, its path matched.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from telamon.plugin.api import Site, Upload


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A made-up user of the sandbox."""

    account_id: str
    name: str
    email: str
    time_zone: str = "Europe/Berlin"


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What all parts of the sandbox share; the first person and the first site see the most.

    ``now`` is the sandbox's clock in Unix seconds.
    """

    people: tuple[Person, ...]
    sites: tuple[Site, ...]
    now: Callable[[], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxRequest:
    """One authenticated request: JSON in ``body``, or a multipart's ``fields`` and ``file``."""

    person: Person
    site: Site
    query: Mapping[str, Sequence[str]]
    body: Any = None
    file: Upload | None = None
    fields: Mapping[str, str] = field(default_factory=dict[str, str])

    def value(self, name: str) -> str | None:
        """Return the first value of query parameter *name*."""
        values = self.query.get(name)
        return values[0] if values else None


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxResponse:
    """What the operation answers: JSON in *body*, or a file in *content*."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = None


Handle = Callable[..., SandboxResponse]
"""``handle(request, **path parameters) -> SandboxResponse``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One REST operation.

    Attributes:
        method: ``GET``, ``POST``, ``PUT`` or ``DELETE``.
        path: The operation's own template below ``/ex/<gateway>/<cloud id>``.
        scopes: Alternatives; holding every scope of any one of them is enough.
        query: The query parameters it knows; any other is answered with 400 here.
        handle: The handler.
    """

    method: str
    path: str
    scopes: tuple[frozenset[str], ...]
    handle: Handle
    query: frozenset[str] = frozenset()


class Emulator(Protocol):
    """A product's emulated REST API over one :class:`World`."""

    @property
    def operations(self) -> Sequence[Operation]:
        """Every operation it answers; anything else is Atlassian's 404."""
        ...

    def reset(self) -> None:
        """Go back to the first day's data."""
        ...

    def unreadable(self, problem: str) -> SandboxResponse:
        """Answer 400 in the product's own error form for a body or parameter that is not valid."""
        ...
