// Package jsontext reads a text that is a JSON object or array (RFC 8259) into a value and writes it again. Numbers are
// kept as they were written, as bytes, which JSON does not have.
package jsontext

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/jsonwriter"
)

const (
	// A text with a larger object, or with more levels, is read as plain text (README.md).
	maxMembers = 100_000
	maxDepth   = 512
)

var written = jsonwriter.Style{Numbers: true, MaxDepth: maxDepth + 1}

// LooksLike says whether a text may be a JSON object or array, by its first and last character.
func LooksLike(text string) bool {
	if len(text) < 2 {
		return false
	}
	first, last := text[0], text[len(text)-1]
	return (first == '{' || first == '[') && (last == '}' || last == ']')
}

// Parse reads a text that is one JSON object or array. ok is false when it is not, or goes beyond the limits.
func Parse(text string) (value pcommon.Value, ok bool) {
	p := parser{in: text}
	value = pcommon.NewValueEmpty()
	ok = p.value(value, 0) && p.at == len(p.in)
	return value, ok
}

// Append writes a value that Parse has read, without blanks.
func Append(b []byte, value pcommon.Value) []byte { return written.Value(b, value, 0) }

// parser reads a JSON text from a place on.
type parser struct {
	in string
	at int
}

func (p *parser) value(to pcommon.Value, depth int) bool {
	p.blanks()
	if p.at >= len(p.in) || depth > maxDepth {
		return false
	}
	switch c := p.in[p.at]; {
	case c == '{':
		p.at++
		return p.object(to.SetEmptyMap(), depth)
	case c == '[':
		p.at++
		return p.array(to.SetEmptySlice(), depth)
	case c == '"':
		text, ok := p.str()
		to.SetStr(text)
		return ok && p.blanks()
	case c == '-' || chars.IsDigit(c):
		return p.number(to)
	}
	switch {
	case p.literal("true"):
		to.SetBool(true)
	case p.literal("false"):
		to.SetBool(false)
	case !p.literal("null"):
		return false
	}
	return p.blanks()
}

func (p *parser) object(to pcommon.Map, depth int) bool {
	if p.blanks(); p.take('}') {
		return p.blanks()
	}
	put := to.PutEmpty
	var large *largeMap
	for members := 1; members <= maxMembers; members++ {
		if members == largeObject {
			large = newLargeMap(to)
			put = large.put
		}
		p.blanks()
		key, ok := p.str()
		if p.blanks(); !ok || !p.take(':') || !p.value(put(key), depth+1) {
			return false
		}
		if p.take('}') {
			return p.blanks() && (large == nil || large.moveTo(to))
		}
		if !p.take(',') {
			return false
		}
	}
	return false
}

func (p *parser) array(to pcommon.Slice, depth int) bool {
	if p.blanks(); p.take(']') {
		return p.blanks()
	}
	for {
		if !p.value(to.AppendEmpty(), depth+1) {
			return false
		}
		if p.take(']') {
			return p.blanks()
		}
		if !p.take(',') {
			return false
		}
	}
}

func (p *parser) number(to pcommon.Value) bool {
	start := p.at
	for p.at < len(p.in) {
		c := p.in[p.at]
		if !chars.IsDigit(c) && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			break
		}
		p.at++
	}
	raw := p.in[start:p.at]
	to.SetEmptyBytes().FromRaw([]byte(raw))
	return isNumber(raw) && p.blanks()
}

// isNumber checks the grammar of RFC 8259, section 6.
func isNumber(s string) bool {
	digits := func() bool {
		n := 0
		for n < len(s) && chars.IsDigit(s[n]) {
			n++
		}
		s = s[n:]
		return n > 0
	}
	s = strings.TrimPrefix(s, "-")
	if strings.HasPrefix(s, "0") {
		s = s[1:]
	} else if !digits() {
		return false
	}
	if strings.HasPrefix(s, ".") {
		if s = s[1:]; !digits() {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = strings.TrimLeft(s[1:], "+-")
		return digits() && s == ""
	}
	return s == ""
}

// str reads a JSON string and undoes its escapes.
func (p *parser) str() (string, bool) {
	if !p.take('"') {
		return "", false
	}
	start := p.at
	for p.at < len(p.in) {
		switch c := p.in[p.at]; {
		case c == '"':
			p.at++
			return p.in[start : p.at-1], true
		case c == '\\':
			return p.escapedString(start)
		case c < 0x20:
			return "", false
		default:
			p.at++
		}
	}
	return "", false
}

var escapes = map[byte]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

func (p *parser) escapedString(start int) (string, bool) {
	text := []byte(p.in[start:p.at])
	for p.at < len(p.in) {
		c := p.in[p.at]
		p.at++
		switch {
		case c == '"':
			return string(text), true
		case c < 0x20:
			return "", false
		case c != '\\':
			text = append(text, c)
		case p.take('u'):
			r, ok := p.codePoint()
			if !ok {
				return "", false
			}
			text = utf8.AppendRune(text, r)
		default:
			if p.at >= len(p.in) {
				return "", false
			}
			escaped, ok := escapes[p.in[p.at]]
			if !ok {
				return "", false
			}
			text = append(text, escaped)
			p.at++
		}
	}
	return "", false
}

func (p *parser) codePoint() (rune, bool) {
	r, ok := p.hex4()
	if !ok || !utf16.IsSurrogate(r) || !strings.HasPrefix(p.in[p.at:], `\u`) {
		return r, ok
	}
	mark := p.at
	p.at += 2
	if low, ok := p.hex4(); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, true
		}
	}
	p.at = mark
	return r, true
}

func (p *parser) hex4() (rune, bool) {
	if p.at+4 > len(p.in) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.in[p.at:p.at+4], 16, 32)
	p.at += 4
	return rune(n), err == nil
}

func (p *parser) literal(text string) bool {
	if strings.HasPrefix(p.in[p.at:], text) {
		p.at += len(text)
		return true
	}
	return false
}

func (p *parser) take(c byte) bool {
	if p.at < len(p.in) && p.in[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) blanks() bool {
	for p.at < len(p.in) && strings.IndexByte(" \t\r\n", p.in[p.at]) >= 0 {
		p.at++
	}
	return true
}
