"""Check and test the extension in Rust (native/): format, clippy, tests. Where no cargo is, says so and does nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = (
    ("fmt", "--check"),
    ("clippy", "--quiet", "--locked", "--all-targets", "--", "--deny", "warnings"),
    ("test", "--quiet", "--locked", "--no-default-features"),
)


def main() -> int:
    """Run the checks that the toolchain here has."""
    if shutil.which("cargo") is None:
        print("native/: not checked, no cargo here (the extension is optional)")
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


if __name__ == "__main__":
    sys.exit(main())
