"""Records as the storage keeps them, with every field made up; give what the test is about."""

from dataclasses import replace
from typing import Any

from telamon.plugin import Site
from telamon.storage import (
    AuditRecord,
    BrowserSession,
    Client,
    Code,
    Family,
    Grant,
    McpSession,
    NewToken,
    Transaction,
)
from telamon.storage.credentials import new_secret

NOW = 1_800_000_000.0
DAY = 86_400.0
SITE = Site(cloud_id="cloud-1", url="https://example.atlassian.net", name="Example")


def a_client(**changes: Any) -> Client:
    client = Client(
        client_id="client-1",
        kind="dynamic",
        name="An editor",
        redirect_uris=("http://127.0.0.1/callback", "http://localhost/callback"),
        auth_method="none",
        scopes=("read:jira-work",),
        metadata={"client_uri": "https://client.example.com", "contacts": ["a\0b", "ü"]},
        created_at=NOW,
        last_used_at=NOW,
        authorised_at=None,
        expires_at=None,
    )
    return replace(client, **changes)


def a_transaction(**changes: Any) -> Transaction:
    transaction = Transaction(
        id="transaction-1",
        version=0,
        client_id="client-1",
        data={"step": "consent", "verifier": "made-up-verifier"},
        created_at=NOW,
        expires_at=NOW + 600,
    )
    return replace(transaction, **changes)


def a_family(**changes: Any) -> Family:
    family = Family(
        id="family-1",
        client_id="client-1",
        account_id="ada",
        grant_id="grant-1",
        cloud_id=SITE.cloud_id,
        site_url=SITE.url,
        site_name=SITE.name,
        scopes=("read:jira-work", "write:jira-work"),
        resource="https://mcp.example.com/v1/mcp",
        created_at=NOW,
        last_used_at=NOW,
        expires_at=NOW + 90 * DAY,
    )
    return replace(family, **changes)


def a_code(family: Family | None = None, **changes: Any) -> Code:
    code = Code(
        family=family or a_family(),
        redirect_uri="http://127.0.0.1:3334/callback",
        redirect_uri_given=True,
        code_challenge="made-up-challenge",
        scopes=("read:jira-work", "write:jira-work"),
        expires_at=NOW + 60,
    )
    return replace(code, **changes)


def an_access(token: str | None = None, **changes: Any) -> NewToken:
    new = NewToken(
        token=token or new_secret("access"), scopes=("read:jira-work",), expires_at=NOW + 3600
    )
    return replace(new, **changes)


def a_refresh(token: str | None = None, **changes: Any) -> NewToken:
    new = NewToken(
        token=token or new_secret("refresh"),
        scopes=("read:jira-work", "write:jira-work"),
        expires_at=NOW + 30 * DAY,
    )
    return replace(new, **changes)


def a_grant(**changes: Any) -> Grant:
    grant = Grant(
        id="grant-1",
        account_id="ada",
        name="Ada Example",
        email="ada@example.com",
        access_token="atlassian-access-0",
        refresh_token="atlassian-refresh-0",
        access_expires_at=NOW + 3600,
        scopes=("read:jira-work", "offline_access"),
        sites=(SITE,),
        created_at=NOW,
        refreshed_at=NOW,
    )
    return replace(grant, **changes)


def a_browser_session(**changes: Any) -> BrowserSession:
    session = BrowserSession(
        id="browser-session-1",
        account_id="ada",
        data={"csrf": "made-up-csrf-key"},
        created_at=NOW,
        last_seen_at=NOW,
        expires_at=NOW + 8 * 3600,
    )
    return replace(session, **changes)


def an_mcp_session(**changes: Any) -> McpSession:
    session = McpSession(
        id="mcp-session-1",
        owner="ada/client-1",
        protocol_version="2025-11-25",
        initialize={"clientInfo": {"name": "An editor", "version": "1"}},
        replica="replica-1",
        created_at=NOW,
        last_seen_at=NOW,
    )
    return replace(session, **changes)


def an_audit_record(**changes: Any) -> AuditRecord:
    record = AuditRecord(
        id="event-1",
        at=NOW,
        type="token.issued",
        account_id="ada",
        client_id="client-1",
        data={"outcome": "ok", "count": 2},
    )
    return replace(record, **changes)
