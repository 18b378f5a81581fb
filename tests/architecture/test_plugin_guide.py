"""The plugin that ``docs/plugins.md`` builds is a plugin: its code and its tests run as printed."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPTIONS = ("-o", "pythonpath=.", "-p", "no:cacheprovider")
"""Besides what the guide's own ``pyproject.toml`` sets: here nothing is installed or kept."""
FILE = re.compile(r"```(?:python|toml)\n# (?P<name>[\w./]+)\n(?P<text>.*?)```", re.DOTALL)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The folder with the files as they are printed."""
    printed = FILE.findall((ROOT / "docs" / "plugins.md").read_text())
    for name, text in printed:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert {name for name, _ in printed} >= {
        "pyproject.toml",
        "telamon_servicedesk/__init__.py",
        "tests/test_requests.py",
    }
    return tmp_path


def test_the_plugin_of_the_guide_passes_its_own_tests(plugin: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *OPTIONS, "tests"],
        cwd=plugin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_plugin_of_the_guide_runs_in_a_demo_beside_jira(plugin: Path) -> None:
    project = tomllib.loads((plugin / "pyproject.toml").read_text())["project"]
    found = [f"{name} = {module}" for name, module in project["entry-points"]["telamon"].items()]
    info = plugin / "telamon_servicedesk-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: telamon-servicedesk\nVersion: 1\n")
    (info / "entry_points.txt").write_text("\n".join(["[telamon]", *found]))
    done = subprocess.run(
        [sys.executable, "-m", "telamon", "demo", "--check", "--plugin", "servicedesk"],
        cwd=plugin,
        env={**os.environ, "PYTHONPATH": str(plugin)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The whole way works." in done.stdout
