"""Somebody in front of a real Chromium, and where the Node.js programs of the tests are."""

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MODULES = ROOT / ".node" / "node_modules"
SHOTS = ROOT / "artefacts" / "screenshots"
SCRIPT = ROOT / "tests" / "clients" / "browser.mjs"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in front of Chromium."""

    node: str
    chromium: str

    async def visit(self, url: str, **wish: Any) -> dict[str, Any]:
        """Open *url* and click through; returns what was seen and where it ended."""
        process = await asyncio.create_subprocess_exec(
            self.node,
            str(SCRIPT),
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
