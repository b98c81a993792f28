package aegisroute

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// typeNotes are the names of fields by what they are, for a store that keeps all values as text and flattens maps. A field
// that is in none of the lists is a text.
type typeNotes struct{ lists [len(typeLetters)][]byte }

// typeLetters are the keys of the lists: numbers, booleans, JSON (lists), maps, empty texts, nulls. A store that leaves out
// empty values has the last two in these lists only.
const typeLetters = "nbjmez"

const (
	typeNumber = iota
	typeBool
	typeJSON
	typeMap
	typeEmpty
	typeNull
)

func (t *typeNotes) reset() {
	for i := range t.lists {
		t.lists[i] = t.lists[i][:0]
	}
}

// note adds a value, and the members of a map with the name of the map and a dot before theirs.
func (t *typeNotes) note(name string, value pcommon.Value) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		if value.Str() == "" {
			t.add(typeEmpty, name)
		}
	case pcommon.ValueTypeInt:
		t.add(typeNumber, name)
	case pcommon.ValueTypeDouble:
		if number := value.Double(); !math.IsNaN(number) && !math.IsInf(number, 0) {
			t.add(typeNumber, name)
		}
	case pcommon.ValueTypeBool:
		t.add(typeBool, name)
	case pcommon.ValueTypeSlice:
		t.add(typeJSON, name)
	case pcommon.ValueTypeMap:
		t.add(typeMap, name)
		value.Map().Range(func(key string, member pcommon.Value) bool {
			t.note(name+"."+key, member)
			return true
		})
	case pcommon.ValueTypeEmpty:
		t.add(typeNull, name)
	}
}

func (t *typeNotes) add(list int, name string) {
	if len(t.lists[list]) > 0 {
		t.lists[list] = append(t.lists[list], ',')
	}
	t.lists[list] = lineJSON.String(t.lists[list], name)
}

// append writes the lists as a JSON object, and nothing where all fields are texts.
func (t *typeNotes) append(b []byte) []byte {
	start := len(b)
	for i, names := range t.lists {
		if len(names) == 0 {
			continue
		}
		if len(b) == start {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(b, '"', typeLetters[i], '"', ':', '[')
		b = append(b, names...)
		b = append(b, ']')
	}
	if len(b) > start {
		b = append(b, '}')
	}
	return b
}
