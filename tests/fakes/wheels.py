"""Plugins of other people: built as wheels, installed with pip into a folder of the tests' own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGIN = '''
from pathlib import Path
from pydantic import BaseModel
from telamon.plugin import Product, Scope, hookimpl, tool

Path({marker!r}).touch()
READ = Scope("read:{name}", "read the {name}")

class Settings(BaseModel, extra="forbid"):
    size: int = 3

@tool(READ, access="read", group="all", title="Read")
async def {tool}(client, *, key: str) -> str:
    """Read one."""
    return key

@hookimpl
def register_product():
    return Product(name="{product}", title="{name}", gateway="{name}", api_roots=("/rest",),
                   settings=Settings, connect=lambda api, settings: api, tools=({tool},))
'''

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "telamon-{name}"
version = "1"
[project.entry-points.telamon]
{name} = "telamon_{name}"
[tool.hatch.build.targets.wheel]
packages = ["telamon_{name}"]
"""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three plugins, each built as a wheel and installed with pip into one folder."""
    root = tmp_path_factory.mktemp("wheels")
    for name, offered, product in (
        ("marbles", "get_marble", "marbles"),
        ("beads", "get_marble", "beads"),
        ("misnamed", "get_other", "different"),
    ):
        package = root / name / f"telamon_{name}"
        package.mkdir(parents=True)
        marker = str(root / f"{name}.imported")
        text = PLUGIN.format(name=name, tool=offered, product=product, marker=marker)
        (package / "__init__.py").write_text(text)
        (root / name / "pyproject.toml").write_text(PYPROJECT.format(name=name))
        run = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run(
            [*run, "wheel", "--no-deps", "--wheel-dir", str(root), str(root / name)], check=True
        )
        (wheel,) = root.glob(f"telamon_{name}-*.whl")
        subprocess.run(
            [*run, "install", "--no-deps", "--target", str(root / "site"), str(wheel)],
            check=True,
        )
    return root


@pytest.fixture
def installed(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The wheels importable, none of them imported yet."""
    monkeypatch.syspath_prepend(str(wheels / "site"))
    for marker in wheels.glob("*.imported"):
        marker.unlink()
    yield wheels
    for name in ("marbles", "beads", "misnamed"):
        sys.modules.pop(f"telamon_{name}", None)
