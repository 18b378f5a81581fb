"""``telamon grants``: list, revoke."""

from datetime import UTC, datetime
from pathlib import Path

import click

from telamon.audit import record_of
from telamon.commands.setting_up import (
    config_option,
    configured,
    end_family,
    fail,
    run,
    storage_of,
)
from telamon.plugin.events import GrantChanged, SessionChanged
from telamon.storage import Grant

REASON = "revoked by operator"


@click.group("grants")
def command() -> None:
    """List and revoke people's connections."""


@command.command("list")
@config_option
def list_(config: Path | None) -> None:
    """List the Atlassian grants and what hangs on each."""
    settings, _ = configured(config)

    async def work() -> None:
        now = datetime.now(UTC).timestamp()
        async with storage_of(settings) as storage:
            for grant in await storage.grants.list(limit=10_000):
                families = await storage.tokens.families(grant_id=grant.id, now=now)
                sites = ", ".join(site.url for site in grant.sites) or "no site"
                count = f"{len(families)} connection{'' if len(families) == 1 else 's'}"
                click.echo(
                    f"{grant.account_id}  {grant.state:<12} {count:<14}  {sites}  {grant.name}"
                )

    run(work)


@command.command("revoke")
@config_option
@click.argument("account_id")
def revoke(config: Path | None, account_id: str) -> None:
    """End everything of one account: tokens, browser sessions, Atlassian grants.

    Atlassian has no revocation for these grants: the user can also remove the app under
    "Connected apps" of the Atlassian account.
    """
    settings, _ = configured(config)

    async def work() -> bool:
        now = datetime.now(UTC).timestamp()
        async with storage_of(settings) as storage:
            grants = await storage.grants.of_account(account_id)
            families = await storage.tokens.families(account_id=account_id, now=now)
            for family in families:
                await end_family(storage, family, REASON, now)
            sessions = await storage.browser_sessions.delete_of_account(account_id)
            if sessions:
                event = SessionChanged(account_id=account_id, began=False)
                await storage.audit.add([record_of(event, now)])
            for grant in grants:
                await storage.grants.delete(grant.id)
                await storage.audit.add([record_of(_deleted(grant), now)])
            return bool(grants or families or sessions)

    if not run(work):
        fail([f"{account_id}: there is no grant and no connection of this account"])
    click.echo(f"Everything of {account_id} is revoked.")


def _deleted(grant: Grant) -> GrantChanged:
    return GrantChanged(
        account_id=grant.account_id, grant_id=grant.id, change="deleted", reason=REASON
    )
