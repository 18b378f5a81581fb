"""``telamon demo``."""

import asyncio
from collections.abc import Collection, Sequence

import aiohttp
import click

from telamon.addresses import Addresses
from telamon.commands.setting_up import fail
from telamon.demo.journey import Journey, JourneyFailed
from telamon.demo.running import PLUGINS, demo
from telamon.loader import PluginError
from telamon.logs import set_up
from telamon.serving import until_signalled
from telamon.settings import LogSettings
from telamon.web.landing import client_settings


@click.command("demo")
@click.option("--port", default=8080, show_default=True, help="Where to listen; 0 chooses a port.")
@click.option("--plugin", multiple=True, help="An installed plugin to offer too; may be repeated.")
@click.option("--check", is_flag=True, help="Walk the whole way as a client, then end.")
@click.option("--verbose", is_flag=True, help="Log every request.")
def command(port: int, plugin: Sequence[str], check: bool, verbose: bool) -> None:
    """Run the server against an emulated Atlassian, without any configuration.

    Everything it keeps is gone when it ends.
    """
    with set_up(LogSettings(level="INFO" if verbose else "WARNING")):
        try:
            plugins = tuple(dict.fromkeys((*PLUGINS, *plugin)))
            asyncio.run(_check(plugins) if check else _run(port, plugins))
        except PluginError as error:
            fail(error.faults)
        except JourneyFailed as error:
            fail([str(error)])
        except OSError as error:
            fail([f"port {port}: {error.strerror or error}; try --port"])


async def _run(port: int, plugins: Collection[str]) -> None:
    async with demo(port, plugins) as telamon:
        click.echo(_welcome(Addresses(telamon.settings.public_url)))
        await until_signalled()


async def _check(plugins: Collection[str]) -> None:
    async with (
        demo(0, plugins) as telamon,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        await Journey(http=http, home=telamon.settings.public_url, say=_say).walk()
    click.echo(bold("The whole way works."))


def bold(text: str) -> str:
    """Return *text* as a terminal shows what matters."""
    return click.style(text, bold=True)


def _say(step: str, outcome: str) -> None:
    click.echo(f"{click.style('✓', fg='green')} {step:<18} {outcome}")


def _welcome(addresses: Addresses) -> str:
    shown = client_settings(addresses)
    return f"""
  {bold("Telamon")} is running against an emulated Atlassian Cloud.

  MCP address   {bold(addresses.mcp)}
  HTTP+SSE      {addresses.sse}
  In a browser  {addresses.issuer}/

  Who can log in there
    Ada Example   sees everything, on two sites
    Ben Example   sees less, on one

  Connect a client
    Claude Code   {shown["claude_code"]}
    Cursor        {{"mcpServers": {{"telamon": {{"url": "{addresses.mcp}"}}}}}}
    VS Code       {shown["vscode_command"]}
    any other     {shown["mcp_remote"]}

  Then ask it: {bold("What is in the current sprint of DEMO?")}
  Faults to play with: {addresses.issuer}/_atlassian/_sandbox/switches
  Ctrl-C ends it; nothing is kept.
"""
