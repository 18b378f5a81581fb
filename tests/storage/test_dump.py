"""What somebody reads who has the database and not the key."""

from pathlib import Path

import pytest
from fakes.postgres import Postgres
from fakes.records import (
    NOW,
    a_browser_session,
    a_client,
    a_code,
    a_grant,
    a_transaction,
    an_mcp_session,
)

from telamon.storage import KeyRing, NewToken, Storage, new_key, open_storage
from telamon.storage.credentials import SecretKind, new_secret


async def filled(storage: Storage) -> list[str]:
    """Use everything that is secret once; all those secrets."""
    secrets: list[str] = []

    def secret(kind: SecretKind) -> str:
        secrets.append(new_secret(kind))
        return secrets[-1]

    def token(kind: SecretKind) -> NewToken:
        return NewToken(token=secret(kind), scopes=(), expires_at=NOW + 9)

    await storage.clients.add(a_client(), secret=secret("client"))
    code, refresh = secret("code"), token("refresh")
    await storage.tokens.add_code(code, a_code())
    await storage.tokens.redeem(code, access=token("access"), refresh=refresh, now=NOW)
    access, successor = token("access"), token("refresh")
    await storage.tokens.rotate(
        refresh.token,
        access=access,
        successor=successor,
        replay=f'{{"access_token": "{access.token}", "refresh_token": "{successor.token}"}}',
        grace_until=NOW,
        now=NOW,
    )
    names = (
        "transaction-id",
        "upstream-state",
        "upstream-verifier",
        "csrf-token",
        "session-id",
        "session-csrf",
        "renewed-id",
        "mcp-session-id",
        "atlassian-at-1",
        "atlassian-rt-1",
        "atlassian-at-2",
        "atlassian-rt-2",
    )
    transaction = a_transaction(id=names[0], data={"verifier": names[2], "csrf": names[3]})
    await storage.transactions.add(transaction)
    await storage.transactions.save(transaction, state=names[1])
    await storage.browser_sessions.add(a_browser_session(id=names[4], data={"csrf": names[5]}))
    await storage.browser_sessions.renew(names[4], a_browser_session(id=names[6]))
    await storage.mcp_sessions.add(an_mcp_session(id=names[7]))
    await storage.grants.add(a_grant(access_token=names[8], refresh_token=names[9]))
    await storage.grants.lease("grant-1", version=0, owner="me", until=NOW + 9, now=NOW)
    await storage.grants.commit(
        "grant-1",
        version=0,
        owner="me",
        access_token=names[10],
        refresh_token=names[11],
        access_expires_at=NOW,
        scopes=(),
        now=NOW,
    )
    return [*secrets, *names, "Ada Example", "ada@example.com"]


@pytest.mark.row("SEC-K01", "MCP-I6")
async def test_no_secret_stands_in_the_files_of_sqlite(sqlite_url: str) -> None:
    key = new_key()
    storage = await open_storage(sqlite_url, keys=KeyRing.parse([key]))
    secrets = [*await filled(storage), key.partition(":")[2]]
    directory = Path(sqlite_url.removeprefix("sqlite:///")).parent
    raw = b"".join(file.read_bytes() for file in directory.iterdir())
    assert b"client-1" in raw
    assert [secret for secret in secrets if secret.encode() in raw] == []
    await storage.close()


@pytest.mark.postgres
@pytest.mark.row("SEC-K01", "MCP-I6")
async def test_no_secret_stands_in_a_dump_of_postgresql(
    postgres: Postgres, postgres_url: str
) -> None:
    key = new_key()
    storage = await open_storage(postgres_url, keys=KeyRing.parse([key]))
    secrets = [*await filled(storage), key.partition(":")[2]]
    dump = postgres.dump(postgres_url)
    assert "client-1" in dump
    assert [s for s in secrets if s in dump or s.encode().hex() in dump] == []
    await storage.close()
