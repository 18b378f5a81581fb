"""What we stand on: locked, hashed, described, and built by the container's recipe as it is."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from supply.audit import LOCKS
from supply.sbom import fault, refused, sbom

from telamon.storage import new_key

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = LOCKS / "runtime.txt"
REGISTRIES = re.compile(r"(py" + r"pi\.org|pythonho" + r"sted\.org|registry\.npm" + r"js)")
PATHS = re.compile(r"(?<![\w./])/(build|dist|opt/telamon|source)\b")


def entries(path: Path) -> dict[str, Requirement]:
    """Every pinned requirement of a lock, by name."""
    lines = path.read_text().replace("\\\n", " ").splitlines()
    pins = [line.split("--hash")[0].strip() for line in lines if re.match(r"[\w.-]+==", line)]
    return {canonicalize_name(pin.name): pin for pin in map(Requirement, pins)}


def version(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


# --- locks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.name)
def test_every_line_of_a_lock_is_one_version_with_the_hashes_of_its_files(lock: Path) -> None:
    blocks = re.split(r"^(?=\S)", lock.read_text(), flags=re.MULTILINE)
    for block in filter(None, blocks):
        assert re.match(r"[a-z0-9.-]+==[^\s;]+( ;.*)? \\$", block, re.MULTILINE), block
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block)
    assert len(entries(lock)) == len(list(filter(None, blocks)))


@pytest.mark.parametrize("lock", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.name)
def test_the_locks_and_the_constraints_name_the_same_versions(lock: Path) -> None:
    constraints = entries(ROOT / "config" / "constraints.txt")
    assert {name: version(pin) for name, pin in entries(lock).items()} == {
        name: version(constraints[name]) for name in entries(lock)
    }


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("runtime.txt", PROJECT["project"]["dependencies"]),
        ("test.txt", PROJECT["project"]["optional-dependencies"]["test"]),
        ("test.txt", PROJECT["project"]["dependencies"]),
        ("build.txt", PROJECT["dependency-groups"]["build"]),
    ],
)
def test_a_lock_has_all_that_the_project_asks_for_within_its_bounds(
    lock: str, wanted: Sequence[str]
) -> None:
    locked = entries(LOCKS / lock)
    for requirement in map(Requirement, wanted):
        assert version(locked[canonicalize_name(requirement.name)]) in requirement.specifier


def test_what_builds_the_wheel_is_locked_too() -> None:
    assert set(PROJECT["build-system"]["requires"]) <= set(PROJECT["dependency-groups"]["build"])


def test_no_file_names_a_package_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    files = [ROOT / name for name in listed.stdout.splitlines()]
    assert files
    naming = [
        p.name for p in files if p.is_file() and REGISTRIES.search(p.read_text("utf-8", "replace"))
    ]
    assert naming == []


# --- the container's recipe, and what it installs ----------------------------------------------


@dataclass(frozen=True, slots=True)
class Image:
    """What the recipe says, and where its first stage was carried out."""

    root: Path
    env: dict[str, str]
    health: list[str]

    @property
    def bin(self) -> Path:
        return self.root / "opt" / "telamon" / "bin"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The recipe's COPY and RUN lines, carried out below a directory in the place of an image."""
    root = tmp_path_factory.mktemp("image")
    (root / "source").mkdir()
    (root / "python").symlink_to(sys.executable)
    text = (ROOT / "config" / "container" / "Containerfile").read_text().replace("\\\n", " ")
    build, final = (part for part in text.split("\nFROM ")[1:])
    env = {**os.environ, "PATH": f"{root}:{os.environ['PATH']}"}
    for line in build.splitlines():
        match line.split():
            case ["COPY", *sources, target]:
                for source in sources:
                    copy(ROOT / source, root / "source" / (target if target != "./" else source))
            case ["RUN", *_]:
                command = PATHS.sub(lambda found: f"{root}{found[0]}", line.removeprefix("RUN "))
                subprocess.run(
                    ["bash", "-euc", command],
                    cwd=root / "source",
                    env=env,
                    check=True,
                    capture_output=True,
                )
            case _:
                pass
    said = dict(re.findall(r"(TELAMON_\w+)=(\S+)", final))
    found = re.search(r"HEALTHCHECK .*?CMD (\[.*\])", final)
    assert found
    return Image(root, said, json.loads(found[1]))


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def test_what_the_recipe_installs_is_the_lock_and_telamon_and_nothing_else(image: Image) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", image.bin / "python", "list", "--format", "json"],
        check=True,
        capture_output=True,
        text=True,
    )
    installed = {
        canonicalize_name(each["name"]): each["version"] for each in json.loads(done.stdout)
    }
    here = {
        name: version(pin)
        for name, pin in entries(RUNTIME).items()
        if pin.marker is None or pin.marker.evaluate()
    }
    assert installed == {**here, "telamon": PROJECT["project"]["version"]}


