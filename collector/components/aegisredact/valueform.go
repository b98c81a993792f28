package aegisredact

import (
	"regexp"
	"strings"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/ruleset"
)

var (
	valuePrefix = regexp.MustCompile("\\A[bBuUrRfF]{0,2}(\\\\*)([\"'`])")
	yamlBlock   = regexp.MustCompile(`\A([|>][-+0-9]{0,2}[ \t]*\r?\n[ \t]+)[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*`)
	scheme      = regexp.MustCompile(`\A(?i:(` + strings.Join(contract.Schemes, "|") + `)) +[^\s]`)
	markup      = regexp.MustCompile(`\A<(?:/|!--|!\[|!D|[A-Za-z][A-Za-z0-9:\-]*(?:\s[^<>]{0,200})?/?>)`)
	lineEnding  = regexp.MustCompile(`[\r\n]|\\+[nr]`)
	escapedEnd  = regexp.MustCompile(`\A\\+[nrt](?:\s|\z|\\|[A-Za-z_][A-Za-z0-9_.\-]*[=:])`)
	nextWord    = regexp.MustCompile(`\A,? +((?:[A-Z0-9\x{80}-\x{10ffff}]|#[0-9])[^\s,;&"'<>()\[\]{}|=:\x01]*)(\s*[=:])?`)
	nextDate    = regexp.MustCompile(`\A(?i),? ?((?:[0-9]|\([0-9]|-[0-9]|(?:` + strings.Join(contract.Months, "|") + `)[a-z]{0,6}\b)` +
		`[^\s,;&"'<>\[\]{}|=:\x01]*)(\s*[=:])?`)
)

// lineSchemes are those whose credentials are lists of parameters.
var lineSchemes = ruleset.NameSet(contract.LineSchemes)

// valuePlace is a value in a text.
type valuePlace struct {
	start, end int
	quoted     bool
}

// valueAfter finds the value of a key which begins at or after position.
func (e *engine) valueAfter(text string, position int, key keyPlace) (valuePlace, bool) {
	for position < len(text) && (text[position] == ' ' || text[position] == '\t') {
		position++
	}
	if position == len(text) {
		return valuePlace{}, false
	}
	rest := text[position:]
	if c := text[position]; c == '|' || c == '>' {
		if block := yamlBlock.FindStringSubmatchIndex(rest); block != nil {
			return valuePlace{start: position + block[3], end: position + block[1]}, true
		}
	}
	if opening := valuePrefix.FindStringSubmatchIndex(rest); opening != nil {
		return quotedValue(text, position, opening)
	}
	reach := key.rule.Reach
	var end int
	switch {
	case chars.IsOpening(text[position]):
		end = closingBracket(text, position, len(text))
		if text[position] == '(' && (reach == ruleset.ReachWords || reach == ruleset.ReachDate) {
			end = e.wordsEnd(text, end, key.rule)
		}
		return valuePlace{start: position, end: end}, true
	case reach == ruleset.ReachLine:
		end = lineEnd(text, position, key.start)
	default:
		end = schemeEnd(text, position, key.start)
		if reach == ruleset.ReachWords || reach == ruleset.ReachDate {
			end = e.wordsEnd(text, end, key.rule)
		}
	}
	return valuePlace{start: position, end: end}, end > position
}

func quotedValue(text string, position int, opening []int) (valuePlace, bool) {
	quote := text[position+opening[4]]
	triple := strings.Repeat(string(quote), 3)
	if strings.HasPrefix(text[position+opening[4]:], triple) {
		start := position + opening[4] + 3
		end := len(text)
		if i := strings.Index(text[start:], triple); i >= 0 {
			end = start + i
		}
		return valuePlace{start: start, end: end, quoted: true}, start < len(text)
	}
	start := position + opening[1]
	end := closingQuote(text, start, opening[3]-opening[2], quote)
	return valuePlace{start: start, end: end, quoted: true}, end > start
}

