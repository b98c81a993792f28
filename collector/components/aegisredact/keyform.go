package aegisredact

import "strings"

// Limits of the key of a key/value form in plain text.
const (
	maxKeyLength  = 64
	maxExtraWords = 3
)

// schemes are the words that stand before a credential in an Authorization header; what follows
// belongs to the secret as well.
var schemes = map[string]bool{
	"bearer": true, "basic": true, "digest": true, "token": true, "negotiate": true, "apikey": true,
}

// plainValues never hold a secret.
var plainValues = map[string]bool{
	"true": true, "false": true, "null": true, "none": true, "nil": true, "undefined": true,
}

// keyForms appends the values which a secret key names inside a plain text: password=…, "token": "…",
// Authorization: Bearer …, ?api_key=….
func (e *engine) keyForms(text string, spans []span) []span {
	for i := 0; i < len(text); {
		offset := strings.IndexAny(text[i:], ":=")
		if offset < 0 {
			break
		}
		separator := i + offset
		after := separator + 1
		for after < len(text) && (text[after] == '=' || text[after] == '>') {
			after++
		}
		i = after
		kind, opened := e.keyBefore(text, separator)
		if kind == noKind {
			continue
		}
		start, end := e.valueAfter(text, after, kind, opened)
		if start < end {
			spans = append(spans, span{start: start, end: end, kind: kind, priority: keyFormPriority})
			i = end
		}
	}
	return spans
}

// keyBefore reads the key that ends before position end; opened is the quote that stands right before
// an unquoted key (curl -H "Cookie: …"), or 0.
func (e *engine) keyBefore(text string, end int) (kind int, opened byte) {
	end = skipBlanksBack(text, end)
	if end > 0 && text[end-1] == ']' {
		end--
	}
	if end > 0 && isQuote(text[end-1]) {
		return e.keys.match(quotedKey(text, end-1)), 0
	}
	start := keyStart(text, end)
	if start == end {
		return noKind, 0
	}
	if start > 0 && isQuote(text[start-1]) {
		opened = text[start-1]
	}
	kind = e.keys.match(text[start:end])
	if kind != noKind || e.keys.isAllowed(text[start:end]) {
		return kind, opened
	}
	for range maxExtraWords {
		if start < 2 || text[start-1] != ' ' {
			break
		}
		previous := keyStart(text, start-1)
		if previous == start-1 {
			break
		}
		start = previous
		if kind = e.keys.match(text[start:end]); kind != noKind {
			break
		}
	}
	return kind, opened
}

// quotedKey returns what stands between the quote at position end and the one that opens it.
func quotedKey(text string, end int) string {
	quote := text[end]
	inner := end
	for inner > 0 && text[inner-1] == '\\' {
		inner--
	}
	limit := max(0, inner-maxKeyLength)
	start := strings.LastIndexByte(text[limit:inner], quote)
	if start < 0 {
		return ""
	}
	return text[limit+start+1 : inner]
}

func keyStart(text string, end int) int {
	start := end
	for start > 0 && end-start < maxKeyLength && isKeyByte(text[start-1]) {
		start--
	}
	return start
}

// valueAfter returns the span of the value that begins at or after position at.
func (e *engine) valueAfter(text string, at, kind int, opened byte) (start, end int) {
	at = skipBlanks(text, at)
	if at == len(text) || text[at] == '\n' || text[at] == '\r' {
		return at, at
	}
	if at+1 < len(text) && isQuote(text[at+1]) && strings.IndexByte("bBuUrRfF", text[at]) >= 0 {
		at++
	}
	if escapes := backslashesFrom(text, at); at+escapes < len(text) && isQuote(text[at+escapes]) {
		start = at + escapes + 1
		return start, closingQuote(text, start, text[at+escapes], escapes)
	}
	if isOpening(text[at]) {
		return at, closingBracket(text, at)
	}
	if e.kinds[kind].line {
		return at, lineEnd(text, at, opened)
	}
	end = tokenEnd(text, at)
	if schemes[asciiLower(text[at:end])] && end < len(text) && text[end] == ' ' {
		if next := skipBlanks(text, end); next < len(text) {
			if rest := tokenEnd(text, next); rest > next {
				return at, rest
			}
		}
	}
	word := asciiLower(text[at:end])
	if plainValues[word] || e.prose[word] {
		return at, at
	}
	return at, end
}

// tokenEnd returns the end of an unquoted value. A comma, a semicolon or an ampersand ends it only
// where something new begins after it, since passwords contain them.
func tokenEnd(text string, at int) int {
	i := at
	for ; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\n', '\r', '\f', '\v', '<', '>', ')', ']', '}':
			return i
		case '"', '\'':
			if i > at && isOpening(text[i-1]) {
				return closingBracket(text, i-1)
			}
			return i
		case '\\':
			if i+1 < len(text) && isQuote(text[i+1]) {
				return i
			}
		case ',', ';', '&':
			if endsList(text, i+1) {
				return i
			}
		}
	}
	return i
}

func endsList(text string, at int) bool {
	if at == len(text) {
		return true
	}
	switch text[at] {
	case ' ', '\t', '\n', '\r', '\f', '\v', '"', '\'', ')', ']', '}', '>':
		return true
	}
	if !isLower(text[at]) && !isUpper(text[at]) && text[at] != '_' {
		return false
	}
	for at < len(text) && isKeyByte(text[at]) {
		at++
	}
	return at < len(text) && (text[at] == '=' || text[at] == ':')
}

// closingQuote returns where the quoted value that starts at position at ends; a quote counts when it
// is escaped just as the opening one was. An open end is the end of the text.
func closingQuote(text string, at int, quote byte, escapes int) int {
	for i := at; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		n := backslashesBefore(text, at, i)
		if n == escapes || (escapes == 0 && n%2 == 0) {
			return i - n*min(1, escapes)
		}
	}
	return len(text)
}

// closingBracket returns the position after the bracket that closes the one at position at.
func closingBracket(text string, at int) int {
	depth := 0
	for i := at; i < len(text); i++ {
		switch c := text[i]; {
		case isOpening(c):
			depth++
		case c == ']' || c == '}' || c == ')':
			depth--
			if depth == 0 {
				return i + 1
			}
		case isQuote(c):
			i = closingQuote(text, i+1, c, 0)
		}
	}
	return len(text)
}

// lineEnd returns the end of the line, or where the quote closes that was opened before the key.
func lineEnd(text string, at int, opened byte) int {
	for i := at; i < len(text); i++ {
		if text[i] == '\n' || text[i] == '\r' || (opened != 0 && text[i] == opened) {
			return i
		}
	}
	return len(text)
}

func skipBlanks(text string, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t') {
		at++
	}
	return at
}

func skipBlanksBack(text string, at int) int {
	for at > 0 && (text[at-1] == ' ' || text[at-1] == '\t') {
		at--
	}
	return at
}

func backslashesFrom(text string, at int) int {
	n := 0
	for at+n < len(text) && text[at+n] == '\\' {
		n++
	}
	return n
}

func backslashesBefore(text string, floor, at int) int {
	n := 0
	for at-n > floor && text[at-n-1] == '\\' {
		n++
	}
	return n
}

func isQuote(c byte) bool   { return c == '"' || c == '\'' }
func isOpening(c byte) bool { return c == '[' || c == '{' || c == '(' }
func isKeyByte(c byte) bool {
	return isLower(c) || isUpper(c) || isDigit(c) || c == '_' || c == '-' || c == '.'
}
