from __future__ import annotations

from aegis_otel import settings
from aegis_otel.health import Verdict
from aegis_otel.health._distribution import check_distribution, check_extension
from aegis_otel.settings import OpenTelemetrySettings
from tests.support.native import NATIVE, WHY


def distribution(**variables: str):
    upstream = settings.read_group(OpenTelemetrySettings, variables)
    [found] = check_distribution(settings.read(variables), upstream)
    return found


def test_ours_is_the_one_in_use():
    assert distribution().verdict is Verdict.FINE
    assert distribution(OTEL_PYTHON_DISTRO="aegis").verdict is Verdict.FINE


def test_another_one_that_is_named_is_found():
    found = distribution(OTEL_PYTHON_DISTRO="distro")
    assert found.verdict is Verdict.WRONG
    assert "OTEL_PYTHON_DISTRO=distro" in found.text
    assert found.next_step == "unset it"


def test_one_that_is_switched_off_is_noted():
    for variables in ({"AEGIS_ENABLED": "false"}, {"OTEL_SDK_DISABLED": "true"}):
        found = distribution(**variables)
        assert found.verdict is Verdict.NOTE
        assert found.next_step


def test_it_is_said_whether_the_extension_is_in_use():
    [found] = check_extension(settings.read({}))
    assert ("in use" in found.text) if NATIVE is not None else (WHY in found.text)
    assert found.next_step or found.verdict is Verdict.FINE
    [switched_off] = check_extension(settings.read({"AEGIS_NATIVE": "false"}))
    assert "AEGIS_NATIVE is false" in switched_off.text
    assert switched_off.next_step
