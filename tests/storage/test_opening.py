import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.postgres import Postgres
from fakes.records import NOW, a_client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from telamon.storage import KeyRing, Storage, StorageRefused, open_storage


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture(params=[0o000, 0o077, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


async def opened_and_closed(url: str, ring: KeyRing) -> None:
    await (await open_storage(url, keys=ring)).close()


@pytest.mark.row("SEC-K08")
async def test_files_and_directories_are_private_whatever_the_umask(
    umask: int, ring: KeyRing, tmp_path: Path
) -> None:
    assert umask in {0, 0o077, 0o777}
    storage = await open_storage(f"sqlite:///{tmp_path}/a/b/telamon.db", keys=ring)
    await storage.check()
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "a").rglob("*")}
    assert modes == {
        "b": 0o700,
        "telamon.db": 0o600,
        "telamon.db-wal": 0o600,
        "telamon.db-shm": 0o600,
        "telamon.db.lock": 0o600,
    }
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    await storage.close()


@pytest.mark.row("SEC-K08")
async def test_files_that_were_open_to_others_are_made_private(
    sqlite_url: str, path: Path, ring: KeyRing
) -> None:
    await opened_and_closed(sqlite_url, ring)
    path.chmod(0o644)
    path.parent.chmod(0o777)  # an existing directory is the operator's: a warning only
    await opened_and_closed(sqlite_url, ring)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o777


async def test_sqlite_runs_as_durable_as_grants_need(sqlite_url: str, ring: KeyRing) -> None:
    storage = await open_storage(sqlite_url, keys=ring)
    async with storage._database.engine.connect() as connection:
        pragmas = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        ]
    assert pragmas == ["wal", 2, 1, 1]
    await storage.close()


async def test_what_was_stored_is_there_after_a_restart(url: str, ring: KeyRing) -> None:
    storage = await open_storage(url, keys=ring)
    await storage.clients.add(a_client(), secret="s")
    await storage.close()
    storage = await open_storage(url, keys=ring, migrate=False)
    assert await storage.clients.get("client-1") == a_client()
    assert await storage.clients.secret_matches("client-1", "s")
    await storage.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
async def test_a_temporary_database_is_private_and_leaves_nothing(
    url: str, ring: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first = await open_storage(url, keys=ring)
    second = await open_storage(url, keys=ring)
    await first.clients.add(a_client())
    assert await second.clients.count() == 0
    with pytest.raises(StorageRefused):
        await open_storage(url, keys=ring, migrate=False)
    assert len(list(tmp_path.iterdir())) == 2
    await first.close()
    await second.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.row("SEC-P03")
@pytest.mark.parametrize("content", [b"this is no database " * 400, b"\0" * 8192])
async def test_a_file_that_is_no_database_is_refused_and_left_alone(
    sqlite_url: str, path: Path, ring: KeyRing, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StorageRefused, match="corrupt"):
        await open_storage(sqlite_url, keys=ring)
    assert path.read_bytes() == content


@pytest.mark.row("SEC-P03")
@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.95])
async def test_a_truncated_database_is_refused(
    sqlite_url: str, path: Path, ring: KeyRing, fraction: float
) -> None:
    await opened_and_closed(sqlite_url, ring)
    size = int(path.stat().st_size * fraction)
    os.truncate(path, size)
    with pytest.raises(StorageRefused, match="corrupt"):
        await open_storage(sqlite_url, keys=ring)
    assert path.stat().st_size == size


@pytest.mark.row("SEC-P03")
async def test_a_damaged_page_is_refused(sqlite_url: str, path: Path, ring: KeyRing) -> None:
    await opened_and_closed(sqlite_url, ring)
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(StorageRefused, match="corrupt"):
        await open_storage(sqlite_url, keys=ring)


@pytest.mark.row("SEC-P03")
async def test_a_database_that_went_missing_is_never_silently_a_new_one(
    sqlite_url: str, path: Path, ring: KeyRing
) -> None:
    await opened_and_closed(sqlite_url, ring)
    path.unlink()
    with pytest.raises(StorageRefused, match="was here and is missing"):
        await open_storage(sqlite_url, keys=ring)
    path.touch()
    with pytest.raises(StorageRefused, match="was here and is missing or empty"):
        await open_storage(sqlite_url, keys=ring)
    path.with_name("telamon.db.lock").unlink()
    await opened_and_closed(sqlite_url, ring)