def test_what_the_recipe_installs_serves_and_its_health_check_says_so(
    image: Image, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
    assert image.health[0] == "python"
    asked = [str(image.bin / "python"), *(p.replace("8080", port) for p in image.health[1:])]
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TELAMON_")},
        **image.env,
        "TELAMON_LISTEN__PORT": port,
        "TELAMON_PUBLIC_URL": "https://mcp.example.com",
        "TELAMON_ATLASSIAN__CLIENT_ID": "an-app",
        "TELAMON_ATLASSIAN__CLIENT_SECRET": "a-secret-that-nobody-is-asked-about",
        "TELAMON_STORAGE__ENCRYPTION_KEYS": new_key(),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    assert subprocess.run(asked, capture_output=True, check=False).returncode != 0
    with subprocess.Popen(
        [image.bin / "telamon", "serve"], cwd=tmp_path, env=env, stderr=subprocess.PIPE
    ) as server:
        try:
            until = monotonic() + 30
            while subprocess.run(asked, capture_output=True, check=False).returncode != 0:
                assert monotonic() < until
                assert server.poll() is None
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)
    assert server.returncode == 0
    # Nothing was written but below the working directory.
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


# --- what it is made of ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bill(image: Image) -> str:
    return sbom(image.bin / "python")


def components(bill: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bill)["components"]
    return found


def test_the_bill_of_materials_keeps_to_the_schema(bill: str) -> None:
    assert fault(bill) is None
    assert fault(bill.replace('"version"', '"verse"')) is not None


def test_the_bill_of_materials_has_every_runtime_dependency_and_no_other(bill: str) -> None:
    here = {
        name: version(pin)
        for name, pin in entries(RUNTIME).items()
        if pin.marker is None or pin.marker.evaluate()
    }
    assert {canonicalize_name(c["name"]): c["version"] for c in components(bill)} == here
    about = json.loads(bill)["metadata"]["component"]
    assert (about["name"], about["version"]) == ("telamon", PROJECT["project"]["version"])


def test_the_bill_of_materials_is_the_same_each_time(bill: str, image: Image) -> None:
    assert sbom(image.bin / "python") == bill


def test_every_licence_is_one_that_was_allowed(bill: str) -> None:
    assert refused(components(bill)) == []


@pytest.mark.parametrize(
    "licences",
    [
        [],
        [{"license": {"id": "GPL-3.0-only"}}],
        [{"license": {"id": "MIT"}}, {"license": {"name": "Other/Proprietary License"}}],
        [{"expression": "MIT AND (AGPL-3.0-only OR Apache-2.0)"}],
        [{"expression": "GPL-2.0-only WITH Classpath-exception-2.0"}],
    ],
)
def test_a_licence_that_nobody_allowed_is_refused(licences: list[Any]) -> None:
    assert refused([{"name": "thing", "version": "1", "licenses": licences}]) != []
