"""``telamon migrate``."""

from pathlib import Path

import click

from telamon.commands.setting_up import config_option, configured, run, storage_of


@click.command("migrate")
@config_option
def command(config: Path | None) -> None:
    """Bring the database up to date; needed where storage.migrate is off."""
    settings, _ = configured(config)

    async def work() -> None:
        async with storage_of(settings, migrate=True) as storage:
            await storage.check()

    run(work)
    click.echo("The database is up to date.")
