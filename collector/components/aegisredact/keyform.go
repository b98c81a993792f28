package aegisredact

import (
	"regexp"
	"strings"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/ruleset"
)

// keyPlace is a secret key in a text.
type keyPlace struct {
	rule  *ruleset.Key
	start int
	quote string // that of the key, with its backslashes
}

// findPairs appends the values which a secret key names: password=…, "token": "…", Authorization: Bearer ….
func (e *engine) findPairs(text string, spans []span) []span {
	budget := contract.BudgetFloor + contract.BudgetFactor*len(text)
	for position := 0; ; {
		first, last := nextSeparator(text, position)
		if first < 0 {
			return spans
		}
		position = last
		key, ok := e.keyBefore(text, first)
		if !ok || key.rule.Quoted && key.quote == "" {
			continue
		}
		value, ok := e.valueAfter(text, last, key)
		if !ok {
			continue
		}
		secret := text[value.start:value.end]
		if budget -= len(secret); budget < 0 {
			panic("a text built to make redaction slow")
		}
		if e.isProse(secret) || !key.rule.Fits(secret) {
			continue
		}
		if key.quote == "" && !value.quoted && isHarmless(text, key, first, last, value) {
			continue
		}
		found := span{start: value.start, end: value.end, kind: key.rule.Kind}
		if !value.quoted {
			found.wrap = key.quote
		}
		spans = append(spans, found)
		position = value.end
	}
}

// nextSeparator returns where the next separator begins and ends, -1 when there is none.
func nextSeparator(text string, position int) (first, last int) {
	for i := position; i < len(text); i++ {
		switch text[i] {
		case '=', ':', '?', '+', '.', '|':
			if last := assignmentEnd(text, i); last > 0 {
				return i, last
			}
			if text[i] == ':' {
				return i, i + 1
			}
		case ' ':
			if strings.HasPrefix(text[i:], " -> ") {
				return i, i + 4
			}
		case 0xe2:
			if strings.HasPrefix(text[i:], "→") {
				return i, i + len("→")
			}
		}
	}
	return -1, -1
}

// assignmentSigns may stand before the = of an assignment: :=, ?=, ::=.
const (
	assignmentSigns    = ":?+.|"
	maxAssignmentSigns = 3
)

// assignmentEnd returns where the assignment ends that begins at position, 0 when none does.
func assignmentEnd(text string, position int) int {
	last := position
	for last-position < maxAssignmentSigns && last < len(text) && strings.IndexByte(assignmentSigns, text[last]) >= 0 {
		last++
	}
	if chars.At(text, last) != '=' {
		return 0
	}
	for chars.At(text, last) == '=' {
		last++
	}
	if chars.At(text, last) == '>' {
		last++
	}
	return last
}

// keyBefore finds the secret key that ends before position end.
func (e *engine) keyBefore(text string, end int) (keyPlace, bool) {
	end = skipBack(text, end)
	if chars.At(text, end-1) == ')' {
		floor := max(0, end-contract.Parenthesis)
		opening := strings.LastIndexByte(text[floor:end], '(')
		if opening < 0 {
			return keyPlace{}, false
		}
		opening += floor
		for column := range strings.SplitSeq(text[opening+1:end-1], ",") {
			if rule := e.keys.Match(strings.TrimSpace(column)); rule != nil {
				return keyPlace{rule: rule, start: opening}, true
			}
		}
		end = skipBack(text, opening)
	}
	if chars.At(text, end-1) == ']' {
		floor := max(0, end-contract.Index)
		opening := strings.LastIndexByte(text[floor:end], '[')
		if opening >= 0 && strings.Trim(text[floor+opening+1:end-1], "0123456789") == "" {
			end = floor + opening
		} else {
			end--
		}
	}
	if end > 0 && chars.IsQuote(text[end-1]) {
		quoteEnd := end
		quote := text[end-1]
		for end--; end > 0 && text[end-1] == '\\'; end-- {
		}
		floor := max(0, end-contract.PairKey)
		if opening := strings.LastIndexByte(text[floor:end], quote); opening >= 0 {
			opening += floor
			rule := e.keys.Match(text[opening+1 : end])
			return keyPlace{rule: rule, start: opening, quote: text[end:quoteEnd]}, rule != nil
		}
	}
	return e.bareKeyBefore(text, end)
}

// bareKeyBefore finds an unquoted key; words before it belong to it when they make it a secret one.
func (e *engine) bareKeyBefore(text string, end int) (keyPlace, bool) {
	limit := max(0, end-contract.PairKey)
	start := keyRunStart(text, end, limit)
	if start == end {
		return keyPlace{}, false
	}
	if chars.At(text, start-1) == '\\' && strings.IndexByte("nrt", text[start]) >= 0 {
		start++ // the letter of an escape
	}
	run := text[start:end]
	found := keyPlace{rule: e.keys.Match(run), start: start}
	if found.rule == nil {
		words := ruleset.Words(run)
		if len(words) > 0 && !e.keys.Tails[words[len(words)-1]] || e.keys.IsAllowed(run) {
			return keyPlace{}, false
		}
	}
	for range contract.PairWords {
		before := start - 1
		if before < 1 || text[before] != ' ' || !chars.IsKeyByte(text[before-1]) {
			break
		}
		start = keyRunStart(text, before, limit)
		key := text[start:end]
		if e.keys.IsAllowed(key) {
			return keyPlace{}, false
		}
		if found.rule == nil || found.rule.Value != nil {
			if rule := e.keys.Match(key); rule != nil && !rule.Exact && rule != found.rule {
				found = keyPlace{rule: rule, start: start}
			}
		}
	}
	return found, found.rule != nil
}

func keyRunStart(text string, end, limit int) int {
	for end > limit && chars.IsKeyByte(text[end-1]) {
		end--
	}
	return end
}

// identifier is a key of several words, but written as one: a name in a program or a header, not a word of a sentence.
var identifier = regexp.MustCompile(`^\S*(?:[A-Za-z0-9][_\-][A-Za-z]|[a-z][A-Z])\S*$`)

// noType is a value that can stand in 'session_id: x' and is not the name of a type.
var noType = regexp.MustCompile(`^(?:[A-Za-z]{8,}|[A-Za-z]*[0-9][A-Za-z0-9]*)$`)

// isHarmless says whether a bare "key: value" is code (password=password), part of a path, or prose
// (session: active).
func isHarmless(text string, key keyPlace, first, last int, value valuePlace) bool {
	written := strings.TrimSpace(text[key.start:first])
	name := strings.ToLower(written)
	name = name[strings.LastIndexByte(name, '.')+1:]
	secret := text[value.start:value.end]
	if strings.ToLower(secret) == name {
		return true
	}
	if !key.rule.Opaque || text[first:last] != ":" {
		return false
	}
	if value.start == last {
		return chars.At(text, key.start-1) == ':'
	}
	return !(chars.IsOpening(secret[0]) || strings.IndexByte(secret, '=') >= 0 ||
		scheme.MatchString(secret) || ruleset.Opaque(text, value.start, value.end) ||
		identifier.MatchString(written) && noType.MatchString(secret))
}

func skipBack(text string, end int) int {
	for end > 0 && (text[end-1] == ' ' || text[end-1] == '\t') {
		end--
	}
	return end
}
