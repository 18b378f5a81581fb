import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import fakes.storage_process
import pytest
from fakes.records import a_client, a_code
from fakes.storage_process import a_token

from telamon.storage import KeyRing, Storage, StorageUnavailable, new_key, open_storage

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def key() -> str:
    return new_key()


@pytest.fixture
def ring(key: str) -> KeyRing:
    return KeyRing.parse([key])


@pytest.fixture
def start() -> Iterator[Start]:
    """Start other processes; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(part: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(fakes.storage_process.__file__), part, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def line(process: "subprocess.Popen[str]") -> str:
    """The next line it prints, without the log lines that come first."""
    assert process.stdout is not None
    while text := process.stdout.readline():
        if "storage." not in text:
            return text.strip()
    raise AssertionError("the process ended without a word")


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.row("SEC-P04")
async def test_processes_that_open_a_new_database_at_once_migrate_it_once(
    url: str, key: str, start: Start
) -> None:
    processes = [start("opens", url, key) for _ in range(3)]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum("storage.migrated" in output for output in outputs) == 1


@pytest.mark.row("SEC-T13")
async def test_of_processes_that_redeem_one_code_exactly_one_wins_once(
    storage: Storage, url: str, key: str, start: Start
) -> None:
    await storage.tokens.add_code("code-1", a_code())
    processes = [start("redeems", url, key, "code-1", str(n)) for n in range(3)]
    assert [line(process) for process in processes] == ["ready"] * 3
    for process in processes:
        go(process)
    assert sorted(line(process) for process in processes) == ["0", "0", "1"]


@pytest.mark.row("SEC-T33", "SEC-T35")
async def test_a_process_killed_before_its_commit_has_changed_nothing(
    storage: Storage, url: str, key: str, start: Start
) -> None:
    await storage.tokens.add_code("code-1", a_code())
    await storage.tokens.redeem("code-1", access=a_token("at-0"), refresh=a_token("rt-0"), now=1.0)
    process = start("hangs_before_commit", url, key)
    assert line(process) == "ready"
    process.send_signal(signal.SIGKILL)
    process.wait()
    old = await storage.tokens.refresh("rt-0")
    assert old is not None
    assert old.consumed_at is None
    assert await storage.tokens.refresh("rt-1") is None
    assert await storage.tokens.rotate(
        "rt-0",
        access=a_token("at-1"),
        successor=a_token("rt-1"),
        replay="",
        grace_until=1.0,
        now=1.0,
    )


@pytest.mark.row("SEC-T35")
async def test_a_process_killed_while_it_rotates_leaves_exactly_one_working_token(
    storage: Storage, url: str, key: str, start: Start
) -> None:
    await storage.tokens.add_code("code-1", a_code())
    await storage.tokens.redeem("code-1", access=a_token("at-0"), refresh=a_token("rt-0"), now=1.0)
    process = start("rotates", url, key)
    for _ in range(25):
        told = int(line(process))
    process.send_signal(signal.SIGKILL)
    process.wait()
    # More rotations may have been committed than it had time to tell.
    number = told
    while (token := await storage.tokens.refresh(f"rt-{number}")) and token.consumed_at:
        assert token.replay == f"answer {number + 1}"
        number += 1
    assert token is not None
    assert await storage.tokens.access(f"at-{number}") is not None
    assert await storage.tokens.refresh(f"rt-{number + 1}") is None


@pytest.mark.row("SEC-P01")
async def test_a_database_locked_by_another_process_is_unavailable_and_nothing_stands_still(
    sqlite_url: str, ring: KeyRing, start: Start
) -> None:
    storage = await open_storage(sqlite_url, keys=ring, busy_timeout=0.2)
    await storage.clients.add(a_client())
    process = start("locks", sqlite_url.removeprefix("sqlite:///"))
    assert line(process) == "ready"
    writes = [asyncio.ensure_future(storage.check()) for _ in range(10)]
    ticks = 0
    while not all(write.done() for write in writes):
        await asyncio.sleep(0)
        ticks += 1
    assert ticks > 100
    for write in writes:
        with pytest.raises(StorageUnavailable):
            await write
    assert await storage.clients.count() == 1  # reading goes on
    go(process)
    process.wait()
    await storage.check()
    await storage.close()


@pytest.mark.row("SEC-P01")
async def test_opening_a_locked_database_is_unavailable(
    sqlite_url: str, ring: KeyRing, start: Start
) -> None:
    await (await open_storage(sqlite_url, keys=ring)).close()
    process = start("locks", sqlite_url.removeprefix("sqlite:///"))
    assert line(process) == "ready"
    with pytest.raises(StorageUnavailable):
        await open_storage(sqlite_url, keys=ring, busy_timeout=0.1)
    go(process)
    process.wait()
    await (await open_storage(sqlite_url, keys=ring)).close()


@pytest.mark.row("SEC-P02")
def test_a_full_disk_stops_writes_only_and_only_while_it_is_full(
    sqlite_url: str, key: str, start: Start
) -> None:
    assert line(start("fills_the_disk", sqlite_url, key)) == "recovered"


@pytest.mark.row("SEC-P02")
@pytest.mark.parametrize("existing", [False, True])
async def test_a_directory_that_may_not_be_written_is_refused_with_its_reason(
    ring: KeyRing, key: str, start: Start, *, existing: bool
) -> None:
    directory = Path(mkdtemp())
    try:
        url = f"sqlite:///{directory}/telamon.db"
        if existing:
            await (await open_storage(url, keys=ring)).close()
        directory.chmod(0o555)
        said = line(start("is_refused", url, key))
        assert said == f"the database {directory}/telamon.db cannot be written: Permission denied"
    finally:
        shutil.rmtree(directory)


@pytest.mark.row("SEC-P02")
async def test_a_file_that_may_not_be_written_is_refused(
    ring: KeyRing, key: str, start: Start
) -> None:
    directory = Path(mkdtemp())
    try:
        url = f"sqlite:///{directory}/telamon.db"
        await (await open_storage(url, keys=ring)).close()
        (directory / "telamon.db.lock").unlink()
        (directory / "telamon.db").chmod(0o400)
        directory.chmod(0o777)
        said = line(start("is_refused", url, key))
        assert said == f"the database {directory}/telamon.db is read-only"
    finally:
        shutil.rmtree(directory)


@pytest.mark.row("SEC-K08")
@pytest.mark.may_skip
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file that is another's")
async def test_a_file_of_another_user_that_cannot_be_made_private_is_refused(
    ring: KeyRing, key: str, start: Start
) -> None:
    directory = Path(mkdtemp())
    try:
        url = f"sqlite:///{directory}/telamon.db"
        await (await open_storage(url, keys=ring)).close()
        (directory / "telamon.db.lock").unlink()
        (directory / "telamon.db").chmod(0o666)
        directory.chmod(0o777)
        said = line(start("is_refused", url, key))
        assert "telamon.db cannot be made private: Operation not permitted" in said
    finally:
        shutil.rmtree(directory)


@pytest.mark.row("SEC-T35")
async def test_a_cancelled_write_leaves_the_storage_usable(storage: Storage) -> None:
    for _ in range(20):
        task = asyncio.ensure_future(storage.check())
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await storage.check()
    await storage.clients.add(a_client())
    assert await storage.clients.count() == 1
