"""The whole way of a log record, on real parts: two services, the Collector, a store; then checks what arrived.

    make demo                          # the embedded store
    make demo STORE=victorialogs       # a real VictoriaLogs, built here

Starts all of it on free ports, sends four orders, waits for their records, shows those of one correlation id,
and ends with status 1 when a record is missing or doubled, belongs to another request, or a secret shows
anywhere: in the store, in a file, on a console. Everything it starts is stopped, also on Ctrl-C.

`orders` is started with AEGIS_AUTO_ENABLE=true and `inventory` under opentelemetry-instrument: the two ways
to switch the instrumentation on.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gzip
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
WORK = ROOT / ".aegis" / "demo"
HEADER = "x-correlation-id"

PASSWORD = "hunter2-Tr0ub4dor"  # the demo's own; what it is all about is that it shows nowhere
SSN = "536-22-8726"
SECRETS = (PASSWORD, SSN, SSN.replace("-", ""))

COMPLETED, ERROR = "HTTP Request Completed", "HTTP Request Error"


class DemoError(Exception):
    """Something did not go as it must; the text says what."""


@dataclass
class Request:
    """One order, and what must be in the store because of it."""

    name: str
    body: dict[str, Any]
    status: int
    expected: dict[str, list[str]]
    correlation_id: str = ""
    sent_id: str | None = None
    records: list[dict[str, Any]] = field(default_factory=list)


def requests() -> list[Request]:
    """The orders of the demo; two bring their correlation id along, two get one."""
    stamp = f"{time.time():.0f}"
    good = {
        "orders": ["order received", "order accepted", COMPLETED],
        "inventory": ["reserving", "reserved", COMPLETED],
    }
    slow = {**good, "inventory": ["reserving", "the cellar is far away", "reserved", COMPLETED]}
    failing = {"orders": ["order received", ERROR], "inventory": ["reserving", ERROR]}
    careless = {**good, "orders": ["order received", "customer is *", "order accepted", COMPLETED]}
    customer = {"name": "Ada", "password": PASSWORD, "ssn": SSN, "note": f"my SSN is {SSN}, call me"}
    return [
        Request("good", {"item": "book"}, 201, good, sent_id=f"demo-good-{stamp}"),
        Request("slow", {"item": "piano"}, 201, slow),
        Request("failing", {"item": "unobtainium"}, 500, failing),
        Request("careless", {"item": "book", "customer": customer}, 201, careless, sent_id=f"demo-careless-{stamp}"),
    ]


def main() -> int:
    """Run the demo; the exit status."""
    parser = argparse.ArgumentParser(description="Two services, the Collector, a store, and a check of what arrived.")
    parser.add_argument("--store", choices=("file", "victorialogs"), default="file")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="also write the table of records as SVG")
    options = parser.parse_args()
    signals = Signals()
    try:
        with signals.held_at_exit(contextlib.ExitStack()) as stack:
            problems = Demo(options.store, stack, signals, options.picture).run()
    except (DemoError, OSError, httpx.HTTPError) as error:
        say(f"failed: {error}", "bold red")
        return 1
    except Stopped as stopped:
        say("interrupted; everything is stopped", "yellow")
        return 128 + stopped.number
    for problem in problems:
        say(f"wrong: {problem}", "bold red")
    if not problems:
        say("every record is there once, under its own correlation id, and no secret shows", "bold green")
    return 1 if problems else 0


class Stopped(BaseException):
    """SIGINT or SIGTERM came."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Signals:
    """Turns SIGINT and SIGTERM into `Stopped`, but not where that would leave a process behind."""

    def __init__(self) -> None:
        self.is_held = False
        self.came: int | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.note)

    def note(self, number: int, frame: object) -> None:
        self.came = number
        if not self.is_held:
            raise Stopped(number)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Wait with it until the end of this block."""
        self.is_held = True
        try:
            yield
        finally:
            self.is_held = False
        if self.came is not None:
            raise Stopped(self.came)

    @contextlib.contextmanager
    def held_at_exit(self, stack: contextlib.ExitStack) -> Iterator[contextlib.ExitStack]:
        """Close `stack` at the end, whatever signals come meanwhile."""
        try:
            yield stack
        finally:
            self.is_held = True
            stack.close()


class Demo:
    """One run. Whatever it starts is on `stack`, which stops it in the reverse order."""

    def __init__(self, store: str, stack: contextlib.ExitStack, signals: Signals, picture: Path | None = None) -> None:
        self.store = store
        self.picture = picture
        self.stack = stack
        self.signals = signals
        self.environ = clean_environment()
        self.environ["AEGIS_DATA_DIR"] = str(WORK / "collector")
        self.requests = requests()

    def run(self) -> list[str]:
        """Everything, in order; what was wrong."""
        self.stack.enter_context(own_folder())
        ports = free_ports(7)
        if self.store == "victorialogs":
            self.start_victorialogs(ports[6])
        self.start_collector(ports[:4])
        orders = self.start_services(*ports[4:6])
        self.send(orders)
        problems = self.collect()
        self.show()
        problems += self.secrets_in_store()
        # Stopped first: what a process writes while it ends counts too.
        with self.signals.held():
            self.stack.close()
        say("everything is stopped")
        return problems + secrets_in_files(WORK)

    def start_victorialogs(self, port: int) -> None:
        say("finding VictoriaLogs in the cache, or building it (once, some minutes)")
        output = WORK / "victorialogs-build.out"
        with output.open("wb") as stdout:
            build = self.launch([sys.executable, ROOT / "collector/victorialogs/build.py"], self.environ, stdout, None)
        if build.wait():
            raise DemoError("VictoriaLogs cannot be built")
        binary = output.read_text().splitlines()[-1]
        flags = [f"-storageDataPath={WORK / 'victorialogs'}", f"-httpListenAddr=127.0.0.1:{port}"]
        url = f"http://127.0.0.1:{port}"
        self.start("victorialogs", [binary, *flags], self.environ, f"{url}/health", 120)
        self.environ["AEGIS_VICTORIALOGS_URL"] = url

    def start_collector(self, ports: Sequence[int]) -> None:
        options = ("--grpc-port", "--http-port", "--health-port", "--metrics-port")
        arguments = [text for option, port in zip(options, ports, strict=True) for text in (option, str(port))]
        command = [BIN / "aegis-otel", "up", "--store", self.store, *arguments]
        self.start("collector", command, self.environ, f"http://127.0.0.1:{ports[2]}/", 120)
        self.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{ports[0]}"

    def start_services(self, orders_port: int, inventory_port: int) -> str:
        """Both services, each switched on in its own way; the URL of `orders`."""
        orders, inventory = f"http://127.0.0.1:{orders_port}", f"http://127.0.0.1:{inventory_port}"
        environ = {**self.environ, **service("inventory"), "PORT": str(inventory_port)}
        command = [BIN / "opentelemetry-instrument", sys.executable, ROOT / "examples/inventory/app.py"]
        self.start("inventory", command, environ, f"{inventory}/health", 120)
        environ = {**self.environ, **service("orders"), "PORT": str(orders_port), "INVENTORY_URL": inventory}
        environ["AEGIS_AUTO_ENABLE"] = "true"
        self.start("orders", [sys.executable, ROOT / "examples/orders/app.py"], environ, f"{orders}/health", 120)
        return orders

    def start(
        self, name: str, command: Sequence[str | Path], environ: dict[str, str], url: str, seconds: float
    ) -> None:
        """Start a process, which writes to a file, and wait until `url` answers 200."""
        log = WORK / f"{name}.console"
        with log.open("wb") as output:
            process = self.launch(command, environ, output, subprocess.STDOUT)

        def answers() -> bool:
            if process.poll() is not None:
                raise DemoError(
                    f"{name} ended with status {process.returncode}:\n{log.read_text(errors='replace')[-3000:]}"
                )
            with contextlib.suppress(httpx.HTTPError):
                return httpx.get(url, timeout=2, trust_env=False).status_code == 200
            return False

        wait_for(answers, seconds, f"{name} does not answer at {url}:\n{log.read_text(errors='replace')[-3000:]}")
        say(f"{name} is up")

    def launch(
        self, command: Sequence[str | Path], environ: dict[str, str], stdout: IO[bytes], stderr: int | None
    ) -> subprocess.Popen[bytes]:
        with self.signals.held():
            # In a session of its own, so that a Ctrl-C at the terminal does not end it before we do.
            process = subprocess.Popen(
                command,
                env=environ,
                cwd=WORK,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            self.stack.callback(stop, process)
        return process

    def send(self, url: str) -> None:
        for request in self.requests:
            headers = {HEADER: request.sent_id} if request.sent_id else {}
            answer = httpx.post(f"{url}/orders", json=request.body, headers=headers, timeout=30, trust_env=False)
            request.correlation_id = answer.headers.get(HEADER, "")
            say(f"order {request.name}: status {answer.status_code}, {HEADER}: {request.correlation_id or '(none)'}")
            if answer.status_code != request.status:
                raise DemoError(f"order {request.name} was answered with {answer.status_code}: {answer.text[:500]}")
            if not request.correlation_id:
                raise DemoError(f"the answer has no {HEADER} header")
            if request.sent_id and request.correlation_id != request.sent_id:
                raise DemoError(f"the answer has another correlation id than the request: {request.correlation_id}")

    def collect(self) -> list[str]:
        """Wait for the records of each request; what is missing, doubled or foreign."""
        deadline = time.monotonic() + 90
        for request in self.requests:
            request.records = self.stored("--correlation-id", request.correlation_id)
            while problems_of(request, missing_only=True) and time.monotonic() < deadline:
                time.sleep(0.5)
                request.records = self.stored("--correlation-id", request.correlation_id)
        problems = [problem for request in self.requests for problem in problems_of(request)]
        if self.store == "victorialogs" and not problems:
            problems += self.check_logsql_query()
        return problems

    def stored(self, *options: str) -> list[dict[str, Any]]:
        command = [BIN / "aegis-otel", "logs", "--json", "--limit", "100000", *options]
        done = subprocess.run(command, env=self.environ, cwd=WORK, capture_output=True, timeout=60, check=False)
        if done.returncode:
            raise DemoError(f"aegis-otel logs: {done.stderr.decode(errors='replace').strip()}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def check_logsql_query(self) -> list[str]:
        """The twin of the AegisX page's query must find the records as well, by stream and by field."""
        request = self.requests[0]
        query = f'{{service="orders"}} correlationId:="{request.correlation_id}"'
        mine = sum(record["service"] == "orders" for record in request.records)
        found = 0

        def all_found() -> bool:
            nonlocal found
            url = f"{self.environ['AEGIS_VICTORIALOGS_URL']}/select/logsql/query"
            answer = httpx.post(url, data={"query": query}, timeout=30, trust_env=False)
            found = len(answer.text.split("\n")) - 1
            return found >= mine

        # A new stream can be asked for somewhat later than its records.
        with contextlib.suppress(DemoError):
            wait_for(all_found, 30, "")
        return [] if found == mine else [f"VictoriaLogs finds {found} of {mine} records with {query}"]

    def show(self) -> None:
        request = self.requests[-1]
        table = Table(title=f"What the store ({self.store}) holds for {request.correlation_id}", title_justify="left")
        for column in ("time", "service", "level", "message", "further fields"):
            table.add_column(column, overflow="fold")
        known = {
            "timestamp",
            "level",
            "message",
            "service",
            "environment",
            "correlationId",
            "traceId",
            "spanId",
            "logger",
        }
        for record in request.records:
            rest = {key: value for key, value in record.items() if key not in known and not key.startswith("code.")}
            cells = (
                str(record["timestamp"])[11:23],
                str(record["service"]),
                str(record["level"]),
                str(record["message"]),
                json.dumps(rest, ensure_ascii=False),
            )
            table.add_row(*(Text(cell) for cell in cells))
        CONSOLE.print(table)
        if self.picture is not None:
            self.picture.write_text(svg_of(table), encoding="utf-8")

    def secrets_in_store(self) -> list[str]:
        found = []
        for record in self.stored():
            text = json.dumps(record, ensure_ascii=False)
            if any(secret in text for secret in SECRETS):
                found.append(f"a secret shows in the store, in a record of {record.get('service')}")
        return found


