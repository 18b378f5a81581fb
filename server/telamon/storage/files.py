"""The SQLite file on disk: private, never silently replaced, opened by one process at a time."""

import asyncio
import fcntl
import os
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog

from telamon.storage.errors import StorageRefused, StorageUnavailable

_log = structlog.get_logger(__name__)
_MARK: Final = b"this database exists\n"
_POLL_SECONDS: Final = 0.05
_COMPANIONS: Final = ("", "-wal", "-shm", "-journal", ".lock")


@asynccontextmanager
async def opening(path: Path, *, patience: float) -> AsyncGenerator[None]:
    """Hold ``<path>.lock`` while the database is created, checked and migrated.

    The lock file remembers that the database was there: when it is missing or empty later, that
    is a loss to be told, not a reason to begin anew. Directories made here get mode 0700 and
    files 0600 whatever the umask; SQLite gives its companion files the mode of the database.

    Raises:
        StorageRefused: the file is missing though it was here, or cannot be written.
        StorageUnavailable: another process has held the lock for *patience* seconds.
    """
    try:
        _make_directory(path.parent)
        lock = _open_private(path.with_name(path.name + ".lock"))
    except OSError as error:
        raise StorageRefused(f"the database {path} cannot be written: {error.strerror}") from error
    try:
        await _acquire(lock, path, patience)
        _prepare(path, was_here=os.read(lock, len(_MARK)) == _MARK)
        yield
        os.pwrite(lock, _MARK, 0)
    finally:
        os.close(lock)


async def _acquire(lock: int, path: Path, patience: float) -> None:
    try:
        async with asyncio.timeout(patience):
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    await asyncio.sleep(_POLL_SECONDS)
                else:
                    return
    except TimeoutError as error:
        raise StorageUnavailable(f"another process is still opening {path}") from error


def _make_directory(directory: Path) -> None:
    if directory.is_dir():
        if stat.S_IMODE(directory.stat().st_mode) & 0o022:
            _log.warning("storage.directory.writable_by_others", directory=str(directory))
        return
    if not directory.parent.is_dir():
        _make_directory(directory.parent)
    directory.mkdir(mode=0o700)
    directory.chmod(0o700)


def _prepare(path: Path, *, was_here: bool) -> None:
    if path.exists() and not path.is_file():
        raise StorageRefused(f"the database {path} cannot be written: it is not a file")
    if not path.exists() or path.stat().st_size == 0:
        left_over = path.with_name(path.name + "-wal")
        if was_here or left_over.exists():
            raise StorageRefused(
                f"the database {path} was here and is missing or empty now; restore a backup, or "
                f"delete {path.name}.lock and {left_over.name} to begin with an empty one"
            )
        os.close(_open_private(path))
    for suffix in _COMPANIONS:
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            _make_private(companion)
    # Not by opening it: closing a descriptor would drop the locks this process has on the file.
    if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise StorageRefused(f"the database {path} is read-only")


def _open_private(file: Path) -> int:
    fresh = not file.exists()
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    if fresh:
        os.fchmod(descriptor, 0o600)  # the umask may have taken even the owner's bits
    return descriptor


def _make_private(file: Path) -> None:
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            file.chmod(0o600)
    except OSError as error:
        raise StorageRefused(f"{file} cannot be made private: {error.strerror}") from error
