"""`tools/provision.py` installs what has changed and nothing else. What it would run is noted here, not run."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pip
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment, empty but for pip, which it shares with the one in use: a copy takes seconds."""
    folder = tmp_path_factory.mktemp("environment") / ".venv"
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=250)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True, timeout=60).stdout
    Path(packages.strip(), "pip").symlink_to(Path(pip.__file__).parent)
    return folder


class Checkout:
    """A small tree of the same shape, and what was installed in it."""

    def __init__(self, module: ModuleType, root: Path) -> None:
        self.module = module
        self.root = root
        self.ran: list[str] = []
        for name in ("pyproject.toml", "aegis_otel.pth", "aegis_otel/code.py", "collector/manifest.yaml"):
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(name)

    def provision(self, profile: str) -> list[str]:
        """The targets that were installed, in order."""
        self.ran.clear()
        self.module.main(profile)
        return list(self.ran)


@pytest.fixture
def checkout(tmp_path: Path, environment: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    spec = importlib.util.spec_from_file_location("provision_of_tools", ROOT / "tools" / "provision.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = Checkout(module, tmp_path)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", environment)
    monkeypatch.setattr(module, "PYTHON", environment / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", tmp_path / "provisioned.json")
    monkeypatch.setattr(module, "_run", lambda command, *_, **__: made.ran.append(os.fspath(command[-1])))
    monkeypatch.setattr(module, "_pip", lambda *arguments: made.ran.append(" ".join(arguments)))
    return made


COLLECTOR = ["collector/build_collector.py", "./collector"]
DEMO = [".[cli,http] fastapi>=0.115 uvicorn>=0.32"]
TEST = ["--editable .[dev]"]


def test_everything_is_installed_once(checkout: Checkout):
    assert checkout.provision("demo") == COLLECTOR + DEMO
    assert checkout.provision("demo") == []


def test_a_change_of_the_package_installs_the_package(checkout: Checkout):
    checkout.provision("demo")
    (checkout.root / "aegis_otel" / "code.py").write_text("changed")
    assert checkout.provision("demo") == DEMO
    assert checkout.provision("demo") == []


def test_a_change_of_the_collector_installs_the_collector(checkout: Checkout):
    checkout.provision("demo")
    (checkout.root / "collector" / "manifest.yaml").write_text("changed")
    assert checkout.provision("demo") == COLLECTOR


def test_what_python_leaves_behind_is_no_change(checkout: Checkout):
    checkout.provision("demo")
    (checkout.root / "aegis_otel" / "__pycache__").mkdir()
    (checkout.root / "aegis_otel" / "__pycache__" / "code.pyc").write_text("")
    assert checkout.provision("demo") == []


def test_the_installation_for_tests_serves_the_demo_and_follows_the_code_by_itself(checkout: Checkout):
    checkout.provision("demo")
    assert checkout.provision("test") == TEST
    (checkout.root / "aegis_otel" / "code.py").write_text("changed")
    assert checkout.provision("demo") == []
    (checkout.root / "pyproject.toml").write_text("changed")
    assert checkout.provision("demo") == TEST


def test_a_failed_installation_is_tried_again(checkout: Checkout, monkeypatch: pytest.MonkeyPatch):
    def refuse(*arguments: str) -> None:
        raise SystemExit("no network")

    with monkeypatch.context() as patch:
        patch.setattr(checkout.module, "_pip", refuse)
        with pytest.raises(SystemExit):
            checkout.provision("demo")
    assert checkout.provision("demo") == COLLECTOR + DEMO


def test_a_folder_that_is_no_environment_is_not_removed(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "file").write_text("mine")
    monkeypatch.setattr(checkout.module, "VENV", folder)
    monkeypatch.setattr(checkout.module, "PYTHON", folder / "bin" / "python")
    with pytest.raises(SystemExit, match="is no virtual environment"):
        checkout.provision("demo")
    assert (folder / "file").read_text() == "mine"


def test_the_readme_installs_the_same():
    assert "pip install ./collector '.[cli,http]'" in (ROOT / "README.md").read_text()


@pytest.fixture
def with_native(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """With the extension's sources, cargo, and a cache folder of its own."""
    (checkout.root / "native").mkdir()
    (checkout.root / "native" / "Cargo.toml").write_text("a crate")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(checkout.module.shutil, "which", lambda name: f"/bin/{name}")

    def attempt(command: list[str | Path], environ: dict[str, str]) -> bool:
        checkout.ran.append("built")
        wheels = Path(command[command.index("--wheel-dir") + 1])
        wheels.mkdir(parents=True)
        (wheels / "extension.whl").touch()
        return True

    monkeypatch.setattr(checkout.module, "_attempt", attempt)
    return checkout


def test_the_extension_is_built_for_the_tests_once_for_each_source(with_native: Checkout):
    assert with_native.provision("test")[-2:] == ["built", with_native.ran[-1]]
    assert with_native.ran[-1].endswith("extension.whl")
    assert with_native.provision("test") == []
    with_native.module.STAMP.unlink()
    assert "built" not in with_native.provision("test")  # its wheel is in the cache
    (with_native.root / "native" / "Cargo.toml").write_text("changed")
    assert "built" in with_native.provision("test")


def test_the_demo_does_not_wait_for_the_extension(with_native: Checkout):
    assert with_native.provision("demo") == COLLECTOR + DEMO


def test_without_cargo_or_where_it_does_not_build_all_the_rest_is_installed(
    with_native: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(with_native.module, "_attempt", lambda *_: False)
    assert with_native.provision("test") == COLLECTOR + TEST
    assert "cannot be built here" in capsys.readouterr().out
    monkeypatch.setattr(with_native.module.shutil, "which", lambda name: None)
    with_native.module.STAMP.unlink()
    assert with_native.provision("test") == COLLECTOR + TEST
    assert "no cargo here" in capsys.readouterr().out
