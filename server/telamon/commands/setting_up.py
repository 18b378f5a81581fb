"""What several commands begin with: the configuration, the plugins, the storage."""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import structlog

from telamon.audit import record_of
from telamon.authorization.clients import client_faults
from telamon.configuration import SettingsError, read_settings
from telamon.endpoint.own_tools import OWN_TOOLS
from telamon.loader import Loaded, PluginError, load
from telamon.plugin.events import TokensRevoked
from telamon.policy import policy_faults
from telamon.settings import Settings
from telamon.storage import (
    Family,
    Storage,
    StorageRefused,
    StorageUnavailable,
    open_configured,
)

T = TypeVar("T")

config_option = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The TOML file to read; otherwise TELAMON_CONFIG or telamon.toml.",
)


def fail(faults: Sequence[str]) -> NoReturn:
    """Print every fault and end with status 1."""
    for fault in faults:
        click.echo(click.style("✗ ", fg="red") + fault, err=True)
    sys.exit(1)


def configured(config: Path | None) -> tuple[Settings, Loaded]:
    """Read the settings and load the plugins, or print everything that is wrong and end."""
    try:
        settings = read_settings(config)
    except SettingsError as error:
        fail(error.faults)
    try:
        loaded = load(settings.plugins.enabled, settings.plugins.sections)
    except PluginError as error:
        fail(error.faults)
    faults = policy_faults(settings.policy, loaded.products, OWN_TOOLS)
    if faults := [*faults, *client_faults(settings.clients)]:
        fail(faults)
    return settings, loaded


@asynccontextmanager
async def storage_of(
    settings: Settings, *, migrate: bool | None = None
) -> AsyncGenerator[Storage, None]:
    """Open the configured storage for one command.

    Raises:
        StorageRefused, StorageUnavailable: As :func:`open_configured`.
    """
    storage = await open_configured(settings.storage, migrate=migrate)
    try:
        yield storage
    finally:
        await storage.close()


async def end_family(storage: Storage, family: Family, reason: str, now: float) -> None:
    """Revoke one connection, on the record."""
    await storage.tokens.revoke_family(family.id, reason, now)
    event = TokensRevoked(
        account_id=family.account_id,
        client_id=family.client_id,
        family_id=family.id,
        reason=reason,
    )
    await storage.audit.add([record_of(event, now)])


def run(work: Callable[[], Coroutine[Any, Any, T]], *, quiet: bool = True) -> T:
    """Run *work*; a storage that cannot be used is told in one sentence, status 1.

    A *quiet* command prints its own answer alone: of the log only warnings, on stderr.
    """
    try:
        with _warnings_alone() if quiet else nullcontext():
            return asyncio.run(work())
    except (StorageRefused, StorageUnavailable) as error:
        fail([f"storage: {error}"])


@contextmanager
def _warnings_alone() -> Generator[None]:
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        yield
    finally:
        structlog.configure(**before)
