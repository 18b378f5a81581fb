"""What a product offers to the server's own ``search`` and ``fetch`` tools."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from telamon.plugin.scopes import Scope

ClientT = TypeVar("ClientT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One thing found. ``ari`` is its Atlassian resource identifier, ``url`` opens in a browser."""

    ari: str
    url: str
    kind: str
    title: str
    excerpt: str | None = None
    updated: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ari:
    """``ari:cloud:<product>:<cloud id>:<type>/<id>``, taken apart."""

    product: str
    cloud_id: str
    kind: str
    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Search(Generic[ClientT]):
    """Full-text search: ``await run(client, words, limit)`` gives the best hits first."""

    scopes: frozenset[Scope]
    run: Callable[[ClientT, str, int], Awaitable[Sequence[Hit]]] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetch(Generic[ClientT]):
    """Reading one thing by its ARI or its browser address.

    ``claims`` says, without any request, whether an :class:`Ari` or the path and query of an
    address on the user's own site (``/browse/DEMO-1``) is this product's; ``run`` reads it.
    """

    scopes: frozenset[Scope]
    claims: Callable[[Ari | str], bool] = field(repr=False)
    run: Callable[[ClientT, Ari | str], Awaitable[object]] = field(repr=False)
