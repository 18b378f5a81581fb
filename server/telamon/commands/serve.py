"""``telamon serve``."""

from pathlib import Path

import click

from telamon.app import assemble
from telamon.commands.setting_up import config_option, configured, fail, run
from telamon.logs import set_up
from telamon.serving import listening, until_signalled


@click.command("serve")
@config_option
def command(config: Path | None) -> None:
    """Run the server until SIGTERM or SIGINT."""
    settings, loaded = configured(config)

    async def work() -> None:
        telamon = await assemble(settings, loaded)
        async with listening(telamon):
            await until_signalled()

    with set_up(settings.logs):
        try:
            run(work, quiet=False)
        except OSError as error:
            fail([f"listen: {error}"])
