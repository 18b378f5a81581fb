"""The audit log: one record for each consent, token, revocation and tool call, in order.

Records go to the logger ``telamon.audit`` at once and to storage in batches; calls that only read
are logged and not stored. The queue is bounded: when storage cannot keep up, records are counted
and dropped from storage, never from the log.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import structlog

from telamon.clock import Clock
from telamon.plugin.events import (
    ClientRegistered,
    CodeIssued,
    CodeReplayed,
    ConsentGiven,
    Event,
    GrantChanged,
    LimitHit,
    SessionChanged,
    TokenIssued,
    TokenReused,
    TokensRevoked,
    ToolCalled,
)
from telamon.storage import AuditRecord, Storage, StorageUnavailable

QUEUED = 10_000
BATCH = 200

log = structlog.get_logger(__name__)
audit_log = structlog.get_logger("telamon.audit")


def type_of(event: Event) -> str:
    """Return the record's type, ``noun.verb``."""
    match event:
        case ConsentGiven():
            return "consent.granted" if event.approved else "consent.denied"
        case TokenIssued():
            return "token.refreshed" if event.refreshed else "token.issued"
        case GrantChanged():
            return f"grant.{event.change}"
        case SessionChanged():
            return "session.login" if event.began else "session.logout"
        case _:
            return _TYPES[type(event)]


_TYPES: Mapping[type[Any], str] = {
    ClientRegistered: "client.registered",
    CodeIssued: "code.issued",
    CodeReplayed: "code.replayed",
    TokenReused: "token.reused",
    TokensRevoked: "token.revoked",
    ToolCalled: "tool.call",
    LimitHit: "limit.hit",
}


def record_of(event: Event, at: float) -> AuditRecord:
    """Return the record of *event*, which happened *at* this Unix time."""
    data = {name: value for name, value in asdict(event).items() if value is not None}
    return AuditRecord(
        id=uuid.uuid4().hex,
        at=at,
        type=type_of(event),
        account_id=data.pop("account_id", None),
        client_id=data.pop("client_id", None),
        data=data,
    )


class AuditLog:
    """Hears every event and keeps it. :meth:`run` is a task; :meth:`close` writes the rest."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._queue: asyncio.Queue[AuditRecord] = asyncio.Queue(QUEUED)
        self.dropped = 0

    def hear(self, event: Event) -> None:
        """Log *event* now; queue it for storage unless it is a call that only read."""
        reading = isinstance(event, ToolCalled) and event.access == "read"
        if reading and not audit_log.is_enabled_for(logging.INFO):
            return
        record = record_of(event, self._clock())
        audit_log.info(
            record.type,
            audit_id=record.id,
            account_id=record.account_id,
            client_id=record.client_id,
            **record.data,
        )
        if reading:
            return
        try:
            self._queue.put_nowait(record)
        except asyncio.QueueFull:
            self.dropped += 1

    async def run(self) -> None:
        """Write queued records until cancelled."""
        while True:
            batch = [await self._queue.get(), *self._waiting()]
            await self._write(batch)

    async def close(self) -> None:
        """Write what is still queued, once."""
        while batch := self._waiting():
            await self._write(batch)

    def _waiting(self) -> list[AuditRecord]:
        return [self._queue.get_nowait() for _ in range(min(BATCH, self._queue.qsize()))]

    async def _write(self, batch: list[AuditRecord]) -> None:
        try:
            await self._storage.audit.add(batch)
        except StorageUnavailable:
            self.dropped += len(batch)
            log.warning("audit.not_stored", records=len(batch), dropped=self.dropped)
        except Exception:
            # Whatever it was, the next records are tried again: the task must not end in silence.
            self.dropped += len(batch)
            log.exception("audit.not_stored", records=len(batch), dropped=self.dropped)
