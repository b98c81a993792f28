package aegisredact

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// looksLikeJSON says whether a text may be a JSON object or array, by its first and last character.
func looksLikeJSON(text string) bool {
	trimmed := strings.TrimSpace(text)
	if len(trimmed) < 2 {
		return false
	}
	first, last := trimmed[0], trimmed[len(trimmed)-1]
	return first == '{' && last == '}' || first == '[' && last == ']'
}

// redactJSON redacts a text that is one JSON object or array (RFC 8259). ok is false when it is not, or
// when it nests too deep: the caller then treats it as plain text.
func (e *engine) redactJSON(text string, depth int) (out string, changed, ok bool) {
	t := jsonText{engine: e, in: text, out: make([]byte, 0, len(text))}
	t.blanks()
	if !t.value(depth) {
		return "", false, false
	}
	t.blanks()
	if t.at != len(t.in) {
		return "", false, false
	}
	return string(t.out), t.changed, true
}

// jsonText walks a JSON text once and writes it redacted, without insignificant blanks, all in one go.
type jsonText struct {
	engine  *engine
	in      string
	at      int
	out     []byte
	changed bool
}

func (t *jsonText) value(depth int) bool {
	if t.at >= len(t.in) || depth > t.engine.maxDepth {
		return false
	}
	switch c := t.in[t.at]; {
	case c == '{':
		return t.object(depth)
	case c == '[':
		return t.array(depth)
	case c == '"':
		text, ok := t.str()
		if ok {
			t.writeString(t.redacted(text, depth))
		}
		return ok
	case c == '-' || isDigit(c):
		return t.number()
	}
	for _, literal := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(t.in[t.at:], literal) {
			t.at += len(literal)
			t.out = append(t.out, literal...)
			return true
		}
	}
	return false
}

func (t *jsonText) redacted(text string, depth int) string {
	masked, changed := t.engine.redactText(text, depth+1)
	t.changed = t.changed || changed
	return masked
}

func (t *jsonText) object(depth int) bool {
	t.out = append(t.out, '{')
	t.at++
	t.blanks()
	for first := true; ; first = false {
		if t.at >= len(t.in) {
			return false
		}
		if t.in[t.at] == '}' && first {
			break
		}
		if !first {
			t.out = append(t.out, ',')
		}
		if !t.member(depth) {
			return false
		}
		t.blanks()
		if t.take('}') {
			t.out = append(t.out, '}')
			return true
		}
		if !t.take(',') {
			return false
		}
		t.blanks()
	}
	t.at++
	t.out = append(t.out, '}')
	return true
}

func (t *jsonText) member(depth int) bool {
	key, ok := t.str()
	if !ok {
		return false
	}
	verdict := t.engine.key(key)
	if verdict.renamed != "" {
		t.changed = true
		t.writeString(verdict.renamed)
	} else {
		t.writeString(key)
	}
	t.blanks()
	if !t.take(':') {
		return false
	}
	t.out = append(t.out, ':')
	t.blanks()
	if verdict.kind == noKind {
		return t.value(depth + 1)
	}
	return t.secret(verdict.kind, depth+1)
}

// secret writes the mask in place of the value at hand, unless that has nothing to hide.
func (t *jsonText) secret(kind, depth int) bool {
	written, changed, start := len(t.out), t.changed, t.at
	if !t.value(depth) {
		return false
	}
	raw := t.in[start:t.at]
	switch {
	case raw == "null" || raw == "true" || raw == "false" || raw == `""` || raw == "{}" || raw == "[]":
		return true
	case raw[0] == '{' || raw[0] == '[':
		raw = ""
	case raw[0] == '"':
		again := jsonText{in: t.in, at: start}
		raw, _ = again.str()
		if t.engine.isMask(raw) {
			return true
		}
	}
	t.out, t.changed = t.out[:written], changed
	t.writeString(t.engine.mask(kind, raw))
	t.changed = true
	return true
}