@pytest.mark.row("SEC-P03")
async def test_a_log_without_its_database_is_refused(
    sqlite_url: str, path: Path, ring: KeyRing
) -> None:
    path.parent.mkdir()
    path.with_name("telamon.db-wal").write_bytes(b"something")
    with pytest.raises(StorageRefused, match="was here and is missing"):
        await open_storage(sqlite_url, keys=ring)
    assert not path.exists()


async def test_a_path_that_cannot_be_a_file_is_refused(ring: KeyRing, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    with pytest.raises(StorageRefused, match="cannot be written"):
        await open_storage(f"sqlite:///{tmp_path}/file/telamon.db", keys=ring)
    with pytest.raises(StorageRefused, match="cannot be written"):
        await open_storage(f"sqlite:///{tmp_path}/directory", keys=ring)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://host/db", "must begin with"),
        ("nonsense", "cannot be read"),
        ("", "cannot be"),
        ("sqlite://data/telamon.db", "sqlite:///relative or sqlite:////absolute"),
    ],
)
async def test_another_kind_of_url_is_refused(url: str, says: str, ring: KeyRing) -> None:
    with pytest.raises(StorageRefused, match=says):
        await open_storage(url, keys=ring)


@pytest.mark.row("SEC-P04")
async def test_a_newer_schema_is_refused_and_left_alone(url: str, ring: KeyRing) -> None:
    storage = await open_storage(url, keys=ring)
    await storage.clients.add(a_client())
    await set_schema(storage, "9999")
    await storage.close()
    for migrate in (True, False):
        with pytest.raises(StorageRefused, match="schema 9999, newer than this release"):
            await open_storage(url, keys=ring, migrate=migrate)
    address = url.replace("sqlite:", "sqlite+aiosqlite:").replace("sql:", "sql+asyncpg:")
    engine = create_async_engine(address)
    async with engine.connect() as connection:
        found = (await connection.execute(text("SELECT client_id FROM clients"))).scalars().all()
    await engine.dispose()
    assert found == ["client-1"]


@pytest.mark.row("SEC-P04")
async def test_without_migration_an_empty_database_is_refused(url: str, ring: KeyRing) -> None:
    with pytest.raises(StorageRefused, match="run 'telamon migrate'"):
        await open_storage(url, keys=ring, migrate=False)
    await opened_and_closed(url, ring)
    storage = await open_storage(url, keys=ring, migrate=False)
    await storage.check()
    await storage.close()


async def set_schema(storage: Storage, revision: str) -> None:
    async with storage._database.engine.begin() as connection:
        await connection.execute(
            text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
        )


@pytest.mark.postgres
async def test_what_postgresql_refuses_at_the_door_is_refused(
    postgres: Postgres, ring: KeyRing
) -> None:
    address = f"127.0.0.1:{postgres.port}"
    with pytest.raises(StorageRefused, match="does not exist"):
        await open_storage(f"postgresql://telamon@{address}/no-such-database", keys=ring)
    with pytest.raises(StorageRefused, match="does not exist"):
        await open_storage(f"postgres://nobody@{address}/postgres", keys=ring)


@pytest.mark.postgres
async def test_a_role_that_may_not_make_tables_is_refused(
    postgres: Postgres, postgres_url: str, ring: KeyRing
) -> None:
    as_guest = postgres_url.replace("telamon@", "guest@")
    database = postgres_url.rpartition("/")[2]
    postgres.sql("CREATE ROLE guest LOGIN")
    postgres.sql("GRANT USAGE ON SCHEMA public TO guest", database=database)
    with pytest.raises(StorageRefused, match="permission denied for schema public"):
        await open_storage(as_guest, keys=ring)
    postgres.sql("DROP SCHEMA public", database=database)
    with pytest.raises(StorageRefused, match="no schema has been selected"):
        await open_storage(as_guest, keys=ring)
    postgres.sql("CREATE SCHEMA public", database=database)
    postgres.sql("DROP ROLE guest")


@pytest.mark.postgres
async def test_libpq_s_sslmode_is_understood(postgres_url: str, ring: KeyRing) -> None:
    storage = await open_storage(f"{postgres_url}?sslmode=disable", keys=ring, clock=lambda: NOW)
    await storage.check()
    await storage.close()
