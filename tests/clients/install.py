"""Install Node.js 22 and the pinned npm programs into ``.node/``, unless they are there.

Without npm this says so and succeeds, unless ``CI`` is set: then a missing tool is a failure.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / ".node"
STAMP = TARGET / ".installed"
NPMRC = "fund=false\naudit=false\nupdate-notifier=false\nomit-lockfile-registry-resolved=true\n"


def main() -> int:
    """Install; returns the exit status."""
    manifest, lock = HERE / "package.json", HERE / "package-lock.json"
    digest = hashlib.sha256(manifest.read_bytes() + lock.read_bytes()).hexdigest()
    if STAMP.is_file() and STAMP.read_text() == digest:
        return 0
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not here: the tests with Node.js clients cannot run", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    TARGET.mkdir(exist_ok=True)
    shutil.copy(manifest, TARGET)
    shutil.copy(lock, TARGET)
    (TARGET / ".npmrc").write_text(NPMRC)
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--loglevel=error"], cwd=TARGET, check=False
    )
    if done.returncode == 0:
        STAMP.write_text(digest)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
