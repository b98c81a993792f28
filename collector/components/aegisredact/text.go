package aegisredact

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/prefilter"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/ruleset"
)

// reader says whose text is read: in those fields of an audit record that say who, e-mail addresses and
// telephone numbers stay readable. What is masked goes into found.
type reader struct {
	who   bool
	found *repeats
}

// redactPlainText redacts a text that is no JSON.
func (e *engine) redactPlainText(text string, found prefilter.Facts, r reader) string {
	for round := range contract.MaxRounds {
		if round > 0 {
			found, _ = e.scan(text)
		}
		next := e.redactOnce(text, found, r)
		if next == text {
			break
		}
		text = next
	}
	return text
}

// redactOnce looks at the text as it is, and then at what it is without disguises.
func (e *engine) redactOnce(text string, found prefilter.Facts, r reader) string {
	if spans := e.find(text, found, r); len(spans) > 0 {
		text = e.splice(text, spans, r)
	}
	if !chars.NeedsFolding(text) {
		return text
	}
	f, ok := chars.Fold(text)
	if !ok {
		return text
	}
	found, _ = e.scan(f.Text)
	if !e.suspicious(found) {
		return text
	}
	spans := e.find(f.Text, found, r)
	if len(spans) == 0 {
		return text
	}
	for i := range spans {
		spans[i].start, spans[i].end = f.Starts[spans[i].start], f.Ends[spans[i].end-1]
	}
	return e.splice(text, spans, r)
}

// find returns what is to be masked, in order, none overlapping.
func (e *engine) find(text string, found prefilter.Facts, r reader) []span {
	if found.Literals.Has(bitMask) {
		text = e.hideMasks(text)
	}
	var spans []span
	if found.Literals.Has(bitKeyWord) {
		spans = e.findPairs(text, spans)
		if found.Literals.Has(bitInsert) {
			spans = e.findInserts(text, spans)
		}
	}
	var asked [automata]struct {
		yes     bool
		matched prefilter.Marks
	}
	for i := range e.chances(&found) {
		rule := &e.rules[i]
		if r.who && rule.whoMayShow {
			continue
		}
		if automaton := e.automata[rule.asks]; automaton != nil {
			answer := &asked[rule.asks]
			if !answer.yes {
				answer.yes, answer.matched = true, e.match(automaton, text)
			}
			if !answer.matched.Has(rule.number) {
				continue
			}
		}
		spans = e.findValues(text, rule, i+1, spans)
	}
	if len(spans) == 0 {
		return nil
	}
	return merge(wholeMasks(text, spans))
}

func (e *engine) match(a *prefilter.Automaton, text string) prefilter.Marks {
	if e.lines != nil && prefilter.HasLines(text) {
		return e.lines.Match(a, text)
	}
	return a.Match(text)
}

// valueRule is a compiled ValueRule.
type valueRule struct {
	kind       int // noKind when the key decides
	pattern    *regexp.Regexp
	later      func() *regexp.Regexp // finds the pattern behind the first character of a text
	group, key int
	check      ruleset.Check
	checkName  string
	onNumbers  bool
	whoMayShow bool
	needs      prefilter.Marks
	run        int
	asks       int             // which automaton is asked whether it can match at all
	number     prefilter.Marks // its mark in there
}

const noKind = -1

func (r *valueRule) mayMatch(found *prefilter.Facts) bool {
	return found.Literals.Has(r.needs) && found.Run >= r.run
}

// laterPattern compiles a pattern which is found from a position on with what stands before it in sight:
// the first character is that before the position.
func laterPattern(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\A(?s:.)(?s:.*?)(` + pattern + `)`)
	})
}

// search returns the places of the groups of the first match at or after position.
func (r *valueRule) search(text string, position int) []int {
	if position == 0 {
		return r.pattern.FindStringSubmatchIndex(text)
	}
	if position >= len(text) {
		return nil // no pattern matches the empty text
	}
	_, size := utf8.DecodeLastRuneInString(text[:position])
	from := position - size
	match := r.later().FindStringSubmatchIndex(text[from:])
	if match == nil {
		return nil
	}
	match = match[2:]
	for i := range match {
		if match[i] >= 0 {
			match[i] += from
		}
	}
	return match
}

func (e *engine) findValues(text string, rule *valueRule, priority int, spans []span) []span {
	for position := 0; ; {
		match := rule.search(text, position)
		if match == nil {
			return spans
		}
		position = max(match[1], position+1)
		start, end := match[2*rule.group], match[2*rule.group+1]
		if start < 0 || start == end {
			continue
		}
		kind := rule.kind
		if rule.key > 0 {
			kind = e.kindOfPair(text[match[2*rule.key]:match[2*rule.key+1]], text[start:end])
			if kind == noKind {
				position = max(start, match[0]+1)
				continue
			}
			if rule.kind != noKind {
				kind = rule.kind
			}
		}
		switch {
		case e.passes(rule, text, start, end):
			spans = append(spans, span{start: start, end: end, kind: kind, priority: priority})
		case rule.key > 0:
			position = max(start, match[0]+1)
		case rule.onNumbers:
			position = start + 1
			// No check of numbers passes behind a digit.
			for rule.group == 0 && position < len(text) && chars.IsDigit(text[position-1]) {
				position++
			}
		}
	}
}

func (e *engine) kindOfPair(key, value string) int {
	if rule := e.keys.Match(strings.TrimSpace(key)); rule != nil && rule.Fits(value) {
		return rule.Kind
	}
	return noKind
}

func (e *engine) passes(rule *valueRule, text string, start, end int) bool {
	switch rule.checkName {
	case "", "none":
		return true
	case "secret":
		return !e.isProse(text[start:end])
	case "field":
		value := text[start:end]
		return !e.isProse(value) && !e.namesField(value)
	}
	if !rule.check(text, start, end) {
		return false
	}
	return !strings.HasPrefix(rule.checkName, "opaque") || !e.isProse(text[start:end])
}

// proseTrim are the characters around a word that make it no other word.
const proseTrim = "<>[](){}*.!,;:'\"` "

// isProse says whether a value is a word that is never secret (required, null) or a placeholder ($1, ****).
func (e *engine) isProse(text string) bool {
	if e.prose[strings.ToLower(strings.Trim(text, proseTrim))] {
		return true
	}
	return e.notSecret != nil && e.notSecret.MatchString(text)
}

var fieldName = regexp.MustCompile(`\A(?:[a-z]+(?:[_ -][a-z]+)*|[a-z]+(?:[A-Z][a-z]+)*)\z`)

// namesField says whether text is itself the name of a secret field, as in a list of fields.
func (e *engine) namesField(text string) bool {
	return fieldName.MatchString(text) && e.keys.Match(text) != nil
}
