"""Loki's HTTP API for reading, over the embedded store: for Grafana and other clients of Loki, on this machine alone.

Needs Starlette and uvicorn (the `query` extra). `application` is the ASGI application, `serve` runs it. Which parts
of Loki's API there are, and how they differ: docs/query-api.md.
"""

from __future__ import annotations

from aegis_otel.query_api._application import application
from aegis_otel.query_api._server import QueryApiError, listen, serve
from aegis_otel.query_api._token import find_token

__all__ = ["QueryApiError", "application", "find_token", "listen", "serve"]
