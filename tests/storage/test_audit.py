from fakes.records import NOW, an_audit_record

from telamon.storage import Storage


async def test_records_come_back_newest_first(storage: Storage) -> None:
    records = [an_audit_record(id=f"e{number}", at=NOW + number) for number in range(3)]
    await storage.audit.add(records)
    assert await storage.audit.list() == tuple(reversed(records))
    assert await storage.audit.list(limit=1) == (records[2],)


async def test_records_are_found_by_account_and_type(storage: Storage) -> None:
    ada = an_audit_record(id="e1")
    ben = an_audit_record(id="e2", account_id="ben", type="grant.created")
    nobody = an_audit_record(id="e3", account_id=None, client_id=None, type="limit.hit")
    await storage.audit.add([ada, ben, nobody])
    assert await storage.audit.list(account_id="ada") == (ada,)
    assert await storage.audit.list(type="limit.hit") == (nobody,)
    assert await storage.audit.list(account_id="ada", type="grant.created") == ()


async def test_a_batch_that_is_stored_twice_stays_one(storage: Storage) -> None:
    await storage.audit.add([])
    await storage.audit.add([an_audit_record()])
    await storage.audit.add([an_audit_record(), an_audit_record(id="event-2")])
    assert len(await storage.audit.list()) == 2
