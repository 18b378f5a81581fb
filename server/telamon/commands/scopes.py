"""``telamon scopes``."""

import json
from pathlib import Path

import click

from telamon.addresses import Addresses
from telamon.catalog import ALWAYS_ASKED, build
from telamon.commands.setting_up import config_option, configured, fail
from telamon.loader import PluginError, load
from telamon.settings import PluginSettings, PolicySettings


@click.command("scopes")
@config_option
@click.option("--defaults", is_flag=True, help="Before there is a configuration: its defaults.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(config: Path | None, defaults: bool, as_json: bool) -> None:
    """Print the scopes to add to the app in Atlassian's developer console.

    They are computed from the enabled plugins and the policy: switching a plugin or its writing
    tools off makes the list shorter.
    """
    if defaults:
        callback = "https://<your host>/oauth/atlassian/callback"
        try:
            loaded = load(PluginSettings().enabled, {})
        except PluginError as error:
            fail(error.faults)
        policy = PolicySettings()
    else:
        settings, loaded = configured(config)
        callback, policy = Addresses(settings.public_url).callback, settings.policy
    catalog = build(loaded.products, loaded.settings, policy)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "callback": callback,
                    "scopes": {s.name: s.allows for s in catalog.supported()},
                    "always": list(ALWAYS_ASKED),
                },
                indent=2,
            )
        )
        return
    click.echo(f"Callback URL: {callback}\n")
    for product in catalog.products.values():
        click.echo(f"{product.title}:")
        for scope in catalog.scopes_of(product.name):
            click.echo(f"  {scope.name:<44} {scope.allows}")
    click.echo("User identity API:\n  read:me                                      who the user is")
    click.echo(
        f"\n{len(catalog.supported()) + 1} scopes. offline_access is asked for as well; it is no "
        "scope of the console."
    )