// schemeEnd returns the end of a token, with what follows a scheme word such as Bearer.
func schemeEnd(text string, position, keyStart int) int {
	found := scheme.FindStringSubmatchIndex(text[position:])
	switch {
	case found == nil:
		return tokenEnd(text, position)
	case lineSchemes[chars.LowerASCII(text[position+found[2]:position+found[3]])]:
		return lineEnd(text, position, keyStart)
	}
	credential := position + found[3]
	for text[credential] == ' ' {
		credential++
	}
	return tokenEnd(text, credential)
}

// closingQuote returns where the quoted text ends that starts at start; the end of the text if it is
// never closed.
func closingQuote(text string, start, backslashes int, quote byte) int {
	if backslashes > 0 {
		closing := strings.Repeat(`\`, backslashes) + string(quote)
		for position := start; ; {
			i := strings.Index(text[position:], closing)
			if i < 0 {
				return len(text)
			}
			position += i
			if position == start || text[position-1] != '\\' {
				return position
			}
			position += len(closing)
			if position > len(text) {
				return len(text)
			}
		}
	}
	for position := start; position < len(text); {
		switch c := text[position]; {
		case c == '\\':
			position += 2
		case c == quote:
			if quote != '\'' || chars.At(text, position+1) != quote {
				return position
			}
			position += 2
		default:
			position++
		}
	}
	return len(text)
}

// closingBracket returns the position after the bracket that closes the one at position, or limit.
func closingBracket(text string, position, limit int) int {
	var open []byte
	for ; position < limit; position++ {
		switch c := text[position]; {
		case c == '[':
			open = append(open, ']')
		case c == '{':
			open = append(open, '}')
		case c == '(':
			open = append(open, ')')
		case len(open) > 0 && c == open[len(open)-1]:
			if open = open[:len(open)-1]; len(open) == 0 {
				return position + 1
			}
		case c == '\\':
			position++
		case c == '"' || c == '\'':
			if closing := closingQuote(text, position+1, 0, c); closing < len(text) {
				position = closing
			}
		}
	}
	return limit
}

// tokenEnd returns the end of an unquoted value: at white space, or at punctuation that something else
// follows.
func tokenEnd(text string, position int) int {
	start := position
	var run punctuationRun
	for ; position < len(text); position++ {
		c := text[position]
		switch {
		case chars.IsBlank(c) || c == 0:
			return position
		case c == ',' || c == ';':
			if run.closed(text, position+1) || nextKeyAt(text, skipOneBlank(text, position+1)) ||
				strings.IndexByte(`"'[({`, chars.At(text, position+1)) >= 0 && position+1 < len(text) {
				return position
			}
		case c == '&' || c == '|':
			if run.closed(text, position+1) || nextParameterAt(text, position+1) {
				return position
			}
		case chars.IsQuote(c) || c == ')' || c == ']' || c == '}' || c == '>':
			if run.endsAfter(text, position+1) {
				return position
			}
		case chars.IsOpening(c):
			if closed, ok := callEnd(text, position); ok {
				position = closed - 1
			}
		case c == '<':
			if position > start && markup.MatchString(text[position:min(len(text), position+300)]) {
				return position
			}
		case c == '\\':
			// What is behind a row of them holds for each of them, so a row is looked at once. The first character is of the value.
			after := position + 1
			for chars.At(text, after) == '\\' {
				after++
			}
			if after > start+1 {
				at := max(position, start+1)
				if q := chars.At(text, after); (q == '"' || q == '\'') && run.endsAfter(text, after+1) {
					return at
				}
				if escapedEnd.MatchString(text[at:]) {
					return at
				}
			}
			position = after - 1
		}
	}
	return position
}

// callEnd returns the end of brackets that belong to a value, as in SecretStr('x') or f(x).
func callEnd(text string, position int) (int, bool) {
	closed := closingBracket(text, position, min(len(text), position+contract.Call))
	inside := text[position+1 : closed]
	if inside == "" || !closes(text[position], text[closed-1]) {
		return 0, false
	}
	if inside[0] == '"' || inside[0] == '\'' {
		return closed, true
	}
	for i := range len(inside) {
		if chars.IsBlank(inside[i]) {
			return 0, false
		}
	}
	return closed, true
}

