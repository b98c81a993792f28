package aegisroute

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
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
	b = appendString(b, f.message)
	b = append(b, `,"service":`...)
	b = appendString(b, f.service)
	if f.environment != "" {
		b = append(b, `,"environment":`...)
		b = appendString(b, f.environment)
	}
	if f.correlationID != "" {
		b = append(b, `,"correlationId":`...)
		b = appendString(b, f.correlationID)
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
		b = appendString(b, f.logger)
	}
	b = appendAttributes(b, f)
	w.buf = append(b, '}')
}

func appendAttributes(b []byte, f *fields) []byte {
	attributes := f.record.Attributes()
	hasCompliance := false
	attributes.Range(func(key string, value pcommon.Value) bool {
		switch key {
		case attrCorrelationID:
			return true
		case attrExceptionType, attrExceptionMessage, attrExceptionStack:
			if f.errorName != "" {
				return true
			}
		case attrComplianceLevel:
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
		b = appendString(b, f.compliance)
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
	b = appendString(b, f.errorName)
	b = append(b, `,"errorMessage":`...)
	b = appendString(b, f.errorMessage)
	b = append(b, `,"error":{"name":`...)
	b = appendString(b, f.errorName)
	b = append(b, `,"message":`...)
	b = appendString(b, f.errorMessage)
	b = append(b, `,"stack":`...)
	b = appendString(b, f.errorStack)
	return append(b, '}')
}

func appendMember(b []byte, key string, value pcommon.Value) []byte {
	b = append(b, ',')
	if isReserved(key) {
		key = extraPrefix + key
	}
	b = appendString(b, key)
	b = append(b, ':')
	return appendValue(b, value, 0)
}

func appendValue(b []byte, value pcommon.Value, depth int) []byte {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		return appendString(b, value.Str())
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(b, value.Int(), 10)
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(b, value.Bool())
	case pcommon.ValueTypeDouble:
		return appendDouble(b, value.Double())
	case pcommon.ValueTypeBytes:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, value.Bytes().AsRaw())
		return append(b, '"')
	case pcommon.ValueTypeMap:
		return appendMap(b, value.Map(), depth+1)
	case pcommon.ValueTypeSlice:
		return appendSlice(b, value.Slice(), depth+1)
	}
	return append(b, "null"...)
}

func appendMap(b []byte, m pcommon.Map, depth int) []byte {
	if depth > maxLineDepth {
		return append(b, "null"...)
	}
	b = append(b, '{')
	first := true
	m.Range(func(key string, value pcommon.Value) bool {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(b, key)
		b = append(b, ':')
		b = appendValue(b, value, depth)
		return true
	})
	return append(b, '}')
}

func appendSlice(b []byte, s pcommon.Slice, depth int) []byte {
	if depth > maxLineDepth {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i := range s.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, s.At(i), depth)
	}
	return append(b, ']')
}

// appendDouble writes a number as encoding/json does; what JSON has no number for becomes a string.
func appendDouble(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	}
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, v, format, -1, 64)
}

const hexDigits = "0123456789abcdef"

// plainBytes are the bytes that a JSON string holds as they are (RFC 8259, section 7).
var plainBytes = func() (plain [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// appendString writes a JSON string; what is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plainBytes[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if replacement := escapeOf(r, size); replacement != "" {
				b = append(b, s[start:i]...)
				b = append(b, replacement...)
				start = i + size
			}
			i += size
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// escapeOf returns what stands for a character beyond ASCII, "" for itself. Some readers end a line at
// NEL, U+2028 and U+2029, so these are escaped.
func escapeOf(r rune, size int) string {
	switch {
	case r == utf8.RuneError && size == 1:
		return "\uFFFD"
	case r == 0x85:
		return `\u0085`
	case r == 0x2028:
		return `\u2028`
	case r == 0x2029:
		return `\u2029`
	}
	return ""
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
