"""The variables of OpenTelemetry that exclude URLs hold at the servers too."""

from __future__ import annotations

import pytest

from aegis_otel.capture.excluded import ASGI, WSGI, excluded_urls


@pytest.mark.parametrize(
    ("variable", "names"),
    [
        ("OTEL_PYTHON_EXCLUDED_URLS", ASGI),
        ("OTEL_PYTHON_EXCLUDED_URLS", WSGI),
        ("OTEL_PYTHON_ASGI_EXCLUDED_URLS", ASGI),
        ("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", ASGI),
        ("OTEL_PYTHON_STARLETTE_EXCLUDED_URLS", ASGI),
        ("OTEL_PYTHON_WSGI_EXCLUDED_URLS", WSGI),
        ("OTEL_PYTHON_FLASK_EXCLUDED_URLS", WSGI),
        ("OTEL_PYTHON_DJANGO_EXCLUDED_URLS", WSGI),
        ("OTEL_PYTHON_FALCON_EXCLUDED_URLS", WSGI),
        ("OTEL_PYTHON_PYRAMID_EXCLUDED_URLS", WSGI),
    ],
)
def test_each_variable_excludes_its_urls(monkeypatch, variable, names):
    monkeypatch.setenv(variable, "/health$, /ready")
    found = excluded_urls(names)
    assert found is not None
    assert found.url_disabled("http://localhost/ready/now")
    assert found.url_disabled("http://localhost/health")
    assert not found.url_disabled("http://localhost/orders")


@pytest.mark.parametrize("value", [None, "", " , "])
def test_nothing_is_excluded_where_nothing_is_named(monkeypatch, value):
    if value is not None:
        monkeypatch.setenv("OTEL_PYTHON_EXCLUDED_URLS", value)
    assert excluded_urls(WSGI) is None
