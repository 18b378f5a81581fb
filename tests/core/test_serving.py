"""What the running server does besides answering: metrics on their own, and housekeeping."""

import asyncio
from collections.abc import Callable

import aiohttp
import pytest
from fakes.ports import free_port
from structlog.testing import capture_logs

from telamon.demo.running import demo
from telamon.storage import StorageUnavailable


@pytest.mark.row("SEC-H06")
async def test_metrics_are_served_on_a_listener_of_their_own_and_nowhere_else() -> None:
    port = free_port()
    async with (
        demo(0, (), listen={"metrics_port": port}) as telamon,
        aiohttp.ClientSession() as http,
    ):
        async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.status == 200
            said = await answer.text()
        async with http.get(f"http://127.0.0.1:{port}/") as answer:
            assert answer.status == 404
        async with http.get(f"{telamon.settings.public_url}/metrics") as answer:
            assert answer.status == 404
    assert "telamon_connections 0.0" in said
    assert "telamon_connections_refused 0.0" in said


@pytest.mark.row("SEC-P22")
async def test_housekeeping_that_fails_is_said_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("telamon.app.PURGE_SECONDS", 0.01)
    with capture_logs() as logs:

        def said(event: str) -> Callable[[], bool]:
            return lambda: any(line["event"] == event for line in logs)

        async with demo(0, ()) as telamon:
            purge = telamon.storage.purge

            async def fail(_: float) -> dict[str, int]:
                raise RuntimeError("made up")

            async def hang_up(_: float) -> dict[str, int]:
                raise StorageUnavailable("the database cannot answer")

            monkeypatch.setattr(telamon.storage, "purge", hang_up)
            await until(said("purge.put_off"))
            assert not said("purge.failed")()
            monkeypatch.setattr(telamon.storage, "purge", fail)
            await until(said("purge.failed"))
            logs.clear()
            monkeypatch.setattr(telamon.storage, "purge", purge)
            await until(said("purge.done"))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - a log line has no event
            await asyncio.sleep(0.01)
