"""``telamon demo`` as a process of its own, as a newcomer starts it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fakes.ports import free_port

START_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """A running demo: where it is, and its sandbox's switches."""

    home: str
    ready_seconds: float
    process: subprocess.Popen[str]

    @property
    def mcp(self) -> str:
        return f"{self.home}/v1/mcp"

    @property
    def sse(self) -> str:
        return f"{self.home}/v1/sse"

    def switch(self, **switches: Any) -> None:
        """Set sandbox switches; ``reset=True`` puts all back."""
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.home}/_atlassian/_sandbox/switches",
            data=json.dumps(switches).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        urllib.request.urlopen(request).close()  # noqa: S310 - loopback


@contextmanager
def running_demo() -> Generator[Demo, None, None]:
    """Start the demo, wait for its first answer, and end it with SIGTERM."""
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TELAMON_")}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "telamon", "demo", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    home = f"http://localhost:{port}"
    try:
        while True:
            try:
                urllib.request.urlopen(f"{home}/livez").close()  # noqa: S310 - loopback
                break
            except OSError:
                assert process.poll() is None, process.stderr.read() if process.stderr else ""
                assert time.perf_counter() - began < START_SECONDS, "the demo does not answer"
                time.sleep(0.02)
        yield Demo(home=home, ready_seconds=time.perf_counter() - began, process=process)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
