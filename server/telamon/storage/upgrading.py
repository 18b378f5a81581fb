"""Upgrading a schema that is not the current one, with Alembic. Imported only when that is so."""

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from telamon.storage.errors import StorageRefused

_log = structlog.get_logger(__name__)


def alembic_config(connection: Connection) -> Config:
    """What Alembic's commands need to work on *connection*, without a file of settings."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, *, migrate: bool) -> None:
    """Migrate the database of *connection*; see :func:`~.migrating.bring_up_to_date`."""
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
