"""The tables, one schema for SQLite and PostgreSQL. A change here needs a migration beside it."""

import json
from typing import Any, Final

from sqlalchemy import (
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)


class JsonText(TypeDecorator[Any]):
    """JSON as ASCII text: the same on both engines, and any string fits, even with NUL in it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Write compactly; ``None`` stays NULL."""
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Parse what was written."""
        return None if value is None else json.loads(value)


metadata: Final = MetaData()

vault: Final = Table(
    "vault",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
"""One row: the data root, sealed under the ring. It is the canary too."""

probes: Final = Table(
    "probes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Double, nullable=False),
)
"""Rows that ``Storage.check`` writes, reads and deletes."""

clients: Final = Table(
    "clients",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("redirect_uris", JsonText, nullable=False),
    Column("auth_method", Text, nullable=False),
    Column("scopes", JsonText, nullable=False),
    Column("metadata", JsonText, nullable=False),
    Column("secret_hash", LargeBinary),
    Column("created_at", Double, nullable=False),
    Column("last_used_at", Double, nullable=False),
    Column("authorised_at", Double),
    Column("expires_at", Double),
    Index("ix_clients_last_used_at", "last_used_at"),
)

transactions: Final = Table(
    "transactions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("state_hash", LargeBinary),
    Column("version", Integer, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("ix_transactions_state_hash", "state_hash", unique=True),
    Index("ix_transactions_client_id", "client_id"),
    Index("ix_transactions_expires_at", "expires_at"),
)

families: Final = Table(
    "families",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("grant_id", Text, nullable=False),
    Column("cloud_id", Text, nullable=False),
    Column("site_url", Text, nullable=False),
    Column("site_name", Text, nullable=False),
    Column("scopes", JsonText, nullable=False),
    Column("resource", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_used_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double),
    Column("revoked_reason", Text),
    Index("ix_families_account_id", "account_id", "client_id"),
    Index("ix_families_client_id", "client_id"),
    Index("ix_families_grant_id", "grant_id"),
    Index("ix_families_expires_at", "expires_at"),
)

codes: Final = Table(
    "codes",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("family_id", Text, ForeignKey(families.c.id, ondelete="CASCADE"), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("redirect_uri_given", Integer, nullable=False),
    Column("code_challenge", Text, nullable=False),
    Column("scopes", JsonText, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("consumed_at", Double),
    Column("attempts", Integer, nullable=False),
    Column("bond", LargeBinary),
    Index("ix_codes_family_id", "family_id"),
    Index("ix_codes_expires_at", "expires_at"),
)

tokens: Final = Table(
    "tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("family_id", Text, ForeignKey(families.c.id, ondelete="CASCADE"), nullable=False),
    Column("account_id", Text, nullable=False),
    Column("scopes", JsonText, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("consumed_at", Double),
    Column("grace_until", Double),
    Column("successor_hash", LargeBinary),
    Column("replay", LargeBinary),
    Column("bond", LargeBinary),
    Index("ix_tokens_family_id", "family_id", "kind"),
    Index("ix_tokens_expires_at", "expires_at"),
    Index("ix_tokens_grace_until", "grace_until"),
)

grants: Final = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("profile", LargeBinary, nullable=False),
    Column("access_token", LargeBinary, nullable=False),
    Column("refresh_token", LargeBinary, nullable=False),
    Column("access_expires_at", Double, nullable=False),
    Column("scopes", JsonText, nullable=False),
    Column("sites", JsonText, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("version", Integer, nullable=False),
    Column("lease_owner", Text),
    Column("lease_until", Double),
    Column("attempt_started_at", Double),
    Column("created_at", Double, nullable=False),
    Column("refreshed_at", Double, nullable=False),
    Index("ix_grants_account_id", "account_id"),
    Index("ix_grants_lease_until", "lease_until"),
)

browser_sessions: Final = Table(
    "browser_sessions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("account_id", Text),
    Column("data", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_seen_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_browser_sessions_account_id", "account_id"),
    Index("ix_browser_sessions_expires_at", "expires_at"),
)

mcp_sessions: Final = Table(
    "mcp_sessions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("protocol_version", Text, nullable=False),
    Column("initialize", JsonText, nullable=False),
    Column("replica", Text, nullable=False),
    Column("one_stream", Integer, nullable=False, server_default="0"),
    Column("log_level", Text),
    Column("created_at", Double, nullable=False),
    Column("last_seen_at", Double, nullable=False),
    Index("ix_mcp_sessions_owner", "owner"),
    Index("ix_mcp_sessions_last_seen_at", "last_seen_at"),
)

mcp_streams: Final = Table(
    "mcp_streams",
    metadata,
    Column("session", LargeBinary, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("waiting", JsonText, nullable=False),
    Column("size", Integer, nullable=False),
    Column("ended", Integer, nullable=False),
    Column("last_used_at", Double, nullable=False),
    Index("ix_mcp_streams_last_used_at", "last_used_at"),
)
"""Event streams that a client may resume at another replica. No foreign key: see ``McpStreams``."""

mcp_events: Final = Table(
    "mcp_events",
    metadata,
    Column("session", LargeBinary, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("answers", Text),
    Column("at", Double, nullable=False),
    Index("ix_mcp_events_at", "at"),
)

replicas: Final = Table(
    "replicas",
    metadata,
    Column("id", Text, primary_key=True),
    Column("seen_at", Double, nullable=False),
)
"""Who lives. ``seen_at`` is the database's own time: the replicas' clocks may differ."""

letters: Final = Table(
    "letters",
    metadata,
    Column("id", Text, primary_key=True),
    Column("replica", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Double, nullable=False),
    Index("ix_letters_replica", "replica"),
    Index("ix_letters_at", "at"),
)
"""What one replica hands to another; NOTIFY says that it is there, and carries 8,000 bytes only."""

list_changes: Final = Table(
    "list_changes",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)
"""How often each list of what is offered has changed, for replicas that missed being told."""

audit: Final = Table(
    "audit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Double, nullable=False),
    Column("type", Text, nullable=False),
    Column("account_id", Text),
    Column("client_id", Text),
    Column("data", JsonText, nullable=False),
    Index("ix_audit_at", "at"),
    Index("ix_audit_account_id", "account_id", "at"),
)
