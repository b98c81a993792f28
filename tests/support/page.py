"""The records with which the queries of the AegisX page are tried, and of which the answers are known.

The numbers of those tests come from a real Loki 3.7.8 (2026-11-24).
"""

from __future__ import annotations

from typing import Any

from tests.support.otlp import Log

SERVICE = "aegisx-api"
CORRELATION = "30da77f5-faef-490b-9218-1db2628d4764"
RESOURCE = {"service.name": SERVICE, "deployment.environment.name": "test"}
OTHER = "other"
"""The service of one further record."""


def _completed(status: int, milliseconds: float, method: str = "GET", **more: Any) -> Log:
    fields = {"method": method, "url": "/api/users", "statusCode": status, "responseTime": milliseconds, **more}
    return Log("HTTP Request Completed", attributes=fields)


def _failed(message: str) -> Log:
    fields = {"method": "GET", "statusCode": 500, "responseTime": 12.5, "errorName": "Error", "errorMessage": message}
    return Log("HTTP Request Error", 17, fields)


RECORDS = [
    *(_completed(200, milliseconds) for milliseconds in (100, 200, 300, 400)),
    _completed(201, 1500, "POST", correlationId=CORRELATION),
    _completed(401, 1001, "POST"),
    *(_failed("database is away") for _ in range(3)),
    _failed("no such user"),
    Log("User login refused", 13),
    Log("Authentication of the session", 5),
    Log("AUDIT: READ", attributes={"auditAction": "READ", "complianceLevel": "HIPAA", "userId": "u-7"}),
    Log("AUDIT: UPDATE", attributes={"auditAction": "UPDATE", "complianceLevel": "HIPAA", "userId": "u-8"}),
    Log("a plain line with { in it"),
]
