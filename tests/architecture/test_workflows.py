"""The workflows do no more than they must, with nothing that can change under them."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROGRAMS = Path(sys.executable).parent
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
WRITES = {
    "attest": {"id-token", "attestations"},
    "publish": {"id-token"},
}
"""The jobs that may write anything, and what."""

pytestmark = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def parsed(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text())
    return found


def triggers(workflow: Mapping[Any, Any]) -> Any:
    """What starts it; YAML 1.1 reads the key as a truth value."""
    return workflow[True]


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in parsed(path)["jobs"].values():
        yield from job["steps"]


def test_a_workflow_keeps_to_the_schema(path: Path) -> None:
    schema = "vendor.github-workflows"
    subprocess.run([PROGRAMS / "check-jsonschema", "--builtin-schema", schema, path], check=True)


def test_every_action_is_pinned_to_a_commit_and_says_its_version(path: Path) -> None:
    lines = [line.strip(" -") for line in path.read_text().splitlines() if "uses:" in line]
    assert lines
    assert [line for line in lines if not PINNED.fullmatch(line)] == []


def test_an_action_has_one_version_everywhere(path: Path) -> None:
    everywhere = "".join(each.read_text() for each in WORKFLOWS)
    for action in re.findall(r"uses: (\S+)@", path.read_text()):
        assert len(set(re.findall(rf"{action}@(\S+ # \S+)", everywhere))) == 1


def test_permissions_are_none_but_what_a_job_needs(path: Path) -> None:
    workflow = parsed(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        written = {what for what, how in job["permissions"].items() if how != "read"}
        assert written == WRITES.get(name, set())
        assert set(job["permissions"]) - written <= {"contents"}


def test_a_job_ends_in_time_and_a_newer_run_of_it_is_told_apart(path: Path) -> None:
    workflow = parsed(path)
    assert workflow["concurrency"]["group"]
    assert all(0 < job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
    assert all(re.search(r"-\d", job["runs-on"]) for job in workflow["jobs"].values())


def test_nothing_runs_a_strangers_code_with_our_rights(path: Path) -> None:
    workflow = parsed(path)
    started = set(triggers(workflow))
    assert started.isdisjoint({"pull_request_target", "workflow_run", "issue_comment"})
    if "pull_request" in started:
        assert not [
            job for job in workflow["jobs"].values() if job["permissions"].keys() - {"contents"}
        ]
    for step in steps(path):
        # What somebody else may name is never pasted into a script.
        assert "${{" not in step.get("run", "")


def test_no_credential_is_left_on_the_disk_and_no_secret_is_needed(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    assert "secrets." not in path.read_text()


def test_the_auditor_of_workflows_finds_nothing(path: Path) -> None:
    done = subprocess.run(
        [PROGRAMS / "zizmor", "--offline", "--quiet", "--persona", "auditor", path],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_target_and_script_that_a_workflow_runs_exists(path: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = "\n".join(step.get("run", "") for step in steps(path))
    assert set(re.findall(r"\bmake (\w+)", commands)) <= targets
    assert all(
        (ROOT / name).exists() for name in re.findall(r"config/locks/\S+|\.ci/\w+", commands)
    )


def test_the_pythons_are_among_those_that_are_supported(path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    supported = {c.rsplit(" ", 1)[1] for c in project["classifiers"] if ":: Python ::" in c}
    for step in steps(path):
        if step.get("uses", "").startswith("actions/setup-python@"):
            assert set(str(step["with"]["python-version"]).split()) <= supported
