"""A serverless handler: the platform freezes the process after each call, so each call ends with a flush.

`handler` has the form that AWS Lambda calls. Run as a script, this file calls it twice.
"""

import logging

import aegis_otel

# Once for each process, at the cold start. The disk may be gone after a freeze: keep what waits in memory.
aegis_otel.configure(service="resize", level="info", file_enabled=False, spool_enabled=False)
log = logging.getLogger("resize")


def handler(event, context):
    try:
        with aegis_otel.correlation_scope(event.get("correlationId")):
            log.info("image resized", extra={"key": event["key"]})
            return {"statusCode": 200}
    finally:
        # Less than the function's own time-out. False: not all has arrived; it is tried again by the next call.
        aegis_otel.flush(timeout=5)


if __name__ == "__main__":
    for number in (1, 2):
        print(handler({"key": f"images/{number}.png", "correlationId": f"upload-{number}"}, None))
