"""All that Telamon remembers: one schema on SQLite or PostgreSQL, sealed at rest."""

from telamon.storage.errors import KeyMissing, StorageRefused, StorageUnavailable, Unsealable
from telamon.storage.keys import KeyRing, new_key
from telamon.storage.opening import open_configured, open_storage
from telamon.storage.purge import Retention
from telamon.storage.records import (
    AuditRecord,
    AuthMethod,
    BrowserSession,
    Client,
    ClientKind,
    Code,
    Family,
    Grant,
    GrantState,
    Letter,
    McpSession,
    NewToken,
    StoredStream,
    StreamEntry,
    Token,
    TokenKind,
    Transaction,
)
from telamon.storage.sealing import Sealer
from telamon.storage.storage import Storage

__all__ = [
    "AuditRecord",
    "AuthMethod",
    "BrowserSession",
    "Client",
    "ClientKind",
    "Code",
    "Family",
    "Grant",
    "GrantState",
    "KeyMissing",
    "KeyRing",
    "Letter",
    "McpSession",
    "NewToken",
    "Retention",
    "Sealer",
    "Storage",
    "StorageRefused",
    "StorageUnavailable",
    "StoredStream",
    "StreamEntry",
    "Token",
    "TokenKind",
    "Transaction",
    "Unsealable",
    "new_key",
    "open_configured",
    "open_storage",
]
