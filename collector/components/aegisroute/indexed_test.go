package aegisroute

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// indexed returns what VictoriaLogs gets of one record.
func indexed(t *testing.T, fill func(record plog.LogRecord)) plog.LogRecord {
	t.Helper()
	r := routeTo(t, nil, "victorialogs")
	logs, records := sample()
	record := add(records, "m", plog.SeverityNumberInfo)
	record.SetTimestamp(1_700_000_000_123_456_789)
	fill(record)
	r.send(t, logs)
	resource := r.sinks["victorialogs"].AllLogs()[0].ResourceLogs().At(0)
	require.Zero(t, resource.Resource().Attributes().Len())
	require.Empty(t, resource.ScopeLogs().At(0).Scope().Name())
	return resource.ScopeLogs().At(0).LogRecords().At(0)
}

func TestAnIndexedRecordHasItsFieldsAndNothingElse(t *testing.T) {
	record := indexed(t, func(record plog.LogRecord) {
		record.SetTraceID(pcommon.TraceID{0x0a})
		record.Attributes().PutInt("statusCode", 201)
		record.Attributes().PutStr("exception.type", "Error")
		record.Attributes().PutStr("exception.message", "away")
	})
	require.Equal(t, "m", record.Body().Str())
	require.Equal(t, pcommon.Timestamp(1_700_000_000_123_456_789), record.Timestamp())
	require.True(t, record.TraceID().IsEmpty())
	require.Equal(t, plog.SeverityNumberUnspecified, record.SeverityNumber())
	require.Equal(t, map[string]any{
		"level": "info", "service": "orders", "environment": "test", "logger": "orders.api", "statusCode": int64(201),
		"traceId":       "0a000000000000000000000000000000",
		"correlationId": "0a000000-0000-0000-0000-000000000000",
		"errorName":     "Error", "errorMessage": "away",
		"error":      map[string]any{"name": "Error", "message": "away", "stack": ""},
		"fieldTypes": `{"n":["statusCode"],"m":["error"],"e":["error.stack"]}`,
	}, record.Attributes().AsRaw())
}

func TestNoAttributeTakesTheNameOfAFieldOfTheStore(t *testing.T) {
	record := indexed(t, func(record plog.LogRecord) {
		for _, name := range []string{"", "_msg", "_time", "_stream", "_stream_id", "otherFields", "fieldTypes", "level"} {
			record.Attributes().PutStr(name, "theirs")
		}
	})
	got := record.Attributes().AsRaw()
	for _, name := range []string{"", "_msg", "_time", "_stream", "_stream_id", "otherFields", "fieldTypes", "level"} {
		require.Equal(t, "theirs", got["extra."+name])
	}
	require.Equal(t, "info", got["level"])
	require.NotContains(t, got, "_time")
	require.NotContains(t, got, "otherFields")
}

func TestTheTypesOfFieldsAreNoted(t *testing.T) {
	record := indexed(t, func(record plog.LogRecord) {
		a := record.Attributes()
		a.PutInt("int", 1)
		a.PutDouble("double", 1.5)
		a.PutDouble("nan", math.NaN())
		a.PutBool("bool", true)
		a.PutStr("text", "5")
		a.PutStr("quoted\"name", "")
		a.PutEmpty("null")
		a.PutEmptySlice("list").AppendEmpty().SetInt(1)
		members := a.PutEmptyMap("map")
		members.PutInt("int", 1)
		members.PutEmptyMap("empty")
	})
	types, _ := record.Attributes().Get("fieldTypes")
	require.Equal(t, map[string]any{
		"n": []any{"int", "double", "map.int"}, "b": []any{"bool"}, "j": []any{"list"},
		"m": []any{"map", "map.empty"}, "e": []any{"quoted\"name"}, "z": []any{"null"},
	}, line(t, types.Str()))
	plain := indexed(t, func(record plog.LogRecord) { record.Attributes().PutStr("text", "5") })
	require.NotContains(t, plain.Attributes().AsRaw(), "fieldTypes")
}

func TestWhatTheStoreCannotHoldAsFieldsIsKeptAsJSON(t *testing.T) {
	long := strings.Repeat("n", 129)
	record := indexed(t, func(record plog.LogRecord) {
		record.Attributes().PutStr(long, "v")
		record.Attributes().PutEmptyMap("outer").PutStr(strings.Repeat("n", 123), "deep") // 129 with "outer."
		record.Attributes().PutEmptyMap("error").PutStr("name", "E")
		record.Attributes().PutStr("error.name", "another")
		record.Attributes().PutStr("code.file.path", "/a.py")
	})
	got := record.Attributes().AsRaw()
	require.Equal(t, map[string]any{
		long: "v", "outer": map[string]any{strings.Repeat("n", 123): "deep"}, "error.name": "another",
	}, line(t, got["otherFields"].(string)))
	require.Equal(t, "/a.py", got["code.file.path"])
	require.Equal(t, map[string]any{"name": "E"}, got["error"])
}

func TestMoreFieldsThanTheStoreTakesAreKeptAsJSON(t *testing.T) {
	record := indexed(t, func(record plog.LogRecord) {
		for i := range 30 {
			members := record.Attributes().PutEmptyMap("map" + string(rune('A'+i)))
			for j := range 50 {
				members.PutInt(strings.Repeat("k", j+1), int64(j))
			}
		}
	})
	got := record.Attributes().AsRaw()
	require.Len(t, line(t, got["otherFields"].(string)), 30-19)
	require.Contains(t, got, "mapA")
}

func TestARecordLargerThanTheStoreTakesIsCutAndSaysSo(t *testing.T) {
	record := indexed(t, func(record plog.LogRecord) {
		record.Body().SetStr(strings.Repeat("é", 600_000))
		record.Attributes().PutStr("first", strings.Repeat("x", 600_000))
		record.Attributes().PutStr("second", strings.Repeat("x", 900_000))
		record.Attributes().PutStr("third", "small")
		record.Attributes().PutStr("exception.type", "E")
		record.Attributes().PutStr("exception.stacktrace", strings.Repeat("s", 300_000))
	})
	got := record.Attributes().AsRaw()
	require.Equal(t, strings.Repeat("é", 500_000), record.Body().Str())
	require.Contains(t, got, "first")
	require.NotContains(t, got, "second")
	require.Equal(t, "small", got["third"])
	require.Contains(t, got["cut"], "1150024 bytes")
}
