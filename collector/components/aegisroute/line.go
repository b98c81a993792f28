package aegisroute

import (
	"encoding/hex"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/jsonwriter"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/names"
)

// lineWriter writes records as the JSON object that console, files and Loki lines share: fixed fields
// first, then the attributes. It appends to one buffer, since this is done for every record.
type lineWriter struct {
	buf    []byte
	kept   strings.Builder // what keep has returned lies in here
	types  typeNotes
	second int64  // of the time text that stamp holds
	stamp  []byte // "2006-01-02T15:04:05"
}

// maxLineDepth bounds the recursion into attributes; redaction cuts them long before.
const maxLineDepth = 64

var lineJSON = jsonwriter.Style{Line: true, MaxDepth: maxLineDepth}

// line returns the record's JSON line, and remembers it for the next store that wants it.
func (w *lineWriter) line(f *fields) string {
	if f.line == "" {
		w.write(f)
		f.line = w.keep(w.buf)
	}
	return f.line
}

// keptBytes is the memory that is taken at once for texts; all in there go together.
const keptBytes = 64 << 10

// keep returns a text of its own, without memory of its own for each.
func (w *lineWriter) keep(text []byte) string {
	if w.kept.Cap()-w.kept.Len() < len(text) {
		w.kept = strings.Builder{}
		w.kept.Grow(max(keptBytes, len(text)))
	}
	start := w.kept.Len()
	w.kept.Write(text)
	return w.kept.String()[start:]
}

// hex returns the text of an id.
func (w *lineWriter) hex(id []byte) string {
	w.buf = hex.AppendEncode(w.buf[:0], id)
	return w.keep(w.buf)
}

func (w *lineWriter) write(f *fields) {
	b := append(w.buf[:0], `{"timestamp":"`...)
	b = w.appendTime(b, timeOf(f))
	b = append(b, `","level":"`...)
	b = append(b, f.level...)
	b = append(b, `","message":`...)
	b = lineJSON.String(b, f.message)
	b = append(b, `,"service":`...)
	b = lineJSON.String(b, f.service)
	if f.environment != "" {
		b = append(b, `,"environment":`...)
		b = lineJSON.String(b, f.environment)
	}
	if f.correlationID != "" {
		b = append(b, `,"correlationId":`...)
		b = lineJSON.String(b, f.correlationID)
	}
	if f.traceID != "" {
		b = append(b, `,"traceId":"`...)
		b = append(b, f.traceID...)
		b = append(b, '"')
	}
	if f.spanID != "" {
		b = append(b, `,"spanId":"`...)
		b = append(b, f.spanID...)
		b = append(b, '"')
	}
	if f.logger != "" {
		b = append(b, `,"logger":`...)
		b = lineJSON.String(b, f.logger)
	}
	b = appendAttributes(b, f)
	w.buf = append(b, '}')
}

func appendAttributes(b []byte, f *fields) []byte {
	attributes := f.record.Attributes()
	hasCompliance := false
	attributes.Range(func(key string, value pcommon.Value) bool {
		switch key {
		case names.CorrelationID:
			return true
		case names.ExceptionType, names.ExceptionMessage, names.ExceptionStack:
			if f.errorName != "" {
				return true
			}
		case names.ComplianceLevel:
			hasCompliance = true
		}
		b = appendMember(b, key, value)
		return true
	})
	if f.hasRest {
		f.bodyRest.Range(func(key string, value pcommon.Value) bool {
			if _, taken := attributes.Get(key); !taken && !isMessageOf(f, key, value) {
				b = appendMember(b, key, value)
			}
			return true
		})
	}
	if f.compliance != "" && !hasCompliance {
		b = append(b, `,"complianceLevel":`...)
		b = lineJSON.String(b, f.compliance)
	}
	if f.errorName != "" {
		b = appendError(b, f)
	}
	return b
}

func isMessageOf(f *fields, key string, value pcommon.Value) bool {
	return (key == "message" || key == "msg" || key == "log") &&
		value.Type() == pcommon.ValueTypeStr && value.Str() == f.message
}

func appendError(b []byte, f *fields) []byte {
	b = append(b, `,"errorName":`...)
	b = lineJSON.String(b, f.errorName)
	b = append(b, `,"errorMessage":`...)
	b = lineJSON.String(b, f.errorMessage)
	b = append(b, `,"error":{"name":`...)
	b = lineJSON.String(b, f.errorName)
	b = append(b, `,"message":`...)
	b = lineJSON.String(b, f.errorMessage)
	b = append(b, `,"stack":`...)
	b = lineJSON.String(b, f.errorStack)
	return append(b, '}')
}

func appendMember(b []byte, key string, value pcommon.Value) []byte {
	b = append(b, ',')
	if isReserved(key) {
		key = names.ExtraPrefix + key
	}
	b = lineJSON.String(b, key)
	b = append(b, ':')
	return lineJSON.Value(b, value, 0)
}

// appendTime writes the time in UTC with milliseconds; the text of the last second is kept.
func (w *lineWriter) appendTime(b []byte, nanos int64) []byte {
	second := nanos / 1e9
	milli := (nanos - second*1e9) / 1e6
	if milli < 0 {
		second, milli = second-1, milli+1000
	}
	if second != w.second || len(w.stamp) == 0 {
		w.second = second
		w.stamp = time.Unix(second, 0).UTC().AppendFormat(w.stamp[:0], "2006-01-02T15:04:05")
	}
	b = append(b, w.stamp...)
	b = append(b, '.', byte('0'+milli/100), byte('0'+milli/10%10), byte('0'+milli%10))
	return append(b, 'Z')
}

func timeOf(f *fields) int64 {
	if t := f.record.Timestamp(); t != 0 {
		return int64(t)
	}
	if t := f.record.ObservedTimestamp(); t != 0 {
		return int64(t)
	}
	return time.Now().UnixNano()
}
