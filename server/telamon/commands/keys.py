"""``telamon keys``: new, rotate."""

from pathlib import Path

import click

from telamon.commands.setting_up import config_option, configured, run, storage_of
from telamon.storage import new_key


@click.group("keys")
def command() -> None:
    """Make and rotate encryption keys."""


@command.command("new")
def new() -> None:
    """Print a fresh key for storage.encryption_keys."""
    click.echo(new_key())


@command.command("rotate")
@config_option
def rotate(config: Path | None) -> None:
    """Encrypt everything anew under the first configured key.

    Put the new key first and keep the old one behind it, run this, then remove the old one. It may
    be interrupted and run again; the server may go on meanwhile.
    """
    settings, _ = configured(config)

    async def work() -> int:
        async with storage_of(settings) as storage:
            done = 0
            while count := await storage.rekey():
                done += count
            return done

    click.echo(f"{run(work)} values are now under the first key.")
