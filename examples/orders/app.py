"""Orders: takes an order, reserves its items with the inventory service, answers what was ordered.

An ordinary service: nothing in it knows about correlation, redaction or OpenTelemetry, and it sets up no
log handler, since where records go is up to whoever runs it. It logs carelessly on purpose: `customer`
goes into the log as it came in.

Environment: PORT (8000), HOST (127.0.0.1), INVENTORY_URL (http://127.0.0.1:8001).
"""

import logging
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

log = logging.getLogger("orders")

INVENTORY_URL = os.environ.get("INVENTORY_URL", "http://127.0.0.1:8001")


class Order(BaseModel):
    item: str
    quantity: int = Field(default=1, ge=1, le=1000)
    customer: dict[str, Any] | None = None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=INVENTORY_URL, timeout=10) as client:
        app.state.inventory = client
        log.info("orders is ready", extra={"inventoryUrl": INVENTORY_URL})
        yield


app = FastAPI(title="orders", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/orders", status_code=201)
async def create_order(order: Order) -> dict[str, Any]:
    order_id = str(uuid.uuid4())
    log.info("order received", extra={"orderId": order_id, "item": order.item, "quantity": order.quantity})
    if order.customer is not None:
        log.info("customer is %s", order.customer, extra={"orderId": order_id, "customer": order.customer})

    answer = await app.state.inventory.post(
        "/reservations",
        json={"order_id": order_id, "item": order.item, "quantity": order.quantity, "customer": order.customer},
    )
    if answer.status_code == 409:
        log.warning("out of stock", extra={"orderId": order_id, "item": order.item, "left": answer.json()["detail"]})
        raise HTTPException(409, f"not enough of {order.item}")
    # Any other refusal of the inventory is nobody's plan: it goes up as an unhandled exception.
    answer.raise_for_status()

    log.info("order accepted", extra={"orderId": order_id, "reservation": answer.json()})
    return {"id": order_id, "item": order.item, "quantity": order.quantity}


if __name__ == "__main__":
    uvicorn.run(
        app,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8000")),
        # Longer than clients keep an idle connection (httpx: 5 s, as is the default here): a request may meet its end.
        timeout_keep_alive=60,
    )
