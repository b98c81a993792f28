"""`docker-compose.otel.yml`: is it sound, and does it start? Each test prints what it used for that.

In the place of Loki's image stands one with a second Collector, which writes down what comes at Loki's path.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from tests.support import collector
from tests.support.containers import BASE_ENV, ROOT, build, compose_command, copy_python, engine
from tests.support.otlp import Received, otlp_json_records
from tests.support.processes import free_ports, http_is_ok, wait_for

sys.path.append(str(ROOT / "collector"))  # last: the folder has the sources of aegis_otelcol too, but not its program

import build_collector
import gobuild

FILE = ROOT / "docker-compose.otel.yml"
SECRETS = {"AEGIS_OTLP_TOKEN": "t0ken", "GRAFANA_ADMIN_PASSWORD": "grafana-pw", "SEQ_ADMIN_PASSWORD": "seq-pw"}
STARTED = ("collector", "loki", "inventory", "orders")


# Started with Loki's arguments, it starts a Collector instead.
STAND_IN = """
import os
os.execv("/usr/bin/aegis-otelcol", ["aegis-otelcol", "--config=file:/loki-stand-in.yaml"])
"""
STAND_IN_CONFIG = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "0.0.0.0:3100", "logs_url_path": "/otlp/v1/logs"}}}},
    "exporters": {"file": {"path": "/loki/received.jsonl", "append": True, "flush_interval": "50ms"}},
    "service": {
        "telemetry": {"metrics": {"level": "none"}},
        "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["file"]}},
    },
}


@dataclass
class Stack:
    """What runs: its published URLs, by the names of their port variables, and what has come at Loki's path."""

    urls: dict[str, str]
    received: Callable[[], list[Received]]


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
        config = [*command, "-f", str(FILE), "config"]
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
        assert re.fullmatch(r"\$\{[A-Z_]+_IMAGE:-[\w./-]+:\d+\.[\w.-]+\}", self.services[service]["image"])

    @pytest.mark.parametrize("service", services)
    def test_gives_no_service_more_rights_than_it_needs(self, service):
        options = self.services[service]
        assert options["read_only"]
        assert options["cap_drop"] == ["ALL"]
        assert options["security_opt"] == ["no-new-privileges:true"]
        assert "healthcheck" in options
        assert all(port.startswith("127.0.0.1:") for port in options.get("ports", []))
        if service != "seq":  # a closed image, which chooses its user itself
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

    def test_mounts_only_what_is_there(self):
        mounted = [volume.split(":")[0] for s in self.services.values() for volume in s.get("volumes", [])]
        assert [path for path in mounted if path.startswith("./") and not (ROOT / path).exists()] == []


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[Stack]:
    """The compose file, started, all but Seq and Grafana, whose images can't be built here."""
    folder = tmp_path_factory.mktemp("compose")
    command = compose_command()
    with engine(folder) as found:
        if found is None or command is None:
            pytest.skip("no Docker engine here, and none that this user may start; the file was checked without")
        print("used:", found[0], *command)
        ports = dict(
            zip(
                ("AEGIS_OTLP_GRPC_PORT", "AEGIS_OTLP_HTTP_PORT", "AEGIS_LOKI_PORT", "ORDERS_PORT"),
                free_ports(4),
                strict=True,
            )
        )
        env = {
            **found[1],
            **SECRETS,
            **{name: str(port) for name, port in ports.items()},
            **images(found[1], folder),
            "AEGIS_SECOND_STORE": "to-loki",
        }
        compose = [*command, "-p", "aegis-test", "-f", str(FILE)]
        read = ["exec", "-T", "loki", "/opt/python/bin/python", "-c", "print(open('/loki/received.jsonl').read())"]

        def received() -> list[Received]:
            done = subprocess.run([*compose, *read], env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return otlp_json_records(done.stdout)

        try:
            done = subprocess.run(
                [*compose, "up", "-d", "--no-build", *STARTED], env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            urls = {name.removesuffix("_PORT"): f"http://127.0.0.1:{port}" for name, port in ports.items()}
            wait_for(lambda: http_is_ok(f"{urls['ORDERS']}/health"), seconds=120, what="orders")
            yield Stack(urls, received)
        finally:
            logs = subprocess.run(
                [*compose, "logs", "--no-color"], env=env, capture_output=True, text=True, check=False
            )
            print(logs.stdout[-6000:])
            subprocess.run([*compose, "down", "--volumes"], env=env, capture_output=True, check=False)


def images(env: dict[str, str], folder: Path) -> dict[str, str]:
    """Images with our Collector, the examples, and what stands in for Loki, of what is on this machine."""
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
    (folder / "loki/data").mkdir(parents=True)
    (folder / "loki/stand_in.py").write_text(STAND_IN)
    (folder / "loki/loki-stand-in.yaml").write_text(json.dumps(STAND_IN_CONFIG))
    build(
        env,
        "aegis-test/loki:1.0",
        folder / "loki",
        "FROM aegis-test/example:1.0\nCOPY --from=aegis-test/build /image/usr/bin/aegis-otelcol /usr/bin/\n"
        "COPY stand_in.py loki-stand-in.yaml /\nCOPY --chown=10001:10001 data /loki\n"
        'ENV AEGIS_ALLOW_UNAUTHENTICATED=otlp\nENTRYPOINT ["/opt/python/bin/python", "/stand_in.py"]\n',
    )
    return {
        "AEGIS_COLLECTOR_IMAGE": "aegis-test/collector:1.0",
        "LOKI_IMAGE": "aegis-test/loki:1.0",
        "AEGIS_EXAMPLE_IMAGE": "aegis-test/example:1.0",
    }


@pytest.mark.timeout(900)  # the images are built, and the engine is started, within the first test
class TestStack:
    def test_delivers_a_request_of_both_services_redacted_to_loki(self, stack):
        order = {"item": "book", "customer": {"password": "hunter2", "ssn": "123-45-6789"}}
        headers = {"content-type": "application/json", "x-correlation-id": "compose-1"}
        request = urllib.request.Request(f"{stack.urls['ORDERS']}/orders", json.dumps(order).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.headers["x-correlation-id"] == "compose-1"

        def completed() -> list[str]:
            records = [each for each in stack.received() if each.attributes.get("correlationId") == "compose-1"]
            services = {each.resource["service"] for each in records if "HTTP Request Completed" in each.body}
            return [each.body for each in records] if services == {"orders", "inventory"} else []

        lines = wait_for(completed, seconds=120, what="both services' records at Loki's path")
        assert not [line for line in lines if "hunter2" in line or "123-45-6789" in line]

    def test_refuses_records_without_the_token(self, stack):
        request = urllib.request.Request(
            f"{stack.urls['AEGIS_OTLP_HTTP']}/v1/logs", b"{}", {"content-type": "application/json"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == 401
