"""An ordinary app that logs at a rate until SIGTERM; run it under `opentelemetry-instrument`.

    opentelemetry-instrument python service.py RATE JOURNAL RUN

It knows nothing of OpenTelemetry. After each log call it notes the time (ns since the epoch, 8 bytes) in JOURNAL, which
outlives a SIGKILL, so that what it logged can be compared with what arrived.
"""

import logging
import os
import signal
import sys
import time

ended = False


def end(*_: object) -> None:
    global ended
    ended = True


def main(rate: float, journal: str, run: str) -> None:
    signal.signal(signal.SIGTERM, end)
    log = logging.getLogger("orders.api")
    log.setLevel(logging.INFO)
    file = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    started = time.monotonic()
    number = 0
    while not ended:
        due = int((time.monotonic() - started) * rate)
        while number < due:
            extra = {"orderId": f"o-{number}", "amount": number % 500}
            if number % 50:
                log.info("run %s step %010d", run, number, extra=extra)
            else:
                log.error("run %s step %010d", run, number, extra=extra)
            os.write(file, time.time_ns().to_bytes(8, "little"))
            number += 1
        time.sleep(0.005)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2], sys.argv[3])
