"""Revision 0002: what several replicas share of sessions and streams.

Releases that know 0001 only go on working on it: they write no new column and read no new table.
"""

from alembic import op
from sqlalchemy import Column, Double, Integer, LargeBinary, Text

from telamon.storage.errors import StorageRefused

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns and tables."""
    op.add_column("mcp_sessions", Column("one_stream", Integer, nullable=False, server_default="0"))
    op.add_column("mcp_sessions", Column("log_level", Text))
    op.create_table(
        "mcp_streams",
        Column("session", LargeBinary, primary_key=True, nullable=False),
        Column("name", Text, primary_key=True, nullable=False),
        Column("waiting", Text, nullable=False),
        Column("size", Integer, nullable=False),
        Column("ended", Integer, nullable=False),
        Column("last_used_at", Double, nullable=False),
    )
    op.create_index("ix_mcp_streams_last_used_at", "mcp_streams", ["last_used_at"])
    op.create_table(
        "mcp_events",
        Column("session", LargeBinary, primary_key=True, nullable=False),
        Column("stream", Text, primary_key=True, nullable=False),
        Column("seq", Integer, primary_key=True, nullable=False),
        Column("data", LargeBinary, nullable=False),
        Column("answers", Text),
        Column("at", Double, nullable=False),
    )
    op.create_index("ix_mcp_events_at", "mcp_events", ["at"])
    op.create_table(
        "replicas",
        Column("id", Text, primary_key=True, nullable=False),
        Column("seen_at", Double, nullable=False),
    )
    op.create_table(
        "letters",
        Column("id", Text, primary_key=True, nullable=False),
        Column("replica", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("at", Double, nullable=False),
    )
    op.create_index("ix_letters_replica", "letters", ["replica"])
    op.create_index("ix_letters_at", "letters", ["at"])
    op.create_table(
        "list_changes",
        Column("kind", Text, primary_key=True, nullable=False),
        Column("version", Integer, nullable=False),
    )


def downgrade() -> None:
    """Refused: restore the backup from before the upgrade."""
    raise StorageRefused("there is no way back; restore the backup from before the upgrade")
