"""Invariants of the repository itself."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("server", "plugins") for path in (ROOT / folder).rglob("*.py"))
MOST_LINES = 300
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "core"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_go_down_the_floors_only() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_module_is_short_says_what_it_owns_and_has_a_telling_name(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    assert path.stem not in VAGUE
    if "versions" not in path.parts:
        assert ast.get_docstring(ast.parse(text)), "no module docstring"


def test_only_the_kernel_adapter_imports_the_sdk() -> None:
    importing = {
        name(path)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in SDK)
        or (isinstance(node, ast.Import) and any(a.name.split(".")[0] in SDK for a in node.names))
    }
    assert importing <= {"server/telamon/endpoint/kernel.py"}


SDK = {"mcp", "mcp_types"}

# ADF's own task states are spelled like such a mark; only comments count.
MARKS = re.compile("#.*\\b(TO" + "DO|FIX" + "ME|X" + "XX)\\b|raise NotImplemented" + "Error")


def test_nothing_unfinished_is_left_behind() -> None:
    left = [
        f"{name(path)}:{number}"
        for path in [*SOURCES, *(ROOT / "tests").rglob("*.py")]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if MARKS.search(line)
    ]
    assert left == []


def test_every_suppression_carries_a_code() -> None:
    bare = [
        f"{name(path)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.rstrip().endswith(("# type: ignore", "# noqa", "# pyright: ignore"))
    ]
    assert bare == []
