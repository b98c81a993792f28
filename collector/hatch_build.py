"""Hatch build hook: puts the built Collector and the verifier of audit trails into the wheel."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

import build_collector
import gobuild


class CollectorBuildHook(BuildHookInterface[Any]):
    """Builds the Collector, or takes it from the cache, and tags the wheel for this platform and any Python 3."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what pip must install before the build: PyPI's Go, where the machine has none and needs one."""
        needed = [*gobuild.requirements(build_collector.recipe()), *gobuild.requirements(build_collector.verifier())]
        return sorted(set(needed))

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the programs to a wheel; an sdist has the sources only."""
        if self.target_name != "wheel":
            return
        try:
            programs = [gobuild.ensure(build_collector.recipe()), gobuild.ensure(build_collector.verifier())]
        except gobuild.BuildError as error:
            sys.exit(f"error: {error}")
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        for program in programs:
            build_data["force_include"][str(program)] = f"aegis_otelcol/bin/{program.name}"
