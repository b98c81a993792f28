"""Writes all that is generated from `contract/`, or with `--check` says what is not up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.contract import collector, go, python, rust
from tools.contract.source import ROOT, load

COMPONENTS: Final = ROOT / "collector" / "components"


def generated() -> Iterator[tuple[Path, str]]:
    """All generated files with their content. What comes after the first two is made with these."""
    contract = load()
    yield ROOT / "aegis_otel" / "redaction" / "_contract.py", python.rules(contract)
    yield ROOT / "aegis_otel" / "_fields.py", python.fields(contract)
    yield ROOT / "collector" / "config" / "redact.yaml", collector.render(contract)
    yield COMPONENTS / "aegisredact" / "internal" / "contract" / "tables.go", go.redaction(contract)
    yield COMPONENTS / "internal" / "names" / "names.go", go.record(contract)
    yield ROOT / "native" / "src" / "contract.rs", rust.constants(contract)

    from tools import stock_redaction

    yield stock_redaction.TARGET, stock_redaction.render()


def main(arguments: list[str]) -> int:
    """Write or check; the exit status."""
    stale = False
    for path, text in generated():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is not what contract/ says: run make generate")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return int(stale and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
