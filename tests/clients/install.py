"""Install Node.js and the pinned npm programs into ``.node/`` at the root, unless it is done."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / ".node"
PINS = ("package.json", "package-lock.json", ".npmrc")


def wanted() -> str:
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINS)).hexdigest()


def node() -> Path | None:
    """Return the Node.js that was installed, if it was."""
    return next(iter(sorted((TARGET / "node_modules").glob("node-*/bin/node"))), None)


def main() -> int:
    stamp = TARGET / "installed"
    if node() is not None and stamp.exists() and stamp.read_text() == wanted():
        return 0
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not there: the tests that need Node.js are left out", file=sys.stderr)
        return 0
    TARGET.mkdir(exist_ok=True)
    for name in PINS:
        shutil.copy(HERE / name, TARGET / name)
    print("installing the npm clients that the tests drive ...", file=sys.stderr)
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=TARGET, check=False
    )
    if done.returncode == 0:
        stamp.write_text(wanted())
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
