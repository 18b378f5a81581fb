"""What the documents name is there: pages, commands, settings, make targets."""

import re
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from telamon.commands import cli
from telamon.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
CODE = re.compile(r"(`{3,}|~{3,}|`).*?\1", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")
DOTTED = re.compile(r"`([a-z]+(?:\.[a-z_]+)+)(?<!\.com)(?=`| = )")
TARGET = re.compile(r"`make (\w+)|^make (\w+)", re.MULTILINE)


def document(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=document)
def test_every_page_that_is_linked_to_exists(path: Path) -> None:
    prose = CODE.sub("", path.read_text())
    missing = [link for link in LINK.findall(prose) if not (path.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=document)
def test_every_command_that_is_named_exists(path: Path) -> None:
    context = click.Context(cli)
    shown = re.findall(r"`telamon ([a-z]+)(?: ([a-z]+))?", path.read_text())
    for name, second in shown:
        command = cli.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group) and second:
            assert second in command.commands, f"{name} {second}"


@pytest.mark.parametrize("name", ["docs/operators.md", "README.md"])
def test_every_setting_and_every_log_line_that_operators_read_of_exists(name: str) -> None:
    source = "".join(path.read_text() for path in (ROOT / "server").rglob("*.py"))
    unknown = [
        dotted
        for dotted in DOTTED.findall((ROOT / name).read_text())
        if not is_setting(dotted) and f'"{dotted}"' not in source and f"`{dotted}`" not in source
    ]
    assert unknown == []


def is_setting(dotted: str) -> bool:
    table, _, name = dotted.partition(".")
    field = Settings.model_fields.get(table)
    section = field.annotation if field else None
    return (
        isinstance(section, type)
        and issubclass(section, BaseModel)
        and name in section.model_fields
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=document)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {one or other for one, other in TARGET.findall(path.read_text())}
    assert named <= targets
