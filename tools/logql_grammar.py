"""Ask Grafana's own grammar of LogQL, `@grafana/lezer-logql` (Apache-2.0), which queries it takes.

    python3 tools/logql_grammar.py < queries.json > answers.json

In: a JSON list of queries. Out: for each, -1 where the grammar takes it, else where its first error is. Needs node and
npm; the package, pinned below, is installed into ~/.cache/aegis-otel on first use. The status is 3 where it cannot be.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = ("@grafana/lezer-logql@0.4.2", "@lezer/common@1.5.5", "@lezer/lr@1.4.10")
CANNOT = 3
ASK = """
const { parser } = require('@grafana/lezer-logql');
const queries = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(queries.map((query) => {
  let wrong = -1;
  parser.parse(query).iterate({ enter(node) { if (node.type.isError && wrong < 0) wrong = node.from; } });
  return wrong;
})));
"""


def main() -> int:
    """Answer for the queries on stdin."""
    node = shutil.which("node")
    if node is None:
        sys.stderr.write("node is not here\n")
        return CANNOT
    folder = _installed()
    if folder is None:
        return CANNOT
    return subprocess.run([node, "-e", ASK], cwd=folder, check=False).returncode


def _installed() -> Path | None:
    base = os.environ.get("XDG_CACHE_HOME") or ""
    cache = (Path(base) if os.path.isabs(base) else Path("~/.cache").expanduser()) / "aegis-otel"
    folder = cache / f"lezer-logql-{PACKAGES[0].rpartition('@')[2]}"
    if folder.is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        sys.stderr.write("npm is not here\n")
        return None
    cache.mkdir(parents=True, exist_ok=True)
    # Installed beside and then renamed, so that half of it is never taken for the whole.
    fresh = Path(tempfile.mkdtemp(prefix="lezer-", dir=cache))
    try:
        (fresh / "package.json").write_text('{"private": true}\n')
        command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", *PACKAGES]
        done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            sys.stderr.write(f"npm cannot install {PACKAGES[0]}: {done.stderr.strip()[-500:]}\n")
            return None
        if not folder.is_dir():
            fresh.rename(folder)
    except (OSError, subprocess.TimeoutExpired) as error:
        if not folder.is_dir():
            sys.stderr.write(f"{PACKAGES[0]} cannot be installed: {error}\n")
            return None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
