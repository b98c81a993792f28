"""Check and test the extension in Rust (native/): format, clippy, tests. Where cargo is missing, old or without its
crates, says so and does nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEAST = (1, 85)
CHECKS = (
    ("fmt", "--check"),
    ("clippy", "--quiet", "--all-targets", "--", "--deny", "warnings"),
    ("test", "--quiet", "--no-default-features"),
)


def main() -> int:
    """Run the checks that the toolchain here has."""
    why = _unusable()
    if why:
        print(f"native/: not checked, {why} (the extension is optional)")
        return 0
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "aegis-otel" / "native"
    environ = {**os.environ, "CARGO_TARGET_DIR": str(cache / "target"), "PYO3_PYTHON": sys.executable}
    for check in CHECKS:
        if check[0] != "test" and shutil.which(f"cargo-{check[0]}") is None:
            print(f"native/: no cargo {check[0]} here, left out")
            continue
        done = subprocess.run(["cargo", *check], cwd=ROOT / "native", env=environ, check=False)
        if done.returncode:
            return done.returncode
    return 0


def _unusable() -> str:
    """Why nothing can be built with the toolchain here; "" where it can."""
    if shutil.which("cargo") is None:
        return "no cargo here"
    said = subprocess.run(["cargo", "--version"], cwd=ROOT / "native", capture_output=True, text=True, check=False)
    found = re.match(r"cargo (\d+)\.(\d+)", said.stdout)
    if found is None or tuple(map(int, found.groups())) < LEAST:
        return f"{said.stdout.strip() or 'cargo'} is older than {LEAST[0]}.{LEAST[1]}"
    fetched = subprocess.run(["cargo", "fetch"], cwd=ROOT / "native", capture_output=True, text=True, check=False)
    return f"its crates cannot be had:\n{fetched.stderr.strip()}\n" if fetched.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
