"""Asks whether anything in the locks is known to be vulnerable, or was withdrawn by its authors.

pip-audit asks the advisory services, uv tells of yanked releases. What nobody could be asked about
counts as a failure: a silence is never taken for good news.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCKS = Path(__file__).parents[2] / "config" / "locks"
SERVICES = ("pypi", "osv")
"""Those that pip-audit knows, the first one that answers for everything is believed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a program said and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[[Sequence[str]], Said]


def run(command: Sequence[str]) -> Said:
    """Run *command* to its end."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


def advisories(lock: Path, run: Run) -> tuple[list[str], str]:
    """Return the faults of *lock* on this platform, and what was done in words."""
    silent: list[str] = []
    for service in SERVICES:
        pip_audit = [sys.executable, "-m", "pip_audit", "-s", service, "-f", "json"]
        quiet = ["--progress-spinner", "off"]
        said = run([*pip_audit, *quiet, "--disable-pip", "--require-hashes", "-r", str(lock)])
        try:
            found: list[dict[str, Any]] = json.loads(said.out)["dependencies"]
        except ValueError:
            last = (said.err.strip().splitlines() or ["no answer"])[-1]
            silent.append(f"{lock.name}: {service} did not answer: {last}")
            continue
        unknown = [each["name"] for each in found if "skip_reason" in each]
        if unknown or not found:
            which = ", ".join(unknown) if len(unknown) < len(found) else "all"
            silent.append(
                f"{lock.name}: {service} knew {len(found) - len(unknown)} of {len(found)} "
                f"packages; unknown: {which}"
            )
            continue
        faults = [
            f"{lock.name}: {each['name']} {each['version']}: {vuln['id']}, fixed in "
            f"{', '.join(vuln['fix_versions']) or 'no release yet'}"
            for each in found
            for vuln in each["vulns"]
        ]
        return faults, f"{lock.name}: {len(found)} packages, asked at {service}"
    return [*silent, f"{lock.name}: NOT AUDITED, no service answered for all of it"], ""


def yanked(lock: Path, run: Run) -> tuple[list[str], str]:
    """Return what of *lock* was yanked, on any platform, and what was done in words."""
    # Not with --quiet, which would keep the warnings back.
    compiling = [str(Path(sys.executable).parent / "uv"), "pip", "compile", "--color", "never"]
    anywhere = ["--universal", "--python-version", "3.11"]
    said = run([*compiling, *anywhere, "--no-deps", "--refresh", "--no-header", str(lock)])
    if said.code != 0:
        last = (said.err.strip().splitlines() or ["no answer"])[-1]
        return [f"{lock.name}: NOT LOOKED AT for yanked releases: {last}"], ""
    told = [line for line in said.err.splitlines() if "yanked" in line]
    pinned = sum("==" in line for line in said.out.splitlines())
    return [f"{lock.name}: {line}" for line in told], f"{lock.name}: {pinned} releases, none yanked"


def main(run: Run = run) -> int:
    """Print every fault; return how many there are."""
    faults: list[str] = []
    for lock in sorted(LOCKS.glob("*.txt")):
        for ask in (advisories, yanked):
            found, done = ask(lock, run)
            faults += found
            if done and not found:
                print(done)
    for fault in faults:
        print(fault, file=sys.stderr)
    return len(faults)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
