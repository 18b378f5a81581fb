"""``telamon check``."""

import sys
import time
from pathlib import Path

import click

from telamon.checking import Finding, findings, product_findings
from telamon.commands.setting_up import config_option, configured, run

SIGNS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "fault": ("✗", "red")}


@click.command("check")
@config_option
@click.option("--account", help="Try each product too, as this Atlassian account.")
def command(config: Path | None, account: str | None) -> None:
    """Validate the configuration and try everything it names.

    Ends with status 1 when something has to be mended.
    """
    settings, loaded = configured(config)
    tools = sum(len(product.tools) for product in loaded.products)
    plugins = ", ".join(product.name for product in loaded.products)
    _tell(Finding(what="configuration", level="ok", said=f"valid; {plugins} with {tools} tools"))

    async def work() -> int:
        faults = 0
        async for finding in findings(settings, time.time):
            _tell(finding)
            faults += finding.level == "fault"
        if account is not None:
            async for finding in product_findings(settings, loaded, account, time.time):
                _tell(finding)
                faults += finding.level == "fault"
        return faults

    if faults := run(work):
        click.echo(f"{faults} to mend.", err=True)
        sys.exit(1)


def _tell(finding: Finding) -> None:
    sign, colour = SIGNS[finding.level]
    click.echo(f"{click.style(sign, fg=colour)} {finding.what:<14} {finding.said}")
