from __future__ import annotations

from aegis_otel import settings
from aegis_otel.health import Verdict
from aegis_otel.health._settings import check_settings


def test_right_settings_show_who_writes_the_records():
    [found] = check_settings(settings.read({"SERVICE_NAME": "orders", "ENVIRONMENT": "qa"}))
    assert found.verdict is Verdict.FINE
    assert "service orders, environment qa" in found.text


def test_every_wrong_variable_is_a_finding_with_a_next_step():
    found = check_settings(settings.read({"LOG_LEVEL": "loud", "SEQ_ENABLED": "perhaps"}))
    assert [each.verdict for each in found] == [Verdict.WRONG, Verdict.WRONG]
    assert "LOG_LEVEL" in found[0].text
    assert "SEQ_ENABLED" in found[1].text
    assert all(each.next_step for each in found)