func (t *jsonText) array(depth int) bool {
	t.out = append(t.out, '[')
	t.at++
	t.blanks()
	if t.take(']') {
		t.out = append(t.out, ']')
		return true
	}
	for {
		if !t.value(depth + 1) {
			return false
		}
		t.blanks()
		if t.take(']') {
			t.out = append(t.out, ']')
			return true
		}
		if !t.take(',') {
			return false
		}
		t.out = append(t.out, ',')
		t.blanks()
	}
}

func (t *jsonText) number() bool {
	start := t.at
	for t.at < len(t.in) {
		c := t.in[t.at]
		if !isDigit(c) && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			break
		}
		t.at++
	}
	raw := t.in[start:t.at]
	number, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return false
	}
	if masked, changed := t.engine.redactNumber(number, raw); changed {
		t.changed = true
		t.writeString(masked)
	} else {
		t.out = append(t.out, raw...)
	}
	return true
}

// str reads a JSON string and undoes its escapes.
func (t *jsonText) str() (string, bool) {
	if !t.take('"') {
		return "", false
	}
	start := t.at
	for t.at < len(t.in) {
		switch c := t.in[t.at]; {
		case c == '"':
			t.at++
			return t.in[start : t.at-1], true
		case c == '\\':
			return t.escapedString(start)
		case c < 0x20:
			return "", false
		default:
			t.at++
		}
	}
	return "", false
}

func (t *jsonText) escapedString(start int) (string, bool) {
	text := []byte(t.in[start:t.at])
	for t.at < len(t.in) {
		c := t.in[t.at]
		t.at++
		switch {
		case c == '"':
			return string(text), true
		case c < 0x20:
			return "", false
		case c != '\\':
			text = append(text, c)
			continue
		}
		if t.at >= len(t.in) {
			return "", false
		}
		escape := t.in[t.at]
		t.at++
		switch escape {
		case '"', '\\', '/':
			text = append(text, escape)
		case 'b':
			text = append(text, '\b')
		case 'f':
			text = append(text, '\f')
		case 'n':
			text = append(text, '\n')
		case 'r':
			text = append(text, '\r')
		case 't':
			text = append(text, '\t')
		case 'u':
			r, ok := t.hex4()
			if !ok {
				return "", false
			}
			if utf16.IsSurrogate(r) && strings.HasPrefix(t.in[t.at:], `\u`) {
				mark := t.at
				t.at += 2
				if second, ok := t.hex4(); ok && utf16.DecodeRune(r, second) != utf8.RuneError {
					r = utf16.DecodeRune(r, second)
				} else {
					t.at = mark
				}
			}
			text = utf8.AppendRune(text, r)
		default:
			return "", false
		}
	}
	return "", false
}

func (t *jsonText) hex4() (rune, bool) {
	if t.at+4 > len(t.in) {
		return 0, false
	}
	n, err := strconv.ParseUint(t.in[t.at:t.at+4], 16, 32)
	t.at += 4
	return rune(n), err == nil
}

func (t *jsonText) take(c byte) bool {
	if t.at < len(t.in) && t.in[t.at] == c {
		t.at++
		return true
	}
	return false
}

func (t *jsonText) blanks() {
	for t.at < len(t.in) {
		switch t.in[t.at] {
		case ' ', '\t', '\n', '\r':
			t.at++
		default:
			return
		}
	}
}

func (t *jsonText) writeString(s string) {
	const hex = "0123456789abcdef"
	t.out = append(t.out, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			t.out = append(t.out, '\\', c)
		case c >= 0x20:
			t.out = append(t.out, c)
		case c == '\n':
			t.out = append(t.out, '\\', 'n')
		case c == '\r':
			t.out = append(t.out, '\\', 'r')
		case c == '\t':
			t.out = append(t.out, '\\', 't')
		default:
			t.out = append(t.out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	t.out = append(t.out, '"')
}
