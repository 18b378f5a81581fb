"""``make audit`` tells what is known to be bad, and never takes a silence for good news."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from supply.audit import LOCKS, Said
from supply.audit import main as audit


def said(command: Sequence[str], *, vulns: Sequence[Any] = (), warning: str = "") -> Said:
    if "pip_audit" in command:
        found = {"name": "thing", "version": "1", "vulns": list(vulns)}
        return Said(code=bool(vulns), out=json.dumps({"dependencies": [found]}), err="")
    return Said(code=0, out="thing==1\n", err=warning)


def test_an_audit_without_a_finding_passes_and_says_what_was_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert audit(said) == 0
    shown = capsys.readouterr().out
    for lock in LOCKS.glob("*.txt"):
        assert f"{lock.name}: 1 packages, asked at" in shown
        assert f"{lock.name}: 1 releases, none yanked" in shown


def test_a_known_vulnerability_fails_and_names_the_release_that_mends_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    vuln = {"id": "GHSA-0000", "fix_versions": ["2"]}
    assert audit(lambda command: said(command, vulns=[vuln])) == 3
    assert "runtime.txt: thing 1: GHSA-0000, fixed in 2" in capsys.readouterr().err


def test_a_yanked_release_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(lambda command: said(command, warning="warning: `thing==1` is yanked")) == 3
    assert "`thing==1` is yanked" in capsys.readouterr().err


@pytest.mark.parametrize(
    "answer",
    [
        Said(code=1, out="", err="ConnectionError: no route"),
        Said(code=0, out='{"dependencies": []}', err=""),
        Said(code=0, out='{"dependencies": [{"name": "a", "skip_reason": "unknown"}]}', err=""),
    ],
)
def test_an_audit_that_could_ask_nobody_fails_and_says_so(
    answer: Said, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit(lambda command: answer if "pip_audit" in command else said(command)) > 0
    assert "runtime.txt: NOT AUDITED" in capsys.readouterr().err


def test_releases_that_could_not_be_looked_at_fail(capsys: pytest.CaptureFixture[str]) -> None:
    down = Said(code=2, out="", err="error: no route")
    assert audit(lambda command: said(command) if "pip_audit" in command else down) == 3
    assert "NOT LOOKED AT for yanked releases: error: no route" in capsys.readouterr().err
