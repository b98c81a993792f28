// Package jsonwriter appends values of records as JSON (RFC 8259), without blanks.
package jsonwriter

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Style says what is special about the JSON.
type Style struct {
	// Line is for JSON that stands on a line: what some readers take for the end of one is escaped (NEL, U+2028, U+2029),
	// and what is not UTF-8 becomes U+FFFD.
	Line bool
	// Numbers says that values of bytes hold numbers as they were written. Otherwise bytes become base64.
	Numbers bool
	// MaxDepth bounds the recursion; what lies deeper becomes null.
	MaxDepth int
}

// Value appends a value that lies in depth others.
func (s Style) Value(b []byte, value pcommon.Value, depth int) []byte {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		return s.String(b, value.Str())
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(b, value.Int(), 10)
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(b, value.Bool())
	case pcommon.ValueTypeDouble:
		return appendDouble(b, value.Double())
	case pcommon.ValueTypeBytes:
		if s.Numbers {
			return append(b, value.Bytes().AsRaw()...)
		}
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, value.Bytes().AsRaw())
		return append(b, '"')
	case pcommon.ValueTypeMap:
		return s.Map(b, value.Map(), depth+1)
	case pcommon.ValueTypeSlice:
		return s.Slice(b, value.Slice(), depth+1)
	}
	return append(b, "null"...)
}

// Map appends an object.
func (s Style) Map(b []byte, m pcommon.Map, depth int) []byte {
	if depth > s.MaxDepth {
		return append(b, "null"...)
	}
	b = append(b, '{')
	first := true
	m.Range(func(key string, value pcommon.Value) bool {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = s.String(b, key)
		b = append(b, ':')
		b = s.Value(b, value, depth)
		return true
	})
	return append(b, '}')
}

// Slice appends an array.
func (s Style) Slice(b []byte, values pcommon.Slice, depth int) []byte {
	if depth > s.MaxDepth {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i := range values.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.Value(b, values.At(i), depth)
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

// String appends a string.
func (s Style) String(b []byte, text string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if plainBytes[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if !s.Line {
				i++
				continue
			}
			r, size := utf8.DecodeRuneInString(text[i:])
			if replacement := lineEscape(r, size); replacement != "" {
				b = append(b, text[start:i]...)
				b = append(b, replacement...)
				start = i + size
			}
			i += size
			continue
		}
		b = append(b, text[start:i]...)
		b = appendEscape(b, c)
		i++
		start = i
	}
	b = append(b, text[start:]...)
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// lineEscape returns what stands for a character beyond ASCII, "" for itself.
func lineEscape(r rune, size int) string {
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
