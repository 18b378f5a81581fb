"""Another process that uses a storage: ``python storage_process.py <part> <url> <key> [more]``.

It prints one line when it is ready or done, so that a test waits for that and never for a time.
"""

import asyncio
import os
import pwd
import resource
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from sqlalchemy import event

from telamon.storage import (
    AuditRecord,
    KeyRing,
    NewToken,
    Storage,
    StorageRefused,
    StorageUnavailable,
    open_storage,
)

FAR = 4_000_000_000.0


def a_token(name: str) -> NewToken:
    return NewToken(token=name, scopes=("read:jira-work",), expires_at=FAR)


async def opens(storage: Storage) -> None:
    """Open it (and so migrate it) and prove that it works."""
    await storage.check()
    print("ok", flush=True)


async def redeems(storage: Storage, code: str, name: str) -> None:
    """Wait for a line, then try twenty times at once to redeem the code."""
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    results = await asyncio.gather(
        *(
            storage.tokens.redeem(
                code, access=a_token(f"at-{name}-{n}"), refresh=a_token(f"rt-{name}-{n}"), now=1.0
            )
            for n in range(20)
        )
    )
    print(results.count(True), flush=True)


async def rotates(storage: Storage) -> None:
    """Rotate rt-0 into rt-1 into rt-2 and so on, for ever."""
    number = 0
    while await rotate(storage, number):
        number += 1
        print(number, flush=True)


async def hangs_before_commit(storage: Storage) -> None:
    """Stop for ever in a rotation whose statements have all run, just before its commit."""

    def hang(_connection: object) -> None:
        print("ready", flush=True)
        time.sleep(3600)

    event.listen(storage._database.engine.sync_engine, "commit", hang)
    await rotate(storage, 0)


async def rotate(storage: Storage, number: int) -> bool:
    return await storage.tokens.rotate(
        f"rt-{number}",
        access=a_token(f"at-{number + 1}"),
        successor=a_token(f"rt-{number + 1}"),
        replay=f"answer {number + 1}",
        grace_until=FAR,
        now=1.0,
    )


async def fills_the_disk(storage: Storage) -> None:
    """Write until the file may not grow, read meanwhile, and write again when it may."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, hard))
    stored = 0
    try:
        for stored in range(1000):
            await storage.audit.add([a_big_record(stored)])
    except StorageUnavailable:
        found = await storage.audit.list(limit=1000)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await storage.audit.add([a_big_record(stored)])
        print("recovered" if len(found) == stored else "lost", flush=True)


def a_big_record(number: int) -> AuditRecord:
    return AuditRecord(
        id=f"e{number}",
        at=float(number),
        type="made.up",
        account_id=None,
        client_id=None,
        data={"filling": "x" * 50_000},
    )


def locks(path: str) -> None:
    """Hold the write lock of a SQLite file until a line comes."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("ready", flush=True)
    sys.stdin.readline()


PARTS: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
    "opens": opens,
    "redeems": redeems,
    "rotates": rotates,
    "hangs_before_commit": hangs_before_commit,
    "fills_the_disk": fills_the_disk,
}


async def is_refused(url: str, key: str) -> None:
    """Open it as an ordinary user (nothing is read-only to root) and tell why that is refused."""
    if os.geteuid() == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        await open_storage(url, keys=KeyRing.parse([key]))
    except StorageRefused as error:
        print(error, flush=True)


async def play(part: str, url: str, key: str, *more: str) -> None:
    storage = await open_storage(url, keys=KeyRing.parse([key]))
    await PARTS[part](storage, *more)
    await storage.close()


if __name__ == "__main__":
    if sys.argv[1] == "locks":
        locks(sys.argv[2])
    elif sys.argv[1] == "is_refused":
        asyncio.run(is_refused(*sys.argv[2:]))
    else:
        asyncio.run(play(*sys.argv[1:]))
