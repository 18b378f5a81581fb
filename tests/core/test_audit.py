import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import FakeClock

from telamon.audit import AuditLog
from telamon.plugin import LimitHit
from telamon.storage import AuditRecord, KeyRing, Storage, StorageUnavailable, new_key, open_storage


@pytest.fixture
async def storage(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Storage]:
    keys = KeyRing.parse([new_key()])
    storage = await open_storage(f"sqlite:///{tmp_path}/data/audit.db", keys=keys, clock=clock)
    yield storage
    await storage.close()


@pytest.mark.row("SEC-L06")
@pytest.mark.parametrize("failure", [StorageUnavailable("away"), TypeError("no JSON")])
async def test_a_failure_to_store_records_is_counted_and_the_next_ones_are_stored(
    storage: Storage,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failure: Exception,
) -> None:
    stored: asyncio.Queue[Sequence[AuditRecord]] = asyncio.Queue()
    failed = asyncio.Event()

    async def add(records: Sequence[AuditRecord]) -> None:
        if not failed.is_set():
            failed.set()
            raise failure
        await stored.put(records)

    monkeypatch.setattr(type(storage.audit), "add", staticmethod(add))
    audit: Any = AuditLog(storage, clock)
    running = asyncio.ensure_future(audit.run())
    audit.hear(LimitHit(limit="streams", key="first"))
    await failed.wait()
    audit.hear(LimitHit(limit="streams", key="second"))
    kept = asyncio.ensure_future(stored.get())
    await asyncio.wait({kept, running}, return_when=asyncio.FIRST_COMPLETED)
    assert kept.done(), "the audit task has ended"
    assert [record.data["key"] for record in kept.result()] == ["second"]
    assert audit.dropped == 1
    assert "audit.not_stored" in capsys.readouterr().out
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
