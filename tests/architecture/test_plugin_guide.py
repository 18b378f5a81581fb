"""The plugin that ``docs/plugins.md`` builds is a plugin: its code and its tests run as printed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
OPTIONS = ("-o", "asyncio_mode=auto", "-o", "pythonpath=.", "-p", "no:cacheprovider")
FILE = re.compile(r"```(?:python|toml)\n# (?P<name>[\w./]+)\n(?P<text>.*?)```", re.DOTALL)


def test_the_plugin_of_the_guide_passes_its_own_tests(tmp_path: Path) -> None:
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
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["telamon"] == {"servicedesk": "telamon_servicedesk"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *OPTIONS, "tests"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
