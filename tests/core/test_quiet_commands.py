"""What a command that is no server prints besides its answer."""

import json
from pathlib import Path

import click
import structlog
from click.testing import CliRunner

from telamon.commands.setting_up import run
from telamon.storage import KeyRing, new_key, open_storage


def test_a_command_prints_its_answer_alone_and_warnings_elsewhere(tmp_path: Path) -> None:
    url, keys = f"sqlite:///{tmp_path / 'telamon.db'}", KeyRing.parse([new_key()])

    @click.command()
    def command() -> None:
        async def work() -> str:
            await (await open_storage(url, keys=keys)).close()
            structlog.get_logger("here").warning("storage.hard")
            return json.dumps({})

        click.echo(run(work))

    before = structlog.get_config()
    done = CliRunner().invoke(command)
    assert done.stdout == "{}\n"
    assert "storage.hard" in done.stderr
    assert "storage.migrated" not in done.stderr
    assert structlog.get_config() == before


def test_a_command_that_serves_logs_as_it_was_told() -> None:
    async def work() -> None:
        structlog.get_logger("here").info("server.like")

    with structlog.testing.capture_logs() as logs:
        run(work, quiet=False)
    assert [entry["event"] for entry in logs] == ["server.like"]
