"""Planted Go modules, served as the module proxy does, are refused or taken by their texts."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from tests.tools.licences.samples import AGPL, MIT, refusals
from tools.licences import gomodules, rules
from tools.licences.inventory import Package, UnreadableError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def go() -> gomodules.gobuild.Go:
    return gomodules.gobuild.require_go(gomodules.build_collector.MINIMUM_GO, gomodules.gobuild.Progress("go"))


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go: gomodules.gobuild.Go) -> Path:
    """An empty module proxy of files, and caches of its own."""
    for name, value in {
        "GOPROXY": f"file://{tmp_path}/proxy",
        "GOSUMDB": "off",
        "GOMODCACHE": str(tmp_path / "modules"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "proxy"


def publish(proxy: Path, path: str, licence: str | None) -> gomodules.Module:
    """A module with a program in it, as the module proxy serves it (https://go.dev/ref/mod#goproxy-protocol)."""
    folder = proxy / path / "@v"
    folder.mkdir(parents=True)
    (folder / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (folder / "v1.0.0.mod").write_text(f"module {path}\n\ngo 1.25\n")
    (folder / "list").write_text("v1.0.0\n")
    with zipfile.ZipFile(folder / "v1.0.0.zip", "w") as archive:
        archive.writestr(f"{path}@v1.0.0/go.mod", f"module {path}\n\ngo 1.25\n")
        archive.writestr(f"{path}@v1.0.0/main.go", "package main\n\nfunc main() {}\n")
        if licence is not None:
            archive.writestr(f"{path}@v1.0.0/LICENSE", licence)
    return path, "v1.0.0"


@pytest.mark.parametrize(
    ("licence", "read"), [(MIT, "MIT"), (AGPL, "AGPL"), ("Ask us for a contract.", ""), (None, "")]
)
def test_the_licence_of_a_module_is_that_of_the_texts_at_its_root(
    go: gomodules.gobuild.Go, proxy: Path, licence: str | None, read: str
) -> None:
    module = publish(proxy, "example.com/planted", licence)
    assert gomodules.read(go, [module]) == {module: read}
    assert bool(rules.refusal(Package("Go module", *module, read), "go")) is (read != "MIT")


def test_a_licence_that_was_read_needs_neither_network_nor_module_cache_again(
    go: gomodules.gobuild.Go, proxy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = publish(proxy, "example.com/planted", MIT)
    gomodules.read(go, [module])
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "none"))
    assert gomodules.read(go, [module]) == {module: "MIT"}
    with pytest.raises(UnreadableError, match=r"example\.com/other"):
        gomodules.read(go, [("example.com/other", "v1.0.0")])


def test_the_tools_that_a_go_mod_names_are_listed(go: gomodules.gobuild.Go, proxy: Path, tmp_path: Path) -> None:
    module = publish(proxy, "example.com/planted", AGPL)
    folder = tmp_path / "tooling"
    folder.mkdir()
    manifest = "module example.com/here\n\ngo 1.25\n\ntool example.com/planted\n\nrequire example.com/planted v1.0.0\n"
    (folder / "go.mod").write_text(manifest)
    assert module in gomodules.needed(go, folder)
    assert (folder / "go.mod").read_text() == manifest


def test_the_collector_tells_what_it_was_linked_from(go: gomodules.gobuild.Go) -> None:
    linked = gomodules.linked(go, gomodules.gobuild.cached(gomodules.build_collector.recipe()))
    names = [name for name, _ in linked]
    assert "go.opentelemetry.io/collector/receiver/otlpreceiver" in names
    assert "std" in names
    assert not [name for name in names if name.startswith((".", "/", "github.com/aegis-otel/"))]


def test_a_program_that_is_not_of_go_is_an_error(go: gomodules.gobuild.Go) -> None:
    with pytest.raises(UnreadableError, match="does not say which modules"):
        gomodules.linked(go, Path("/bin/sh"))


def test_every_go_mod_of_the_tree_is_read(
    go: gomodules.gobuild.Go, proxy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gomodules.gobuild, "cached", lambda recipe: Path(sys.executable))
    monkeypatch.setattr(gomodules, "linked", lambda go, binary: [("std", go.version)])
    monkeypatch.setattr(gomodules, "of_builder", lambda go: [publish(proxy, "example.com/builder", MIT)])
    publish(proxy, "example.com/planted", AGPL)
    folder = tmp_path / "tree" / "collector" / "new"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text(
        "module example.com/new\n\ngo 1.25\n\ntool example.com/planted\n\nrequire example.com/planted v1.0.0\n"
    )
    sections = gomodules.sections(tmp_path / "tree")
    assert [section.key for section in sections] == ["go", "go collector/new", "go builder"]
    [refusal] = refusals(sections)
    assert refusal.startswith("Go module example.com/planted v1.0.0")


def test_another_version_of_a_module_is_read_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    licences = {("a", "v1"): "MIT", ("a", "v2"): "AGPL-3.0-only", ("a", "v3"): "MIT"}
    monkeypatch.setattr(gomodules.gobuild, "cached", lambda recipe: Path(sys.executable))
    monkeypatch.setattr(gomodules, "linked", lambda go, binary: [("a", "v1")])
    monkeypatch.setattr(gomodules, "of_builder", lambda go: [("a", "v2"), ("a", "v3")])
    monkeypatch.setattr(gomodules, "read", lambda go, modules: licences)
    assert refusals(gomodules.sections(tmp_path)) == ["Go module a v2: AGPL-3.0-only is not allowed"]


def test_a_collector_that_is_not_built_is_an_error(proxy: Path) -> None:
    with pytest.raises(UnreadableError, match="the Collector is not built; run: python collector/build_collector"):
        gomodules.sections(ROOT)


def test_the_builder_of_the_collector_is_read(go: gomodules.gobuild.Go) -> None:
    names = [name for name, _ in gomodules.of_builder(go)]
    assert names[0] == "go.opentelemetry.io/collector/cmd/builder"
    assert len(names) > 5
