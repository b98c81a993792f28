"""A program of the deny list is found wherever the tree names it to build it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.licences import manifests


@pytest.mark.parametrize(
    "name",
    [
        "collector/new/go.mod",
        "collector/manifest.yaml",
        "collector/new/build.py",
        "web/package.json",
        "native/Cargo.toml",
        "pyproject.toml",
        "docs/requirements-docs.txt",
        "examples/Dockerfile",
        "Makefile",
        ".ci/run",
    ],
)
def test_a_denied_program_is_found_in_every_file_that_builds(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("first line\nuse github.com/grafana/loki/v3 here\n")
    assert manifests.refusals(tmp_path) == [f"{name}:2: grafana/loki must not come in, whatever its licence"]


def test_the_compose_file_and_prose_may_name_what_users_bring(tmp_path: Path) -> None:
    for name in ("docker-compose.otel.yml", "README.md"):
        (tmp_path / name).write_text("image: grafana/loki:3.7.8\n")
    assert manifests.refusals(tmp_path) == []
