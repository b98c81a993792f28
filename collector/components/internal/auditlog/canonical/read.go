package canonical

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of a reader, so that hostile input costs no more memory than this. Both are far above those of a record.
const (
	MaxDepth  = 1_000
	MaxValues = 1_000_000
)

// ErrTooLarge is the error of JSON that is beyond the reader's limits, so it cannot say whether it is sound.
var ErrTooLarge = errors.New("more values or levels than this program reads")

// Read reads the one JSON value (RFC 8259) that data holds; data must be UTF-8, and no name may be twice in a map.
// It fails with ErrTooLarge beyond the limits.
func Read(data []byte) (Value, error) {
	if !utf8.Valid(data) {
		return Value{}, errors.New("not UTF-8")
	}
	r := reader{data: data, left: MaxValues}
	value, err := r.value(0)
	if err != nil {
		return Value{}, err
	}
	if r.space(); r.at < len(r.data) {
		return Value{}, r.unexpected()
	}
	return value, nil
}

type reader struct {
	data    []byte
	at      int
	left    int // values that may still come
	scratch []byte
}

func (r *reader) unexpected() error {
	if r.at >= len(r.data) {
		return errors.New("not JSON: it ends too early")
	}
	return fmt.Errorf("not JSON: unexpected %q at byte %d", rune(r.data[r.at]), r.at)
}

