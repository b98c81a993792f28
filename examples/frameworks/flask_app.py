"""Orders with Flask: opentelemetry-instrument flask --app examples/frameworks/flask_app.py run"""

import logging
import os

from flask import Flask

log = logging.getLogger("orders")
app = Flask("orders")


@app.get("/orders/<item>")
def order(item: str) -> dict[str, str]:
    log.info("order received", extra={"item": item})
    if item == "unobtainium":
        raise LookupError("no such item")
    return {"ordered": item}


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "8000")))
