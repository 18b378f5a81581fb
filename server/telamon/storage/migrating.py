"""Bringing the schema up to date: one process migrates, the others wait, nobody goes back."""

from pathlib import Path
from typing import Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from telamon.storage.errors import StorageRefused

_log = structlog.get_logger(__name__)
_ADVISORY_LOCK: Final = 0x74656C616D6F6E  # "telamon"


def alembic_config(connection: Connection) -> Config:
    """What Alembic's commands need to work on *connection*, without a file of settings."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def bring_up_to_date(connection: Connection, *, migrate: bool) -> None:
    """Migrate the database of *connection*, inside the transaction it has begun.

    On SQLite that transaction is the only writer; on PostgreSQL an advisory lock is waited for.

    Raises:
        StorageRefused: the schema is newer than this release, or it is older and *migrate* is off.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    config = alembic_config(connection)
    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    head = script.get_current_head()
    if current == head:
        return
    if current is not None and current not in known:
        raise StorageRefused(
            f"the database has schema {current}, newer than this release knows ({head}); "
            "run the release that wrote it, or restore a backup from before the upgrade"
        )
    if not migrate:
        raise StorageRefused(
            f"the database has schema {current}, this release needs {head}; run 'telamon migrate'"
        )
    command.upgrade(config, "head")
    _log.info("storage.migrated", before=current, after=head)
