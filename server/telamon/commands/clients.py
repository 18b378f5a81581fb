"""``telamon clients``: list, remove."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

import click

from telamon.commands.setting_up import (
    config_option,
    configured,
    end_family,
    fail,
    run,
    storage_of,
)
from telamon.storage import AuditRecord


@click.group("clients")
def command() -> None:
    """List and remove registered clients."""


@command.command("list")
@config_option
def list_(config: Path | None) -> None:
    """List the registered clients, one a line."""
    settings, _ = configured(config)

    async def work() -> None:
        async with storage_of(settings) as storage:
            for client in await storage.clients.list(await storage.clients.count()):
                used = datetime.fromtimestamp(client.last_used_at, UTC).strftime("%Y-%m-%d %H:%M")
                name = click.style(client.name, bold=True)
                click.echo(f"{client.client_id}  {client.kind:<10} used {used}  {name}")

    run(work)


@command.command("remove")
@config_option
@click.argument("client_id")
def remove(config: Path | None, client_id: str) -> None:
    """Remove a client; it can register anew. Tokens it holds are revoked."""
    settings, _ = configured(config)

    async def work() -> bool:
        async with storage_of(settings) as storage:
            now = datetime.now(UTC).timestamp()
            for family in await storage.tokens.families(client_id=client_id, now=now):
                await end_family(storage, family, "client removed by operator", now)
            removed = await storage.clients.delete(client_id)
            if removed:
                await storage.audit.add([_removal(client_id, now)])
            return removed

    if not run(work):
        fail([f"{client_id}: there is no such client"])
    click.echo(f"{client_id} is removed.")


def _removal(client_id: str, now: float) -> AuditRecord:
    return AuditRecord(
        id=uuid.uuid4().hex,
        at=now,
        type="client.removed",
        account_id=None,
        client_id=client_id,
        data={"reason": "removed by operator"},
    )
