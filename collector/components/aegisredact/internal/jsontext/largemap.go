package jsontext

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/encoding/protowire"
)

// largeObject is how many members an object has before its keys are found by a hash: pcommon.Map compares each new key
// with all that it has.
const largeObject = 256

// largeMap collects the members of a large JSON object.
type largeMap struct {
	keys   []string
	values []pcommon.Value
	index  map[string]int
}

// newLargeMap takes over the members of a map.
func newLargeMap(from pcommon.Map) *largeMap {
	m := &largeMap{index: map[string]int{}}
	from.Range(func(key string, value pcommon.Value) bool {
		value.MoveTo(m.put(key))
		return true
	})
	return m
}

// put returns the empty value of a key; that of an earlier member with the same key is gone.
func (m *largeMap) put(key string) pcommon.Value {
	value := pcommon.NewValueEmpty()
	if at, found := m.index[key]; found {
		m.values[at] = value
		return value
	}
	m.index[key] = len(m.keys)
	m.keys = append(m.keys, key)
	m.values = append(m.values, value)
	return value
}

// moveTo makes the map. Only the decoder of OTLP makes one without comparing keys, so it gets one with empty values (the
// numbers of the fields are those of opentelemetry/proto/logs/v1 and common/v1).
func (m *largeMap) moveTo(to pcommon.Map) bool {
	var members []byte
	for _, key := range m.keys {
		member := protowire.AppendTag(nil, 1, protowire.BytesType)
		members = appendField(members, 1, protowire.AppendString(member, key))
	}
	body := appendField(nil, 6, members) // AnyValue.kvlist_value
	for _, field := range []protowire.Number{5, 2, 2, 1} {
		body = appendField(nil, field, body) // LogRecord.body, ScopeLogs.log_records, ResourceLogs.scope_logs, resource_logs
	}
	logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(body)
	if err != nil {
		return false
	}
	made := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Map()
	i := 0
	made.Range(func(_ string, value pcommon.Value) bool {
		m.values[i].MoveTo(value)
		i++
		return true
	})
	made.MoveTo(to)
	return i == len(m.keys)
}

func appendField(b []byte, number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), content)
}