def svg_of(table: Table) -> str:
    """The table as a picture of a terminal; it loads nothing from elsewhere."""
    recorder = Console(record=True, file=io.StringIO(), width=150, force_terminal=True)
    recorder.print(table)
    picture = recorder.export_svg(title="make demo", unique_id="demo")
    return re.sub(r"@font-face \{.*?\}\n", "", picture, flags=re.DOTALL)


def problems_of(request: Request, *, missing_only: bool = False) -> list[str]:
    """What is wrong with the records that the store has for a request."""
    problems = []
    for name, messages in request.expected.items():
        have = Counter(str(record.get("message")) for record in request.records if record.get("service") == name)
        for message in messages:
            count = sum(
                number
                for text, number in have.items()
                if text == message or (message[-1] == "*" and text.startswith(message[:-1]))
            )
            if count == 0:
                problems.append(f"order {request.name}: {name} has no record {message!r}")
            elif count > 1 and not missing_only:
                problems.append(f"order {request.name}: {name} has {count} records {message!r}")
    if missing_only:
        return problems
    for record in request.records:
        if record.get("service") not in request.expected:
            problems.append(f"order {request.name}: a record of {record.get('service')!r}, which took no part in it")
        if record.get("message") == ERROR and not {"errorName", "errorMessage", "error"} <= record.keys():
            problems.append(f"order {request.name}: the error record of {record.get('service')} lacks the error")
    traces = {record.get("traceId") for record in request.records}
    if len(traces) != 1 or None in traces:
        problems.append(f"order {request.name}: {len(traces)} traces instead of one")
    return problems


