"""The extension in tests: the fixture `native` runs a test with it and without it (tests/conftest.py)."""

from __future__ import annotations

import pytest

from aegis_otel import _native

NATIVE, WHY = _native.load()
"""Its module; None, and why, where it is not installed."""

needs_native = pytest.mark.skipif(NATIVE is None, reason=f"aegis-otel-native: {WHY}")

WAYS = [pytest.param(None, id="python"), pytest.param(NATIVE, id="native", marks=needs_native)]
