"""Revision 0003: codes and tokens are bound to whose they are.

Those of before have no bond, and nobody can tell whether they were moved: their families end.
"""

import time

from alembic import op
from sqlalchemy import Column, Double, LargeBinary, Text, column, table, update

from telamon.storage.errors import StorageRefused

revision = "0003"
down_revision = "0002"
_families = table("families", column("revoked_at", Double), column("revoked_reason", Text))


def upgrade() -> None:
    """Add the columns, and end what has no bond."""
    op.add_column("codes", Column("bond", LargeBinary))
    op.add_column("tokens", Column("bond", LargeBinary))
    ended = {"revoked_at": time.time(), "revoked_reason": "upgraded"}
    op.execute(update(_families).where(_families.c.revoked_at.is_(None)).values(ended))


def downgrade() -> None:
    """Refused: restore the backup from before the upgrade."""
    raise StorageRefused("there is no way back; restore the backup from before the upgrade")
