"""A pytest plugin: tests that share a module's fixture run in one worker of pytest-xdist, so it is made once.

A group is a module and one parameter of its fixtures. It takes `--dist loadgroup` (Makefile).
"""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name the group of each test, before pytest-xdist reads it in this hook."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            group = _group(item)
            if group:
                item.add_marker(pytest.mark.xdist_group(group))


def without_group(nodeid: str) -> str:
    """The name by which pytest finds a test: pytest-xdist appends the group to it."""
    name, _, group = nodeid.rpartition("@")
    return name if name and group.startswith(nodeid.partition("::")[0]) else nodeid


def _group(item: pytest.Item) -> str:
    info = getattr(item, "_fixtureinfo", None)
    definitions = info.name2fixturedefs if info is not None else {}
    shared = [name for name in sorted(definitions) if any(one.scope == "module" for one in definitions[name])]
    if not shared:
        return ""
    call = getattr(item, "callspec", None)
    indices = [str(call.indices[name]) for name in shared if name in call.indices] if call is not None else []
    return "-".join([item.nodeid.partition("::")[0], *indices])
