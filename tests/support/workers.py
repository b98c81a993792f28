"""A pytest plugin: the tests of a module that shares a fixture run in one worker of pytest-xdist, so it is made once.

All other tests go to whichever worker is free. pytest-xdist's own groups are not used: with pytest 9.2 it loses them
without a word, and each worker starts the Collectors and apps of every module.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The scheduler of the run; the modules of which most tests share something come first."""
    from xdist.scheduler import LoadScopeScheduling

    @cache
    def shares(file: str) -> bool:
        return 'scope="module"' in (Path(config.rootpath) / file).read_text(encoding="utf-8")

    class ByModule(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if shares(file) else nodeid

    return ByModule(config, log)
