"""Says what the server is made of: a CycloneDX SBOM of its dependencies, and their licences.

``python tests/supply/sbom.py DIRECTORY`` installs the hashed lock into an environment of its own
and describes that one. It fails where a licence is not on the list below. Two runs on the same
platform write the same bytes.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "config" / "locks" / "runtime.txt"

ALLOWED = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0"}
    | {"PSF-2.0", "Python-2.0", "Zlib", "Unlicense"}
    # Packages that have not taken up SPDX expressions yet say it by classifier.
    | {"License :: OSI Approved :: Apache Software License"}
    | {"License :: OSI Approved :: BSD License", "License :: OSI Approved :: MIT License"}
)
"""Licences that ask for no more than their notice. Another one is a decision, made here."""

_BETWEEN = re.compile(r"\s+(?:AND|OR)\s+|[()]")


def install(lock: Path, directory: Path) -> Path:
    """Make an environment of nothing but *lock*, every file checked; return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory], check=True)
    python = next(path for path in _interpreters(directory) if path.exists())
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install"]
    quiet = ["--quiet", "--quiet", "--disable-pip-version-check"]  # twice: no warnings either
    checked = ["--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    subprocess.run([*pip, *quiet, *checked], check=True)
    return python


def _interpreters(directory: Path) -> Iterator[Path]:
    yield directory / "bin" / "python"
    yield directory / "Scripts" / "python.exe"


def sbom(python: Path) -> str:
    """Return the SBOM of *python*'s environment, in CycloneDX 1.6."""
    cyclonedx = [sys.executable, "-m", "cyclonedx_py", "environment"]
    subject = ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "application"]
    form = ["--spec-version", "1.6", "--of", "JSON", "--output-reproducible", "--no-validate"]
    done = subprocess.run(
        [*cyclonedx, *subject, *form, str(python)],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def fault(bill: str) -> str | None:
    """Return what of an SBOM does not keep to the schema, if anything does not."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill)
    return None if found is None else str(found)


def licences(component: Mapping[str, Any]) -> list[str]:
    """Return every licence that a component of the SBOM names; those of an expression singly."""
    said = [
        str(each.get("expression") or each["license"].get("id") or each["license"].get("name"))
        for each in component.get("licenses", [])
    ]
    return sorted({name for text in said for name in _BETWEEN.split(text) if name})


def refused(components: list[dict[str, Any]]) -> list[str]:
    """Return the components that name no licence, or one that is not on the list."""
    return [
        f"{each['name']} {each['version']}: {', '.join(licences(each)) or 'no licence'}"
        for each in components
        if not licences(each) or not ALLOWED.issuperset(licences(each))
    ]


def main() -> None:
    """Write ``sbom.cdx.json`` and ``licences.txt``."""
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        text = sbom(install(RUNTIME, Path(scratch) / "environment"))
    if (unfit := fault(text)) is not None:
        sys.exit(f"the SBOM does not keep to the schema: {unfit}")
    components = json.loads(text)["components"]
    lines = [f"{c['name']} {c['version']}: {', '.join(licences(c))}" for c in components]
    (directory / "sbom.cdx.json").write_text(text)
    (directory / "licences.txt").write_text("\n".join(sorted(lines, key=str.lower)) + "\n")
    print(f"{len(components)} runtime dependencies: {directory}/sbom.cdx.json, licences.txt")
    if wrong := refused(components):
        sys.exit("not on the list of licences in tests/supply/sbom.py:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
