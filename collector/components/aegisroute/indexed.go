package aegisroute

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/names"
)

// What VictoriaLogs 1.52 takes of one record with its default flags. It answers 200 and drops the whole record where
// one of these is exceeded, so the shape stays below them.
const (
	maxFieldName   = 128
	maxFieldCount  = 950       // of 1,000; the rest is for the fields of the record itself and of OTLP
	maxRecordBytes = 2_000_000 // of 2 MiB, as VictoriaLogs estimates the record in JSON
)

const (
	otherFields  = "otherFields" // JSON of the attributes that the store could not hold as fields
	fieldTypes   = "fieldTypes"  // JSON: which fields are no texts, as the store keeps all values as text
	cutField     = "cut"         // what had to be left out
	bytesOfField = 12            // quotes, colons, commas
)

// addIndexed writes the record for a store that indexes each field and flattens maps (VictoriaLogs): the message is
// the body, each field an attribute under the name that the JSON line has. Nothing else is written, as the store would
// make fields of it.
func (b *batch) addIndexed(f *fields, lines *lineWriter) {
	record := b.single().AppendEmpty()
	record.SetTimestamp(pcommon.Timestamp(timeOf(f)))
	w := indexedWriter{
		out: record.Attributes(), source: f.record.Attributes(), types: &lines.types,
		room: maxRecordBytes, fields: maxFieldCount,
	}
	w.types.reset()
	w.out.EnsureCapacity(w.source.Len() + 9)
	message := cutText(f.message, maxRecordBytes/2)
	w.left += len(f.message) - len(message)
	w.room -= len(message)
	record.Body().SetStr(message)
	putOwn(w.out, f)
	w.room -= len(f.service) + len(f.environment) + len(f.correlationID) + len(f.logger) + len(f.compliance) + 1000
	if f.errorName != "" {
		short := *f
		short.errorMessage = cutText(f.errorMessage, maxRecordBytes/16)
		short.errorStack = cutText(f.errorStack, maxRecordBytes/8)
		w.left += len(f.errorMessage) - len(short.errorMessage) + len(f.errorStack) - len(short.errorStack)
		w.room -= 2*len(f.errorName) + 2*len(short.errorMessage) + len(short.errorStack)
		putError(w.out, &short)
		if detail, ok := w.out.Get(names.Error); ok {
			w.types.note(names.Error, detail)
		}
	}
	w.rest = append(lines.buf[:0], '{')
	eachAttribute(f, w.put)
	if len(w.rest) > 1 {
		w.out.PutStr(otherFields, lines.keep(append(w.rest, '}')))
	}
	lines.buf = w.types.append(w.rest[:0])
	if len(lines.buf) > 0 {
		w.out.PutStr(fieldTypes, lines.keep(lines.buf))
	}
	if w.left > 0 {
		w.out.PutStr(cutField, fmt.Sprintf("%d bytes of this record are left out: the store takes 2 MiB", w.left))
	}
}

// indexedWriter puts attributes into a record as long as the store can hold them.
type indexedWriter struct {
	out    pcommon.Map
	source pcommon.Map
	types  *typeNotes
	rest   []byte // JSON of what goes to otherFields, without its end
	room   int    // bytes
	fields int    // how many more there may be
	left   int    // bytes that had to be left out
}

func (w *indexedWriter) put(key string, value pcommon.Value) {
	if isTaken(key) {
		key = names.ExtraPrefix + key
	}
	size := sizeOf(key, value, 0)
	switch {
	case size.bytes > w.room:
		w.left += size.bytes
		return
	case size.longestName > maxFieldName || size.fields > w.fields || w.isBelowMap(key):
		if len(w.rest) > 1 {
			w.rest = append(w.rest, ',')
		}
		w.rest = lineJSON.String(w.rest, key)
		w.rest = append(w.rest, ':')
		w.rest = lineJSON.Value(w.rest, value, 0)
	default:
		value.CopyTo(w.out.PutEmpty(key))
		w.fields -= size.fields
		w.types.note(key, value)
	}
	w.room -= size.bytes
}

// isBelowMap says whether the store would write the attribute under the name of a member of another one, which is a map.
func (w *indexedWriter) isBelowMap(key string) bool {
	for i := range len(key) {
		if key[i] != '.' {
			continue
		}
		if value, ok := w.source.Get(key[:i]); ok && value.Type() == pcommon.ValueTypeMap {
			return true
		}
	}
	return false
}

// isTaken says whether the name belongs to the record itself, to the store, or to this shape.
func isTaken(name string) bool {
	switch name {
	case "", "_msg", "_time", "_stream", "_stream_id", otherFields, fieldTypes, cutField:
		return true
	}
	return isReserved(name)
}

// fieldSize is how much room a value takes in the store.
type fieldSize struct{ fields, longestName, bytes int }

// sizeOf measures a value whose field has this name; a list is one field of JSON text.
func sizeOf(name string, value pcommon.Value, depth int) fieldSize {
	own := fieldSize{fields: 1, longestName: len(name), bytes: 2*len(name) + bytesOfField} // its name is in fieldTypes, too
	switch value.Type() {
	case pcommon.ValueTypeStr:
		own.bytes += len(value.Str())
	case pcommon.ValueTypeBytes:
		own.bytes += value.Bytes().Len() * 4 / 3
	case pcommon.ValueTypeSlice:
		own.bytes += len(lineJSON.Slice(nil, value.Slice(), depth+1))
	case pcommon.ValueTypeMap:
		return sizeOfMembers(name, value.Map(), depth+1)
	default:
		own.bytes += 24
	}
	return own
}

func sizeOfMembers(name string, members pcommon.Map, depth int) fieldSize {
	whole := fieldSize{}
	if depth > maxLineDepth {
		return fieldSize{longestName: maxFieldName + 1} // the JSON writer, which writes it then, knows where to stop
	}
	members.Range(func(key string, value pcommon.Value) bool {
		one := sizeOf(name+"."+key, value, depth)
		whole.fields += one.fields
		whole.bytes += one.bytes
		whole.longestName = max(whole.longestName, one.longestName)
		if key == "" { // the store leaves it out
			whole.longestName = maxFieldName + 1
		}
		return true
	})
	return whole
}

// cutText returns at most so many bytes of a text, of whole characters.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.Clone(text[:most])
}