func (r *reader) space() {
	for r.at < len(r.data) {
		switch r.data[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *reader) peek() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

func (r *reader) word(text string) bool {
	if len(r.data)-r.at < len(text) || string(r.data[r.at:r.at+len(text)]) != text {
		return false
	}
	r.at += len(text)
	return true
}

func (r *reader) value(depth int) (Value, error) {
	if r.left--; r.left < 0 || depth > MaxDepth {
		return Value{}, ErrTooLarge
	}
	r.space()
	switch c := r.peek(); {
	case c == '{':
		return r.members(depth)
	case c == '[':
		return r.list(depth)
	case c == '"':
		text, sound, err := r.text()
		if !sound {
			return Value{Kind: Foreign, Text: text}, err
		}
		return Value{Kind: Text, Text: text}, err
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	case c == 't' && r.word("true"):
		return Value{Kind: Bool, Bool: true}, nil
	case c == 'f' && r.word("false"):
		return Value{Kind: Bool}, nil
	case c == 'n' && r.word("null"):
		return Value{Kind: Null}, nil
	}
	return Value{}, r.unexpected()
}

func (r *reader) list(depth int) (Value, error) {
	list := Value{Kind: List}
	r.at++
	if r.space(); r.peek() == ']' {
		r.at++
		return list, nil
	}
	for {
		item, err := r.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		list.List = append(list.List, item)
		r.space()
		switch r.peek() {
		case ',':
			r.at++
		case ']':
			r.at++
			return list, nil
		default:
			return Value{}, r.unexpected()
		}
	}
}

func (r *reader) members(depth int) (Value, error) {
	object := Value{Kind: Map}
	r.at++
	if r.space(); r.peek() == '}' {
		r.at++
		return object, nil
	}
	for {
		if r.space(); r.peek() != '"' {
			return Value{}, r.unexpected()
		}
		name, _, err := r.text()
		if err != nil {
			return Value{}, err
		}
		if r.space(); r.peek() != ':' {
			return Value{}, r.unexpected()
		}
		r.at++
		value, err := r.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		object.Members = append(object.Members, Member{name, value})
		r.space()
		switch r.peek() {
		case ',':
			r.at++
		case '}':
			r.at++
			return object, sortMembers(object.Members)
		default:
			return Value{}, r.unexpected()
		}
	}
}

func sortMembers(members []Member) error {
	compare := func(a, b Member) int { return compareNames(a.Name, b.Name) }
	if !slices.IsSortedFunc(members, compare) {
		slices.SortFunc(members, compare)
	}
	for i := 1; i < len(members); i++ {
		if members[i].Name == members[i-1].Name {
			return fmt.Errorf("the name %.40q is twice in one map", members[i].Name)
		}
	}
	return nil
}

// number reads a number; one that is no integer of the domain, and -0, is Foreign.
func (r *reader) number() (Value, error) {
	from, whole := r.at, true
	digits := func() bool {
		start := r.at
		for c := r.peek(); c >= '0' && c <= '9'; c = r.peek() {
			r.at++
		}
		return r.at > start
	}
	if r.peek() == '-' {
		r.at++
	}
	if r.peek() == '0' {
		r.at++
	} else if !digits() {
		return Value{}, r.unexpected()
	}
	if r.peek() == '.' {
		r.at++
		whole = false
		if !digits() {
			return Value{}, r.unexpected()
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.at++
		whole = false
		if c := r.peek(); c == '+' || c == '-' {
			r.at++
		}
		if !digits() {
			return Value{}, r.unexpected()
		}
	}
	text := string(r.data[from:r.at])
	integer, err := strconv.ParseInt(text, 10, 64)
	if !whole || err != nil || text == "-0" || integer > MaxInteger || integer < -MaxInteger {
		return Value{Kind: Foreign, Text: text}, nil
	}
	return Value{Kind: Integer, Integer: integer}, nil
}

// text reads a text. sound is false if it has a lone surrogate.
func (r *reader) text() (text string, sound bool, err error) {
	r.at++
	from := r.at
	for r.at < len(r.data) {
		switch c := r.data[r.at]; {
		case c == '"':
			r.at++
			return string(r.data[from : r.at-1]), true, nil
		case c == '\\':
			return r.escaped(from)
		case c < 0x20:
			return "", true, r.unexpected()
		}
		r.at++
	}
	return "", true, r.unexpected()
}

// escaped reads the rest of a text from its first escape on.
func (r *reader) escaped(from int) (text string, sound bool, err error) {
	out := append(r.scratch[:0], r.data[from:r.at]...)
	defer func() { r.scratch = out[:0] }()
	sound = true
	for r.at < len(r.data) {
		c := r.data[r.at]
		switch {
		case c == '"':
			r.at++
			return string(out), sound, nil
		case c < 0x20:
			return "", sound, r.unexpected()
		case c != '\\':
			out = append(out, c)
			r.at++
			continue
		}
		r.at++
		escape := r.peek()
		if escape == 'u' {
			character, lone, ok := r.character()
			if !ok {
				return "", sound, r.unexpected()
			}
			if lone {
				sound = false
				out = append(out, 0xE0|byte(character>>12), 0x80|byte(character>>6)&0xBF, 0x80|byte(character)&0xBF)
			} else {
				out = utf8.AppendRune(out, character)
			}
			continue
		}
		plain, known := escapes[escape]
		if !known {
			return "", sound, r.unexpected()
		}
		out = append(out, plain)
		r.at++
	}
	return "", sound, r.unexpected()
}

var escapes = map[byte]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// character reads from the u of an escape on; two escapes if they are a pair of surrogates.
func (r *reader) character() (character rune, lone, ok bool) {
	first, ok := r.unit()
	if !ok || !utf16.IsSurrogate(first) {
		return first, false, ok
	}
	if r.at+1 < len(r.data) && r.data[r.at] == '\\' && r.data[r.at+1] == 'u' {
		before := r.at
		r.at++
		second, ok := r.unit()
		if !ok {
			return 0, false, false
		}
		if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
			return pair, false, true
		}
		r.at = before
	}
	return first, true, true
}

func (r *reader) unit() (rune, bool) {
	if len(r.data)-r.at < 5 {
		r.at = len(r.data)
		return 0, false
	}
	value, err := strconv.ParseUint(string(r.data[r.at+1:r.at+5]), 16, 16)
	if err != nil {
		return 0, false
	}
	r.at += 5
	return rune(value), true
}