func closes(opening, c byte) bool {
	return opening == '(' && c == ')' || opening == '[' && c == ']' || opening == '{' && c == '}'
}

// punctuationRun remembers where a row of punctuation ends, so that it is read but once.
type punctuationRun struct{ start, end int }

func (r *punctuationRun) endFrom(text string, position int) int {
	if position >= r.start && position < r.end {
		return r.end
	}
	end := position
	for end < len(text) && strings.IndexByte(",;&\"'`)]}>|.:", text[end]) >= 0 {
		end++
	}
	r.start, r.end = position, end
	return end
}

// closed says whether only punctuation follows, up to a blank, a mask, an escaped blank or quote, or the end.
func (r *punctuationRun) closed(text string, position int) bool {
	end := r.endFrom(text, position)
	if end >= len(text) || chars.IsBlank(text[end]) || text[end] == masked {
		return true
	}
	if text[end] != '\\' {
		return false
	}
	for chars.At(text, end) == '\\' {
		end++
	}
	return end < len(text) && strings.IndexByte(`nrt"'`, text[end]) >= 0
}

// endsAfter is for a closing bracket or quote: closed, or more of these and then a separator and something new.
func (r *punctuationRun) endsAfter(text string, position int) bool {
	if r.closed(text, position) {
		return true
	}
	end := position
	for end < len(text) && strings.IndexByte("\"'`)]}>", text[end]) >= 0 {
		end++
	}
	if end >= len(text) || strings.IndexByte(",;&|", text[end]) < 0 {
		return false
	}
	end = skipOneBlank(text, end+1)
	return nextKeyAt(text, end) || end < len(text) && strings.IndexByte(`"'[({`, text[end]) >= 0
}

func skipOneBlank(text string, position int) int {
	if position < len(text) && chars.IsBlank(text[position]) {
		return position + 1
	}
	return position
}

// nextKeyAt says whether a key with its separator begins at position.
func nextKeyAt(text string, position int) bool {
	quotes := func() {
		for position < len(text) && strings.IndexByte(`"'\`, text[position]) >= 0 {
			position++
		}
	}
	quotes()
	if c := chars.At(text, position); !chars.IsLetter(c) && c != '_' {
		return false
	}
	for position < len(text) && (chars.IsKeyByte(text[position]) || text[position] == '[' || text[position] == ']') {
		position++
	}
	quotes()
	c := chars.At(text, skipOneBlank(text, position))
	return c == '=' || c == ':'
}

// nextParameterAt says whether a parameter of a query begins at position.
func nextParameterAt(text string, position int) bool {
	if c := chars.At(text, position); !chars.IsLetter(c) && c != '_' {
		return false
	}
	for position < len(text) && (chars.IsKeyByte(text[position]) || strings.IndexByte("[]%", text[position]) >= 0) {
		position++
	}
	return chars.At(text, position) == '='
}

// wordsEnd returns the end of a name or an address (further words with a capital or a digit), or of a date
// or a number.
func (e *engine) wordsEnd(text string, position int, rule *ruleset.Key) int {
	pattern := nextWord
	if rule.Reach == ruleset.ReachDate {
		pattern = nextDate
	}
	for range contract.ValueWords {
		word := pattern.FindStringSubmatchIndex(text[position:])
		if word == nil || word[4] >= 0 {
			break
		}
		if other := e.keys.Match(text[position+word[2] : position+word[3]]); other != nil && other.Kind != rule.Kind {
			break
		}
		position += word[3]
	}
	return position
}

// lineEnd returns the end of the line, or of the quoted text that starts right before the key.
func lineEnd(text string, position, keyStart int) int {
	end := len(text)
	if line := lineEnding.FindStringIndex(text[position:]); line != nil {
		end = position + line[0]
	}
	if quote := chars.At(text, keyStart-1); quote == '"' || quote == '\'' {
		backslashes := 0
		for chars.At(text, keyStart-2-backslashes) == '\\' {
			backslashes++
		}
		end = min(end, closingQuote(text, position, backslashes, quote))
	}
	for end > position && (text[end-1] == ' ' || text[end-1] == '\t') {
		end--
	}
	return end
}
