"""What the threat model leans on is there: modules, settings, and rows with a test."""

import re
from pathlib import Path

import pytest

from telamon.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
ROWS = (ROOT / "docs" / "rows.md").read_text()


@pytest.mark.parametrize("module", sorted(set(re.findall(r"`([a-z_/]+\.py)`", PAGE))))
def test_every_module_that_is_named_exists(module: str) -> None:
    assert (ROOT / "server" / "telamon" / module).is_file()


@pytest.mark.parametrize("row", sorted(set(re.findall(r"SEC-[A-Z]\d\d", PAGE))))
def test_every_row_that_is_named_has_a_test(row: str) -> None:
    (line,) = re.findall(rf"^\| {row} \|.*$", ROWS, re.MULTILINE)
    assert "::test_" in line


@pytest.mark.parametrize("setting", sorted(set(re.findall(r"`([a-z]+\.[a-z_]+)`", PAGE))))
def test_every_setting_that_is_named_exists(setting: str) -> None:
    table, _, name = setting.partition(".")
    if name in {"py", "audit"}:
        return
    assert name in Settings.model_fields[table].annotation.model_fields  # type: ignore[union-attr]
