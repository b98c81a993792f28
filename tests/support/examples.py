"""How many examples a property test tries: all of them in `make test`, a share in `make check`."""

from __future__ import annotations

import os

SHARE = float(os.environ.get("AEGIS_TEST_EXAMPLES") or 1)


def examples(full: int) -> int:
    """The share of `full` that `AEGIS_TEST_EXAMPLES` asks for, 10 at least."""
    return max(min(full, 10), round(full * SHARE))
