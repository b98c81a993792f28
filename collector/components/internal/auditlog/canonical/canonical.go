// Package canonical reads JSON as strictly as the audit trail needs it, and writes its canonical bytes
// (docs/audit-format.md, section 1). It knows nothing of records.
package canonical

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Kind is the type of a value.
type Kind uint8

// The kinds. Foreign is a JSON value outside of the trail's domain: a number that is no integer of 53 bits, or a text
// with a lone surrogate.
const (
	Null Kind = iota
	Bool
	Integer
	Text
	List
	Map
	Foreign
)

// MaxInteger is the largest integer of the domain; the smallest is -MaxInteger.
const MaxInteger = 1<<53 - 1

// Value is one JSON value. Text has that of a Text, and what was written of a Foreign.
type Value struct {
	Kind    Kind
	Bool    bool
	Integer int64
	Text    string
	List    []Value
	Members []Member // sorted as in canonical bytes, without a name twice
}

// Member is one name of a map and its value.
type Member struct {
	Name  string
	Value Value
}

// Get returns the member of a map, or nil.
func (v *Value) Get(name string) *Value {
	for i := range v.Members {
		if v.Members[i].Name == name {
			return &v.Members[i].Value
		}
	}
	return nil
}

// Contains reports whether a text at any depth has the property.
func (v *Value) Contains(property func(text string) bool) bool {
	switch v.Kind {
	case Text, Foreign:
		return property(v.Text)
	case List:
		for i := range v.List {
			if v.List[i].Contains(property) {
				return true
			}
		}
	case Map:
		for i := range v.Members {
			if v.Members[i].Value.Contains(property) {
				return true
			}
		}
	}
	return false
}

// Append appends the canonical bytes of a value of the domain. It leaves out the members of the value itself that skip
// names; skip may be nil. ok is false if a Foreign is in it.
func Append(out []byte, v *Value, skip func(name string) bool) (bytes []byte, ok bool) {
	switch v.Kind {
	case Null:
		return append(out, "null"...), true
	case Bool:
		return strconv.AppendBool(out, v.Bool), true
	case Integer:
		return strconv.AppendInt(out, v.Integer, 10), true
	case Text:
		return appendText(out, v.Text), true
	case List:
		out = append(out, '[')
		for i := range v.List {
			if i > 0 {
				out = append(out, ',')
			}
			if out, ok = Append(out, &v.List[i], nil); !ok {
				return out, false
			}
		}
		return append(out, ']'), true
	case Map:
		out = append(out, '{')
		first := true
		for i := range v.Members {
			member := &v.Members[i]
			if skip != nil && skip(member.Name) {
				continue
			}
			if !first {
				out = append(out, ',')
			}
			first = false
			if !utf8.ValidString(member.Name) {
				return out, false
			}
			out = append(appendText(out, member.Name), ':')
			if out, ok = Append(out, &member.Value, nil); !ok {
				return out, false
			}
		}
		return append(out, '}'), true
	}
	return out, false
}

const hexadecimal = "0123456789abcdef"

func appendText(out []byte, text string) []byte {
	out = append(out, '"')
	from := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		out = append(out, text[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\b':
			out = append(out, '\\', 'b')
		case '\t':
			out = append(out, '\\', 't')
		case '\n':
			out = append(out, '\\', 'n')
		case '\f':
			out = append(out, '\\', 'f')
		case '\r':
			out = append(out, '\\', 'r')
		default:
			out = append(out, '\\', 'u', '0', '0', hexadecimal[c>>4], hexadecimal[c&15])
		}
	}
	return append(append(out, text[from:]...), '"')
}

// compareNames orders names as arrays of UTF-16 code units. A lone surrogate is in them as three bytes, as CESU-8 has it.
func compareNames(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) - len(b)
	}
	if a[i] < utf8.RuneSelf && b[i] < utf8.RuneSelf {
		return int(a[i]) - int(b[i])
	}
	for i > 0 && !utf8.RuneStart(a[i]) { // to the start of the character in which they differ
		i--
	}
	first, second := units(a[i:]), units(b[i:])
	if first[0] != second[0] {
		return int(first[0]) - int(second[0])
	}
	return int(first[1]) - int(second[1])
}

// units are the UTF-16 code units of the first character.
func units(text string) [2]uint16 {
	r, size := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && size == 1 && len(text) >= 3 && text[0] == 0xED {
		return [2]uint16{0xD000 | uint16(text[1]&0x3F)<<6 | uint16(text[2]&0x3F), 0}
	}
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return [2]uint16{uint16(high), uint16(low)}
	}
	return [2]uint16{uint16(r), 0}
}
