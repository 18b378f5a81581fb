"""Revision 0001: the first schema."""

from typing import Any

from alembic import op
from sqlalchemy import Column, Double, ForeignKey, Integer, LargeBinary, Text

from telamon.storage.errors import StorageRefused

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "audit",
        _text("id", key=True),
        _real("at"),
        _text("type"),
        _text("account_id", null=True),
        _text("client_id", null=True),
        _text("data"),
    )
    op.create_index("ix_audit_account_id", "audit", ["account_id", "at"])
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_table(
        "browser_sessions",
        _blob("hash", key=True),
        _text("account_id", null=True),
        _blob("data"),
        _real("created_at"),
        _real("last_seen_at"),
        _real("expires_at"),
        _integer("version"),
    )
    op.create_index("ix_browser_sessions_account_id", "browser_sessions", ["account_id"])
    op.create_index("ix_browser_sessions_expires_at", "browser_sessions", ["expires_at"])
    op.create_table(
        "clients",
        _text("client_id", key=True),
        _text("kind"),
        _text("name"),
        _text("redirect_uris"),
        _text("auth_method"),
        _text("scopes"),
        _text("metadata"),
        _blob("secret_hash", null=True),
        _real("created_at"),
        _real("last_used_at"),
        _real("authorised_at", null=True),
        _real("expires_at", null=True),
    )
    op.create_index("ix_clients_last_used_at", "clients", ["last_used_at"])
    op.create_table(
        "families",
        _text("id", key=True),
        _text("client_id"),
        _text("account_id"),
        _text("grant_id"),
        _text("cloud_id"),
        _text("site_url"),
        _text("site_name"),
        _text("scopes"),
        _text("resource"),
        _real("created_at"),
        _real("last_used_at"),
        _real("expires_at"),
        _real("revoked_at", null=True),
        _text("revoked_reason", null=True),
    )
    op.create_index("ix_families_account_id", "families", ["account_id", "client_id"])
    op.create_index("ix_families_client_id", "families", ["client_id"])
    op.create_index("ix_families_expires_at", "families", ["expires_at"])
    op.create_index("ix_families_grant_id", "families", ["grant_id"])
    op.create_table(
        "grants",
        _text("id", key=True),
        _text("account_id"),
        _blob("profile"),
        _blob("access_token"),
        _blob("refresh_token"),
        _real("access_expires_at"),
        _text("scopes"),
        _text("sites"),
        _text("state"),
        _text("reason", null=True),
        _integer("version"),
        _text("lease_owner", null=True),
        _real("lease_until", null=True),
        _real("attempt_started_at", null=True),
        _real("created_at"),
        _real("refreshed_at"),
    )
    op.create_index("ix_grants_account_id", "grants", ["account_id"])
    op.create_index("ix_grants_lease_until", "grants", ["lease_until"])
    op.create_table(
        "mcp_sessions",
        _blob("hash", key=True),
        _text("owner"),
        _text("protocol_version"),
        _text("initialize"),
        _text("replica"),
        _real("created_at"),
        _real("last_seen_at"),
    )
    op.create_index("ix_mcp_sessions_last_seen_at", "mcp_sessions", ["last_seen_at"])
    op.create_index("ix_mcp_sessions_owner", "mcp_sessions", ["owner"])
    op.create_table(
        "probes",
        _text("id", key=True),
        _real("at"),
    )
    op.create_table(
        "transactions",
        _blob("hash", key=True),
        _blob("state_hash", null=True),
        _integer("version"),
        _text("client_id"),
        _blob("data"),
        _real("created_at"),
        _real("expires_at"),
    )
    op.create_index("ix_transactions_client_id", "transactions", ["client_id"])
    op.create_index("ix_transactions_expires_at", "transactions", ["expires_at"])
    op.create_index("ix_transactions_state_hash", "transactions", ["state_hash"], unique=True)
    op.create_table(
        "vault",
        _text("name", key=True),
        _blob("sealed"),
    )
    op.create_table(
        "codes",
        _blob("hash", key=True),
        _text("family_id", ForeignKey("families.id", ondelete="CASCADE")),
        _text("redirect_uri"),
        _integer("redirect_uri_given"),
        _text("code_challenge"),
        _text("scopes"),
        _real("expires_at"),
        _real("consumed_at", null=True),
        _integer("attempts"),
    )
    op.create_index("ix_codes_expires_at", "codes", ["expires_at"])
    op.create_index("ix_codes_family_id", "codes", ["family_id"])
    op.create_table(
        "tokens",
        _blob("hash", key=True),
        _text("kind"),
        _text("family_id", ForeignKey("families.id", ondelete="CASCADE")),
        _text("account_id"),
        _text("scopes"),
        _real("created_at"),
        _real("expires_at"),
        _real("consumed_at", null=True),
        _real("grace_until", null=True),
        _blob("successor_hash", null=True),
        _blob("replay", null=True),
    )
    op.create_index("ix_tokens_expires_at", "tokens", ["expires_at"])
    op.create_index("ix_tokens_family_id", "tokens", ["family_id", "kind"])
    op.create_index("ix_tokens_grace_until", "tokens", ["grace_until"])


def downgrade() -> None:
    """Refused: restore the backup from before the upgrade."""
    raise StorageRefused("there is no way back; restore the backup from before the upgrade")


def _text(name: str, *constraints: ForeignKey, key: bool = False, null: bool = False) -> Any:
    return Column(name, Text, *constraints, primary_key=key, nullable=null)


def _blob(name: str, *, key: bool = False, null: bool = False) -> Any:
    return Column(name, LargeBinary, primary_key=key, nullable=null)


def _integer(name: str) -> Any:
    return Column(name, Integer, nullable=False)


def _real(name: str, *, null: bool = False) -> Any:
    return Column(name, Double, nullable=null)
