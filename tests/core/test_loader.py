"""The loader, on real wheels installed into a folder of the test's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.wheels import installed, wheels

from telamon.loader import PluginError, load

__all__ = ["installed", "wheels"]


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
            {"marbles": {"sise": 1}, "beads": {"size": "big"}, "nobody": {"size": 1}},
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
    with pytest.raises(
        PluginError,
        match=r"plugin broken: cannot be loaded: RuntimeError: no luck \(.*telamon_broken\.py:1\)",
    ):
        load(["broken"], {})


def test_an_empty_table_of_a_plugin_that_is_not_enabled_is_no_fault() -> None:
    assert [product.name for product in load(["jira"], {"confluence": {}}).products] == ["jira"]


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
