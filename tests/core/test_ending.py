"""The end of the whole server: it comes in time whatever hangs."""

import asyncio

import aiohttp
import pytest
from prometheus_client.exposition import generate_latest

from telamon.demo.running import demo

SHUTDOWN_SECONDS = 1
MORE_SECONDS = 5


async def never() -> None:
    """Hang."""
    await asyncio.Event().wait()


@pytest.mark.row("SEC-P11")
@pytest.mark.parametrize("hanging", ["nothing", "a task", "the cleanup", "both"])
async def test_the_end_comes_in_time_whatever_hangs(
    hanging: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with asyncio.timeout(None) as limit, demo(0, (), listen={"shutdown_seconds": 1}) as end:
        if hanging in {"a task", "both"}:
            end.tasks.start(never(), name="stuck")
        if hanging in {"the cleanup", "both"}:
            end._cleanup.push_async_callback(never)
        limit.reschedule(asyncio.get_running_loop().time() + SHUTDOWN_SECONDS + MORE_SECONDS)
    said = capsys.readouterr().out
    assert "server.stopped" in said
    assert ("task.cut" in said) is (hanging in {"a task", "both"})
    assert ("server.cut" in said) is (hanging in {"the cleanup", "both"})


async def test_the_server_measures_its_sessions_streams_and_lost_log_lines() -> None:
    async with (
        demo(0, ()) as telamon,
        aiohttp.ClientSession() as http,
        http.get(f"{telamon.settings.public_url}/v1/mcp") as answer,
    ):
        assert answer.status == 401
        said = generate_latest(telamon.metrics.registry).decode()
    for name in ("mcp_sessions", "mcp_streams", "log_lines_dropped", "audit_dropped"):
        assert f"telamon_{name} 0.0" in said
