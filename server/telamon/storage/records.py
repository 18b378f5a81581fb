"""The values that the storage keeps. All times are Unix seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from telamon.plugin.api import Json, Site

ClientKind = Literal["dynamic", "document", "configured"]
AuthMethod = Literal["none", "client_secret_basic", "client_secret_post"]
TokenKind = Literal["access", "refresh"]
GrantState = Literal["active", "needs_reauth"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """An OAuth client: registered (RFC 7591), from a client-ID metadata document, or configured.

    ``scopes`` empty means no limit of its own. ``metadata`` is everything else, echoed. An
    ``authorised_at`` is the first time a person approved it; ``expires_at`` is the end of the
    secret, or of the cached document.
    """

    client_id: str
    kind: ClientKind
    name: str
    redirect_uris: tuple[str, ...]
    auth_method: AuthMethod
    scopes: tuple[str, ...]
    metadata: Mapping[str, Json]
    created_at: float
    last_used_at: float
    authorised_at: float | None = None
    expires_at: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """One sign-in under way. ``id`` is plaintext in memory only; ``data`` is sealed at rest."""

    id: str = field(repr=False)
    version: int
    client_id: str
    data: Mapping[str, Json] = field(repr=False)
    created_at: float
    expires_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A token family: what one user approved for one client on one site.

    ``expires_at`` is absolute: no refresh outlives it.
    """

    id: str
    client_id: str
    account_id: str
    grant_id: str
    cloud_id: str
    site_url: str
    site_name: str
    scopes: tuple[str, ...]
    resource: str
    created_at: float
    last_used_at: float
    expires_at: float
    revoked_at: float | None = None
    revoked_reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """An authorization code's record (RFC 6749, section 4.1.2; RFC 7636).

    ``redirect_uri`` is the one used at ``/authorize``, loopback port included.
    """

    family: Family
    redirect_uri: str
    redirect_uri_given: bool
    code_challenge: str
    scopes: tuple[str, ...]
    expires_at: float
    consumed_at: float | None = None
    attempts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """An access or refresh token's record. ``expires_at`` of a refresh token is its idle end.

    ``replay`` is the JSON answer given when this refresh token was rotated, until its grace is
    over. ``successor_used`` says that the refresh token it was rotated into has itself been
    consumed.
    """

    kind: TokenKind
    family: Family
    scopes: tuple[str, ...]
    created_at: float
    expires_at: float
    consumed_at: float | None = None
    grace_until: float | None = None
    replay: str | None = field(default=None, repr=False)
    successor_used: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NewToken:
    """A token to be stored: the plaintext is hashed on the way in."""

    token: str = field(repr=False)
    scopes: tuple[str, ...]
    expires_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """One Atlassian 3LO grant. Both tokens and the person's name and address are sealed at rest.

    ``version`` and the lease carry the single-flight refresh: see :class:`~.grants.Grants`.
    """

    id: str
    account_id: str
    name: str = field(repr=False)
    email: str | None = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: float
    scopes: tuple[str, ...]
    sites: tuple[Site, ...]
    state: GrantState = "active"
    reason: str | None = None
    version: int = 0
    lease_owner: str | None = None
    lease_until: float | None = None
    attempt_started_at: float | None = None
    created_at: float
    refreshed_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class BrowserSession:
    """A browser's session. ``id`` is plaintext in memory only; ``data`` is sealed at rest."""

    id: str = field(repr=False)
    account_id: str | None
    data: Mapping[str, Json] = field(repr=False)
    created_at: float
    last_seen_at: float
    expires_at: float
    version: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class McpSession:
    """A stateful MCP session: who may use it, and what any replica needs to go on with it.

    ``initialize`` is what the client said of itself. ``replica`` is where it began; one with
    *one_stream* (HTTP+SSE) lives nowhere else. ``log_level`` is None until the client chooses one.
    """

    id: str = field(repr=False)
    owner: str
    protocol_version: str
    initialize: Mapping[str, Json]
    replica: str
    created_at: float
    last_seen_at: float
    one_stream: bool = False
    log_level: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamEntry:
    """Something to be written to a stream's log: its beginning, or one event.

    The beginning has *waiting*, the requests that it owes answers, each with whether it may have
    changed something. An event has *seq* and *data*, a JSON text; *answers* names the request that
    it answers, *last* says that none comes after it, *first* is the oldest one still of use and
    *size* how many bytes there are from that one on.
    """

    session: bytes = field(repr=False)
    stream: str
    waiting: Sequence[tuple[str | int, bool]] | None = None
    seq: int = 0
    data: bytes = field(default=b"", repr=False)
    answers: str | None = None
    last: bool = False
    first: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredStream:
    """What is kept of a stream: the events behind a place in it, and whom it still owes."""

    ended: bool
    waiting: Sequence[tuple[str | int, bool]]
    events: Sequence[tuple[int, bytes]] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What another replica handed over; ``body`` is sealed at rest."""

    id: str
    body: Mapping[str, Json] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRecord:
    """One line of the audit trail. ``data`` holds no secret: it is stored as it is."""

    id: str
    at: float
    type: str
    account_id: str | None
    client_id: str | None
    data: Mapping[str, Json]
