"""The commands by name; each is imported when it is called, so that ``version`` stays quick."""

import importlib
from collections.abc import Mapping

import click

COMMANDS: Mapping[str, str] = {
    "serve": "Run the server.",
    "demo": "Run the server against an emulated Atlassian, without any configuration.",
    "check": "Validate the configuration and try everything it names.",
    "scopes": "Print the scopes to add to the app in Atlassian's developer console.",
    "keys": "Make and rotate encryption keys.",
    "clients": "List and remove registered clients.",
    "grants": "List and revoke people's connections.",
    "migrate": "Bring the database up to date.",
    "version": "Print the version.",
}


class Lazy(click.Group):
    """A group whose commands live in modules of the same name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which an operator meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of *cmd_name* and return its ``command``."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"telamon.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def cli() -> None:
    """A self-hosted remote MCP server for Atlassian Cloud.

    Settings come from telamon.toml (or the file that TELAMON_CONFIG names) and from TELAMON_…
    variables; `telamon check` says what is missing.
    """
