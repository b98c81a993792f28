"""Orders with aiohttp: opentelemetry-instrument python examples/frameworks/aiohttp_app.py"""

import logging
import os

from aiohttp import web

log = logging.getLogger("orders")


async def order(request: web.Request) -> web.Response:
    item = request.match_info["item"]
    log.info("order received", extra={"item": item})
    if item == "unobtainium":
        raise LookupError("no such item")
    return web.json_response({"ordered": item})


app = web.Application()
app.add_routes([web.get("/orders/{item}", order)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
