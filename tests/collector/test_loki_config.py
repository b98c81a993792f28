"""`collector/loki/loki.yaml`: its values are those with which a real Loki 3.7.8 was tried until 2026-11-24.

That Loki is not run here. On it, with these very values, each fact below was seen:

- index labels are `service`, `environment`, `level`, `complianceLevel`, and no other; correlation id and trace id are
  structured metadata, found by `| correlationId="…"` without parsing;
- records late by 5 hours, 30 hours and 20 days were taken beside new ones and found at once; those over 10 hours late had
  one label more, `__time_shard__`;
- a record of 1,000,000 bytes was kept whole, and 40 MB within seconds were taken, which Loki's default limits refuse;
- of records that came twice after a crash one was kept;
- `retention_stream` for `complianceLevel="HIPAA"` was read as 2,196 days, `retention_period` as 30 days, with the compactor's
  retention on. That anything is deleted in time nobody waited for.

So who changes a value here changes what was proven: try it on a Loki of your own (AEGIS_TEST_LOKI_URL).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import yaml

from tests.support.loki import FOLDER, LABELS

TEXT = (FOLDER / "loki.yaml").read_text()

# Loki's configuration reference ("Grafana Loki configuration parameters"), as far as it is used here: block by block.
DOCUMENTED = {
    "auth_enabled": None,
    "analytics": {"reporting_enabled"},
    "server": {
        "http_server_read_timeout", "http_server_write_timeout", "http_listen_address", "http_listen_port",
        "grpc_listen_address", "grpc_listen_port", "log_level", "grpc_server_max_recv_msg_size", "grpc_server_max_send_msg_size",
    },
    "common": {"instance_addr", "path_prefix", "replication_factor", "ring", "storage"},
    "schema_config": {"configs"},
    "ingester": {"max_chunk_age", "chunk_idle_period", "query_store_max_look_back_period", "lifecycler", "wal"},
    "ingester_client": {"grpc_client_config"},
    "compactor": {"working_directory", "retention_enabled", "delete_request_store"},
    "limits_config": {
        "retention_period", "retention_stream", "allow_structured_metadata", "discover_service_name", "discover_log_levels",
        "otlp_config", "ingestion_rate_mb", "ingestion_burst_size_mb", "per_stream_rate_limit", "per_stream_rate_limit_burst",
        "max_global_streams_per_user", "max_line_size", "max_line_size_truncate", "reject_old_samples", "shard_streams",
        "max_query_length", "split_queries_by_interval", "max_entries_limit_per_query", "max_query_series", "volume_enabled",
    },
    "query_range": {"results_cache"},
    "frontend": {"encoding", "scheduler_address"},
    "frontend_worker": {"scheduler_address"},
}  # fmt: skip
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def config(**variables: str) -> dict[str, Any]:
    """The file as Loki reads it: each `${NAME:-default}` replaced (`-config.expand-env=true`)."""
    expanded = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda match: variables.get(match[1], match[2]), TEXT)
    read: dict[str, Any] = yaml.safe_load(expanded)
    return read


def span(text: str) -> timedelta:
    """A duration of Loki's, as in 52704h."""
    number, unit = re.fullmatch(r"(\d+)([smhd])", text).groups()  # type: ignore[union-attr]
    return timedelta(**{UNITS[unit]: int(number)})


def test_every_key_is_one_that_loki_documents() -> None:
    for block, keys in config().items():
        assert block in DOCUMENTED
        if isinstance(keys, dict):
            assert set(keys) <= (DOCUMENTED[block] or set()), block


def test_four_resource_attributes_are_index_labels_and_no_default_is() -> None:
    limits = config()["limits_config"]
    assert limits["otlp_config"] == {
        "resource_attributes": {
            "ignore_defaults": True,
            "attributes_config": [{"action": "index_label", "attributes": list(LABELS)}],
        }
    }
    assert limits["allow_structured_metadata"] is True
    # Either of these would add a label, and with it a stream for what it makes up.
    assert limits["discover_service_name"] == []
    assert limits["discover_log_levels"] is False


def test_audit_records_are_kept_for_six_years_and_the_rest_for_thirty_days() -> None:
    limits = config()["limits_config"]
    [stream] = limits["retention_stream"]
    assert stream["selector"] == '{complianceLevel="HIPAA"}'
    assert span(stream["period"]) == timedelta(days=6 * 366)  # 45 CFR 164.316(b)(2)
    assert span(limits["retention_period"]) == timedelta(days=30)
    # Without these two Loki deletes nothing, and without the schema's period of a day it cannot.
    assert config()["compactor"]["retention_enabled"] is True
    assert config()["compactor"]["delete_request_store"] == "filesystem"
    assert [each["index"]["period"] for each in config()["schema_config"]["configs"]] == ["24h"]


def test_the_retention_can_be_set() -> None:
    limits = config(AEGIS_LOKI_RETENTION="7d", AEGIS_LOKI_AUDIT_RETENTION="87600h")["limits_config"]
    assert limits["retention_period"] == "7d"
    assert limits["retention_stream"][0]["period"] == "87600h"


def test_late_records_are_taken() -> None:
    read = config()
    assert read["limits_config"]["reject_old_samples"] is False
    window = span(read["ingester"]["max_chunk_age"]) / 2  # how late a record of a stream may be beside newer ones
    shards = read["limits_config"]["shard_streams"]
    assert shards["time_sharding_enabled"] is True
    # What is later than the window must be in a stream of its own before that.
    assert span(shards["time_sharding_ignore_recent"]) < window == timedelta(hours=12)
    assert read["ingester"]["query_store_max_look_back_period"] == "-1ns"


def test_a_burst_of_the_collector_is_not_refused() -> None:
    limits = config()["limits_config"]
    assert (limits["ingestion_rate_mb"], limits["ingestion_burst_size_mb"]) == (128, 256)
    # All of it may be one stream.
    assert limits["per_stream_rate_limit"] == "128MB"
    assert limits["per_stream_rate_limit_burst"] == "256MB"


def test_a_long_line_is_cut_and_not_refused() -> None:
    limits = config()["limits_config"]
    assert limits["max_line_size"] == "4MB"
    assert limits["max_line_size_truncate"] is True


def test_queries_over_years_are_allowed() -> None:
    limits = config()["limits_config"]
    assert limits["max_query_length"] == "0s"
    assert limits["max_entries_limit_per_query"] >= 50_000
    assert limits["max_query_series"] >= 10_000


def test_what_was_acknowledged_survives_a_crash() -> None:
    assert config()["ingester"]["wal"] == {"enabled": True, "flush_on_shutdown": True}


@pytest.mark.parametrize("key", ["http_listen_address", "grpc_listen_address"])
def test_nobody_else_can_reach_it_unless_told_to(key: str) -> None:
    assert config()["server"][key] == "127.0.0.1"


def test_nothing_is_reported_to_its_makers() -> None:
    assert config()["analytics"] == {"reporting_enabled": False}
