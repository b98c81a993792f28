"""`docker-compose.otel.yml`: is it sound, and does it start? Each test prints what it used for that."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from tests.support import collector, victorialogs
from tests.support.containers import BASE_ENV, ROOT, build, compose_command, copy_python, engine
from tests.support.processes import free_ports, http_is_ok, wait_for

sys.path.append(str(ROOT / "collector"))  # last: the folder has the sources of aegis_otelcol too, but not its program

import build_collector
import gobuild

FILE = ROOT / "docker-compose.otel.yml"
SECRETS = {"AEGIS_OTLP_TOKEN": "t0ken", "GRAFANA_ADMIN_PASSWORD": "grafana-pw", "SEQ_ADMIN_PASSWORD": "seq-pw"}
STARTED = ("collector", "victorialogs", "inventory", "orders")


def default_of(text: str) -> str:
    """A value of the file with each `${NAME:-default}` replaced by its default."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


class TestFile:
    services: ClassVar[dict[str, dict[str, Any]]] = yaml.safe_load(FILE.read_text())["services"]

    def test_is_accepted_by_compose(self):
        command = compose_command()
        if command is None:
            print("no docker compose here: the file is read as YAML")
            assert set(STARTED) < set(self.services)
            return
        print("used:", *command)
        config = [*command, "-f", str(FILE), "--profile", "*", "config"]
        done = subprocess.run(config, env={**BASE_ENV, **SECRETS}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert set(yaml.safe_load(done.stdout)["services"]) == set(self.services)

    @pytest.mark.parametrize("secret", SECRETS)
    def test_has_no_default_for_a_secret(self, secret):
        uses = re.findall(rf"\$\{{{secret}([^}}]*)\}}", FILE.read_text())
        assert uses
        assert all(use.startswith(":?") for use in uses)

    @pytest.mark.parametrize("service", services)
    def test_pins_each_image_and_lets_it_be_replaced(self, service):
        assert re.fullmatch(r"\$\{[A-Z_]+_IMAGE:-[\w./-]+:v?\d+\.[\w.-]+\}", self.services[service]["image"])

    @pytest.mark.parametrize("service", services)
    def test_gives_no_service_more_rights_than_it_needs(self, service):
        options = self.services[service]
        assert options["read_only"]
        assert options["cap_drop"] == ["ALL"]
        assert options["security_opt"] == ["no-new-privileges:true"]
        assert "healthcheck" in options
        assert all(port.startswith("127.0.0.1:") for port in options.get("ports", []))
        # The images of these choose their user themselves.
        if service not in ("seq", "victorialogs", "victorialogs-audit"):
            assert not options["user"].startswith("0")

    def test_composes_a_configuration_that_the_collector_takes(self, tmp_path):
        arguments = [
            default_of(part).replace("/etc/aegis", str(collector.CONFIG))
            for part in self.services["collector"]["command"]
        ]
        env = {**BASE_ENV, "AEGIS_OTLP_TOKEN": "x", "AEGIS_DATA_DIR": str(tmp_path)}
        command = [str(collector.binary()), "validate", *arguments]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def test_composes_a_configuration_with_victorialogs_for_audit_records(self, tmp_path):
        names = ("receive", "redact", "route", "tuning", "to-victorialogs", "victorialogs-audit")
        arguments = [f"--config=file:{collector.CONFIG / name}.yaml" for name in names]
        env = {**BASE_ENV, "AEGIS_DATA_DIR": str(tmp_path)}
        command = [str(collector.binary()), "validate", *arguments]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize("service", ["victorialogs", "victorialogs-audit"])
    def test_gives_victorialogs_flags_that_it_takes(self, service, tmp_path):
        flags = [default_of(flag) for flag in self.services[service]["command"]]
        flags = [flag.replace("/victoria-logs-data", str(tmp_path / "data")) for flag in flags]
        with victorialogs.VictoriaLogs(tmp_path, *flags) as started:
            assert started.query("*") == []

    def test_mounts_only_what_is_there(self):
        mounted = [volume.split(":")[0] for s in self.services.values() for volume in s.get("volumes", [])]
        assert [path for path in mounted if path.startswith("./") and not (ROOT / path).exists()] == []


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[dict[str, str]]:
    """The compose file, started, all but Seq and Grafana, whose images can't be built here. Gives the published URLs."""
    folder = tmp_path_factory.mktemp("compose")
    command = compose_command()
    with engine(folder) as found:
        if found is None or command is None:
            pytest.skip("no Docker engine here, and none that this user may start; the file was checked without")
        print("used:", found[0], *command)
        ports = dict(
            zip(
                ("AEGIS_OTLP_GRPC_PORT", "AEGIS_OTLP_HTTP_PORT", "AEGIS_VICTORIALOGS_PORT", "ORDERS_PORT"),
                free_ports(4),
                strict=True,
            )
        )
        env = {
            **found[1],
            **SECRETS,
            **{name: str(port) for name, port in ports.items()},
            **images(found[1], folder),
            "AEGIS_STORE": "to-victorialogs",
            "AEGIS_SECOND_STORE": "to-victorialogs",
        }
        compose = [*command, "-p", "aegis-test", "-f", str(FILE)]
        try:
            done = subprocess.run(
                [*compose, "up", "-d", "--no-build", *STARTED], env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            urls = {name.removesuffix("_PORT"): f"http://127.0.0.1:{port}" for name, port in ports.items()}
            wait_for(lambda: http_is_ok(f"{urls['ORDERS']}/health"), seconds=120, what="orders")
            wait_for(lambda: http_is_ok(f"{urls['AEGIS_VICTORIALOGS']}/health"), seconds=120, what="VictoriaLogs")
            yield urls
        finally:
            logs = subprocess.run(
                [*compose, "logs", "--no-color"], env=env, capture_output=True, text=True, check=False
            )
            print(logs.stdout[-6000:])
            subprocess.run([*compose, "down", "--volumes"], env=env, capture_output=True, check=False)


def images(env: dict[str, str], folder: Path) -> dict[str, str]:
    """Images with our Collector, VictoriaLogs and the examples, of what is on this machine."""
    built = folder / "build"
    for path in ("image/usr/bin", "image/etc/ssl/certs", "image/tmp", "image/var/lib/aegis"):
        (built / path).mkdir(parents=True)
    shutil.copy(collector.binary(), built / "image/usr/bin/aegis-otelcol")
    shutil.copy(gobuild.ensure(build_collector.healthcheck()), built / "image/usr/bin")
    build(env, "aegis-test/build", built, "FROM scratch\nCOPY image /image\n")
    # Our own Dockerfile, but for the stage that compiles.
    dockerfile = (ROOT / "collector/Dockerfile").read_text()
    runtime = dockerfile[dockerfile.index("FROM scratch") :].replace("--from=build", "--from=aegis-test/build")
    shutil.copytree(collector.CONFIG, folder / "collector/config")
    build(env, "aegis-test/collector:1.0", folder / "collector", runtime)

    (folder / "victorialogs").mkdir()
    shutil.copy(victorialogs.binary(), folder / "victorialogs/victoria-logs-prod")
    build(
        env,
        "aegis-test/victorialogs:1.0",
        folder / "victorialogs",
        'FROM scratch\nCOPY victoria-logs-prod /\nENTRYPOINT ["/victoria-logs-prod"]\n',
    )

    copy_python(folder / "example/root")
    (folder / "example/spool").mkdir()
    shutil.copytree(ROOT / "examples", folder / "example/examples")
    build(
        env,
        "aegis-test/example:1.0",
        folder / "example",
        "FROM scratch\nCOPY root /\nCOPY --chown=10001:10001 spool /var/spool/aegis\nCOPY examples /app\nWORKDIR /app\n"
        "ENV PATH=/opt/python/bin PYTHONDONTWRITEBYTECODE=1\n",
    )
    return {
        "AEGIS_COLLECTOR_IMAGE": "aegis-test/collector:1.0",
        "VICTORIALOGS_IMAGE": "aegis-test/victorialogs:1.0",
        "AEGIS_EXAMPLE_IMAGE": "aegis-test/example:1.0",
    }


@pytest.mark.timeout(900)  # the images are built, and the engine is started, within the first test
class TestStack:
    def test_delivers_a_request_of_both_services_redacted_to_victorialogs(self, stack):
        order = {"item": "book", "customer": {"password": "hunter2", "ssn": "123-45-6789"}}
        headers = {"content-type": "application/json", "x-correlation-id": "compose-1"}
        request = urllib.request.Request(f"{stack['ORDERS']}/orders", json.dumps(order).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.headers["x-correlation-id"] == "compose-1"
        asked = victorialogs.VictoriaLogs.at(stack["AEGIS_VICTORIALOGS"])

        def completed() -> list[dict[str, str]]:
            found = asked.query('correlationId:="compose-1"')
            services = {record["service"] for record in found if record["_msg"] == "HTTP Request Completed"}
            return found if services == {"orders", "inventory"} else []

        records = wait_for(completed, seconds=120, what="both services' records in VictoriaLogs")
        assert not [record for record in records if "hunter2" in str(record) or "123-45-6789" in str(record)]

    def test_refuses_records_without_the_token(self, stack):
        request = urllib.request.Request(
            f"{stack['AEGIS_OTLP_HTTP']}/v1/logs", b"{}", {"content-type": "application/json"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == 401
