"""What was asked of the sandbox, so that a test can check every request; without any token."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT = 5000


@dataclass(kw_only=True, slots=True)
class Entry:
    """One request.

    Attributes:
        path: Below ``/ex/<gateway>/<cloud id>`` for the products' API, percent-encoded as it came.
        raw_path: The whole path as it came over the wire.
        template: The operation that matched, if one did.
        scopes: The scopes of that operation's alternative that the token fulfilled.
        body: The JSON, or ``fields`` and ``file`` (name, media type, size) of a multipart form.
        connection: The caller's port, so that reuse of connections can be seen.
    """

    method: str
    raw_path: str
    connection: int
    product: str | None = None
    site: str | None = None
    account_id: str | None = None
    template: str | None = None
    path: str | None = None
    query: Mapping[str, Sequence[str]] = field(default_factory=dict[str, list[str]])
    scopes: tuple[str, ...] = ()
    body: Any = None
    status: int | None = None


class Journal:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the entries as JSON objects."""
        return [asdict(entry) for entry in self.entries]
