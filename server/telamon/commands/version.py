"""``telamon version``."""

import importlib.metadata
import platform

import click


@click.command("version")
def command() -> None:
    """Print the version of Telamon and of what it runs on."""
    for name in ("telamon", "mcp", "aiohttp", "authlib"):
        click.echo(f"{name} {importlib.metadata.version(name)}")
    click.echo(f"python {platform.python_version()}")
