package aegislimits

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/protobuf/encoding/protowire"
)

var generous = Limits{MaxRecords: 1 << 30, MaxValues: 1 << 30, MaxDepth: 1 << 20}

// inside writes a message as the field of another one.
func inside(number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
}

func emptyRecords(count int) []byte {
	return inside(1, inside(2, []byte(strings.Repeat("\x12\x00", count))))
}

// nested is a record whose body is lists in lists.
func nested(levels int) []byte {
	body := []byte{}
	for range levels {
		body = inside(5, inside(1, body))
	}
	return inside(1, inside(2, inside(2, inside(5, body))))
}

func ordinary() plogotlp.ExportRequest {
	logs := plog.NewLogs()
	first := logs.ResourceLogs().AppendEmpty()
	first.Resource().Attributes().PutStr("service.name", "orders")
	records := first.ScopeLogs().AppendEmpty().LogRecords()
	for range 3 {
		record := records.AppendEmpty()
		record.Body().SetStr("a text with {brackets}, [more] and \"quotes\" \\")
		record.SetTraceID(pcommon.TraceID{1})
		record.Attributes().PutInt("n", -5)
		list := record.Attributes().PutEmptySlice("list")
		list.AppendEmpty().SetEmptyMap().PutDouble("x", 1.5)
		list.AppendEmpty().SetBool(true)
	}
	return plogotlp.NewExportRequestFromLogs(logs)
}

func TestOrdinaryRequestsAreCountedAlikeInBothEncodings(t *testing.T) {
	data, err := ordinary().MarshalProto()
	require.NoError(t, err)
	found, err := scanProtobuf(data, Limits{MaxRecords: 3, MaxValues: 100, MaxDepth: 2})
	require.NoError(t, err)
	require.Equal(t, 3, found.records)
	require.Equal(t, 2+3*(1+2+2+4), found.values) // a member and its value are two
	data, err = ordinary().MarshalJSON()
	require.NoError(t, err)
	found, err = scanJSON(data, Limits{MaxRecords: 3 + 1, MaxValues: 100, MaxDepth: 2})
	require.NoError(t, err)
	require.Equal(t, 3+1, found.records) // the resource's value counts too
}

func TestTooManyRecordsAreRefused(t *testing.T) {
	limits := Limits{MaxRecords: 1000, MaxValues: 1 << 30, MaxDepth: 10}
	_, err := scanProtobuf(emptyRecords(1000), limits)
	require.NoError(t, err)
	_, err = scanProtobuf(emptyRecords(1001), limits)
	require.ErrorContains(t, err, "more than 1000 log records")
	records := func(count int) []byte {
		return []byte(`{"resourceLogs":[{"scopeLogs":[{"log\u0052ecords":[` + strings.Repeat("{},", count-1) + `{}]}]}]}`)
	}
	_, err = scanJSON(records(1000), limits)
	require.NoError(t, err)
	_, err = scanJSON(records(1001), limits)
	require.ErrorContains(t, err, "more than 1000 log records")
}

func TestTooManyValuesAreRefusedWhereverTheyAre(t *testing.T) {
	limits := Limits{MaxRecords: 10, MaxValues: 1000, MaxDepth: 10}
	for name, content := range map[string]func(repeated []byte) []byte{
		"attributes of a record":   func(r []byte) []byte { return inside(1, inside(2, inside(2, r))) },
		"attributes of a resource": func(r []byte) []byte { return inside(1, inside(1, r)) },
		"attributes of a scope":    func(r []byte) []byte { return inside(1, inside(2, inside(1, r))) },
		"a body over and over":     func(r []byte) []byte { return inside(1, inside(2, inside(2, r))) },
	} {
		number := map[string]byte{"attributes of a record": 0x32, "attributes of a resource": 0x0a, "attributes of a scope": 0x1a, "a body over and over": 0x2a}[name]
		_, err := scanProtobuf(content([]byte(strings.Repeat(string([]byte{number, 0}), 1001))), limits)
		require.ErrorContains(t, err, "attributes and values", name)
	}
}

func TestValuesThatAreTooDeepAreRefused(t *testing.T) {
	limits := Limits{MaxRecords: 10, MaxValues: 1 << 30, MaxDepth: 64}
	_, err := scanProtobuf(nested(64), limits)
	require.NoError(t, err)
	for _, levels := range []int{100, 3000} {
		_, err = scanProtobuf(nested(levels), limits)
		require.ErrorContains(t, err, "64 levels", levels)
	}
	for _, text := range []string{
		strings.Repeat("[", 1_000_000), strings.Repeat(`{"a":`, 1_000_000), `{"x":"\"",` + strings.Repeat(`"a":[{`, 500),
	} {
		_, err := scanJSON([]byte(text), limits)
		require.ErrorContains(t, err, "64 levels")
	}
}

func TestWhatIsNoProtobufIsRefusedWithItsPlace(t *testing.T) {
	for _, data := range []string{
		"\x0a", "\x0a\x05\x12", "\x00\x00", "\x0b\x0c", "\x0f", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
	} {
		_, err := scanProtobuf([]byte(data), generous)
		require.ErrorContains(t, err, "not OTLP in protobuf", "%x", data)
	}
}

func TestTheWeightsCoverWhatDecodingTakes(t *testing.T) {
	members := inside(6, []byte(strings.Repeat("\x0a\x02\x12\x00", 50_000)))
	for name, data := range map[string][]byte{
		"records":    emptyRecords(200_000),
		"resources":  []byte(strings.Repeat("\x0a\x00", 200_000)),
		"scopes":     inside(1, []byte(strings.Repeat("\x12\x00", 200_000))),
		"attributes": inside(1, inside(2, inside(2, []byte(strings.Repeat("\x32\x00", 200_000))))),
		"members":    inside(1, inside(2, inside(2, inside(5, members)))),
		"values":     inside(1, inside(2, inside(2, inside(5, inside(5, []byte(strings.Repeat("\x0a\x00", 200_000))))))),
		"entities":   inside(1, inside(1, []byte(strings.Repeat("\x1a\x00", 200_000)))),
		"names":      inside(1, inside(1, inside(3, []byte(strings.Repeat("\x1a\x00", 200_000))))),
	} {
		found, err := scanProtobuf(data, generous)
		require.NoError(t, err, name)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		request := plogotlp.NewExportRequest()
		require.NoError(t, request.UnmarshalProto(data), name)
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(request)
		require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), found.memory(), name)
	}
}

func FuzzScanProtobuf(f *testing.F) {
	data, _ := ordinary().MarshalProto()
	f.Add(data)
	f.Add(nested(70))
	f.Add(emptyRecords(3))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := scanProtobuf(data, generous)
		if plogotlp.NewExportRequest().UnmarshalProto(data) == nil && err != nil {
			// The only requests that the receiver would take and that are refused have groups.
			t.Logf("refused: %v", err)
		}
	})
}

func FuzzScanJSON(f *testing.F) {
	data, _ := ordinary().MarshalJSON()
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := Limits{MaxRecords: 100, MaxValues: 1000, MaxDepth: 10}
		if _, err := scanJSON(data, limits); err == nil {
			_ = plogotlp.NewExportRequest().UnmarshalJSON(data) // must not panic within the limits
		}
	})
}
