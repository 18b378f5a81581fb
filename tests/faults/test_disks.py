"""A SQLite file on a disk that is full, not writable, or broken, under a running server."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.serve_process import PATIENCE, Served, Walk

NO_DATABASE = "the database is corrupt (file is not a database); restore a backup"
MALFORMED = "the database is corrupt (database disk image is malformed); restore a backup"
CHECK = {"status": "unready", "checks": {"storage": "failed"}}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if done.returncode != 0:
        pytest.skip("only root may mount a file system, and not in every container")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(file: Path) -> None:
    """Write until there is no room."""
    with file.open("wb", buffering=0) as filling:
        while filling.write(b"x" * 4096):
            pass


def remount(place: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True)


async def nothing_can_be_saved(server: Served, ada: Walk) -> None:
    """What does not write goes on, what does is refused for now, and readyz says so."""
    assert await server.ready_or_not(503) == (503, CHECK)
    before = ada.state["pair"]
    status, answer = await ada.refreshed()
    assert (status, answer["error"]) == (503, "temporarily_unavailable")
    assert ada.state["pair"] is before
    text, failed = await ada.call()
    assert not failed, text
    async with ada.http.get(f"{server.home}/.well-known/oauth-authorization-server") as page:
        assert page.status == 200
    async with ada.http.get(f"{server.home}/livez") as page:
        assert page.status == 200
    async with ada.http.post(f"{server.home}/register", json={"redirect_uris": []}) as page:
        assert page.status in {400, 503}


async def everything_works_again(server: Served, ada: Walk) -> None:
    await server.ready_or_not(200)
    status, answer = await ada.refreshed()
    assert status == 200, answer
    text, failed = await ada.call()
    assert not failed, text
    assert not [line for line in server.lines if line["event"] == "http.failed"]


@pytest.mark.row("SEC-P02", "SEC-T33")
@pytest.mark.may_skip
async def test_a_full_disk_stops_what_has_to_be_saved_until_there_is_room_again(
    server: Served, small_disk: Path
) -> None:
    await server.start(TELAMON_STORAGE__URL=f"sqlite:///{small_disk}/telamon.db")
    ada = await server.signed_in()
    filling = small_disk / "filling"
    with pytest.raises(OSError, match="No space left"):
        fill(filling)
    await nothing_can_be_saved(server, ada)
    assert server.events("storage.unavailable")
    assert "database or disk is full" in server.log
    pid = server.pid
    filling.unlink()
    await everything_works_again(server, ada)
    assert server.pid == pid


@pytest.mark.row("SEC-P02", "SEC-T33")
async def test_a_disk_that_takes_no_writes_any_more_stops_what_has_to_be_saved(
    server: Served,
) -> None:
    await server.start()
    ada = await server.signed_in()
    server.allow_no_writes()
    await nothing_can_be_saved(server, ada)
    server.allow_writes()
    await everything_works_again(server, ada)


@pytest.mark.row("SEC-P03")
async def test_a_file_that_breaks_while_the_server_runs_is_told_and_then_refused(
    server: Served,
) -> None:
    await server.start()
    ada = await server.signed_in()
    path = server.database
    # What a failing disk does: every page of the file and of its log is rubbish.
    for name in (path, path.with_name("telamon.db-wal")):
        size = name.stat().st_size
        with name.open("r+b") as file:
            file.write(b"\xa5" * size)
    assert await server.ready_or_not(503) == (503, CHECK)
    status, answer = await ada.refreshed()
    assert (status, answer["error"]) == (503, "temporarily_unavailable")
    assert not server.events("http.failed")
    # A broken file's WAL index is repaired by nobody: the next start refuses.
    await server.end()
    before = path.read_bytes()
    assert await refused(server) == f"✗ storage: {NO_DATABASE}"
    assert path.read_bytes() == before


@pytest.mark.row("SEC-P03")
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("rubbish", NO_DATABASE),
        ("truncated", MALFORMED),
        ("gone", "is missing"),
    ],
)
async def test_a_file_that_cannot_be_used_is_refused_at_the_start_and_left_alone(
    server: Served, damage: str, said: str
) -> None:
    await server.start()
    await server.end()
    path = server.database
    if damage == "rubbish":
        path.write_bytes(b"no database " * 4096)
    elif damage == "truncated":
        os.truncate(path, path.stat().st_size // 2)
    else:
        path.unlink()
    before = content(path.parent)
    assert said in await refused(server)
    assert content(path.parent) == before


@pytest.mark.row("SEC-P02")
@pytest.mark.may_skip
async def test_a_disk_that_is_read_only_is_refused_at_the_start(
    server: Served, small_disk: Path
) -> None:
    url = f"sqlite:///{small_disk}/telamon.db"
    await server.start(TELAMON_STORAGE__URL=url)
    await server.end()
    remount(small_disk, "ro")
    said = f"the database {small_disk}/telamon.db cannot be written: Read-only file system"
    assert await refused(server) == f"✗ storage: {said}"
    remount(small_disk, "rw")
    await server.start()


async def refused(server: Served) -> str:
    """Start the server, which ends by itself; what it said last to its operator."""
    process = server.spawn()
    assert await asyncio.to_thread(process.wait, PATIENCE) == 1
    return [line for line in server.log.splitlines() if line.startswith("✗")][-1]


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