def secrets_in_files(folder: Path) -> list[str]:
    """Every file below, whoever wrote it: consoles, log files, the store, queues, spools."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        if any(secret.encode() in content for secret in SECRETS):
            found.append(f"a secret shows in {path.relative_to(ROOT)}")
    return found


def service(name: str) -> dict[str, str]:
    return {
        "SERVICE_NAME": name,
        "ENVIRONMENT": "development",
        "LOG_LEVEL": "info",  # the development default shows each step of httpcore as well
        "LOG_CONSOLE_ENABLED": "true",
        "LOG_FILE_ENABLED": "true",
        "LOG_FILE_PATH": str(WORK / f"{name}.log"),
        "AEGIS_SPOOL_DIR": str(WORK / f"{name}-spool"),
    }


def clean_environment() -> dict[str, str]:
    """Ours without the settings of someone else's set-up, which would change what is shown."""
    ours = ("OTEL_", "AEGIS_", "LOG_", "SEQ_", "SERVICE_NAME", "ENVIRONMENT", "STRUCTURED_LOGGING_ENABLED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONUNBUFFERED": "1", "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


@contextlib.contextmanager
def own_folder() -> Iterator[None]:
    """A fresh `.aegis/demo`, for this run alone; it stays until the next, to look at."""
    WORK.parent.mkdir(mode=0o700, exist_ok=True)
    with (WORK.parent / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError("another demo is running in this checkout") from None
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir(mode=0o700)
        yield


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def wait_for(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise DemoError(otherwise)
        time.sleep(0.1)


def stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to it and its children; SIGKILL where that is not enough."""
    for number, seconds in ((signal.SIGTERM, 40), (signal.SIGKILL, 10)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            continue


CONSOLE = Console(markup=False, emoji=False, highlight=False, width=None if sys.stdout.isatty() else 160)
STARTED = time.monotonic()


def say(text: str, style: str = "") -> None:
    CONSOLE.print(Text(f"[demo {time.monotonic() - STARTED:4.0f} s] ", "dim") + Text(text, style))


if __name__ == "__main__":
    sys.exit(main())
