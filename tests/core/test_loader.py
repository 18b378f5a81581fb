"""The loader, on real wheels installed into a folder of the test's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from telamon.loader import PluginError, load

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
def installed(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(wheels / "site"))
    for marker in wheels.glob("*.imported"):
        marker.unlink()
    for name in ("marbles", "beads", "misnamed"):
        sys.modules.pop(f"telamon_{name}", None)
    return wheels


def test_a_wheel_from_elsewhere_runs_when_it_is_enabled(installed: Path) -> None:
    loaded = load(["marbles"], {"marbles": {"size": 5}})
    assert [tool.name for tool in loaded.products[0].tools] == ["getMarble"]
    assert loaded.settings["marbles"].model_dump() == {"size": 5}
    assert (installed / "marbles.imported").exists()


def test_a_plugin_that_is_not_enabled_is_never_imported(installed: Path) -> None:
    load(["marbles"], {})
    assert not (installed / "beads.imported").exists()
    assert "telamon_beads" not in sys.modules


@pytest.mark.usefixtures("installed")
def test_every_fault_of_every_plugin_stops_the_start_at_once() -> None:
    with pytest.raises(PluginError) as caught:
        load(
            ["marbles", "beads", "misnamed", "absent", "absent"],
            {"marbles": {"sise": 1}, "beads": {"size": "big"}, "nobody": {}},
        )
    told = "\n".join(caught.value.faults)
    assert "plugin absent: enabled twice" in told
    assert "plugin absent: not installed (installed: beads, confluence, jira, marbles" in told
    assert "plugin misnamed: its product is named 'different'" in told
    assert "tool getMarble: declared by beads and marbles" in told
    assert "[plugins.marbles] sise: Extra inputs are not permitted" in told
    assert "[plugins.beads] size: Input should be a valid integer" in told
    assert "[plugins.nobody]: there are settings for a plugin that is not enabled" in told


def test_a_plugin_that_breaks_on_import_is_named_with_the_cause(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "telamon_broken-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: telamon-broken\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[telamon]\nbroken = telamon_broken\n")
    (tmp_path / "telamon_broken.py").write_text("raise RuntimeError('no luck')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PluginError, match=r"plugin broken: cannot be loaded: .*no luck"):
        load(["broken"], {})


def test_the_built_in_plugins_come_in_like_anyone_s() -> None:
    loaded = load(["jira", "confluence"], {})
    assert [product.name for product in loaded.products] == ["confluence", "jira"]


def test_a_process_that_enables_jira_alone_never_imports_confluence() -> None:
    code = (
        "import sys; from telamon.loader import load; load(['jira'], {}); "
        "sys.exit('telamon_confluence' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ))
    assert done.returncode == 0
