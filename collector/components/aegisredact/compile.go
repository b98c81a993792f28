package aegisredact

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/prefilter"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/ruleset"
)

// maxLiteralBytes keeps the scanner's states within 16 bits.
const maxLiteralBytes = 50_000

// commonWords occur in many lines, so a name is rather looked for by another of its words.
var commonWords = ruleset.NameSet(contract.Common)

var kindPattern = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// compiler collects what the engine needs while rules are compiled.
type compiler struct {
	*engine
	index    map[string]int
	literals map[prefilter.Literal]prefilter.Marks
	sets     map[string]int // set of literals -> its mark
	disabled map[string]bool
}

func newEngine(c *Config) (*engine, error) {
	rules, err := c.withFile()
	if err != nil {
		return nil, err
	}
	b := compiler{
		engine: &engine{
			keys:      ruleset.NewMatcher(rules.AllowKeys, rules.Neutral),
			byKind:    map[string]*ruleset.Key{},
			prose:     ruleset.NameSet(rules.ProseValues),
			auditKeys: ruleset.NameSet(rules.AuditKeys),
			auditWho:  ruleset.NameSet(rules.AuditWho),
			template:  c.Mask,
			hashKey:   []byte(string(c.HashKey)),
			maxDepth:  c.MaxDepth,
			maxText:   c.MaxTextBytes,
		},
		index:    map[string]int{},
		literals: map[prefilter.Literal]prefilter.Marks{},
		sets:     map[string]int{},
		disabled: map[string]bool{},
	}
	for field, kinds := range map[string][]string{"disable": rules.Disable, "enable": rules.Enable} {
		if err := rules.checkKinds(kinds); err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
	}
	for _, name := range rules.Disable {
		b.disabled[strings.TrimSpace(name)] = true
	}
	for _, name := range rules.Enable {
		delete(b.disabled, strings.TrimSpace(name))
	}
	if err := b.compile(rules); err != nil {
		return nil, err
	}
	return b.engine, nil
}

func (b *compiler) compile(rules RuleSet) error {
	if b.maxDepth < 1 || b.maxText < 1 {
		return errors.New("max_depth and max_text_bytes must be positive")
	}
	if err := b.compileMask(); err != nil {
		return err
	}
	if rules.NotSecret != "" {
		pattern, err := regexp.Compile(`\A(?:` + rules.NotSecret + `)\z`)
		if err != nil {
			return fmt.Errorf("not_secret: %w", err)
		}
		b.notSecret = pattern
	}
	for _, rule := range rules.Keys {
		if err := b.addKeys(rule); err != nil {
			return fmt.Errorf("key rule %q: %w", rule.Kind, err)
		}
	}
	b.keys.Ready()
	for i, rule := range rules.Values {
		if err := b.addValue(rule); err != nil {
			return fmt.Errorf("value rule %q (number %d): %w", rule.Kind, i+1, err)
		}
	}
	for _, automaton := range b.automata {
		if automaton != nil {
			automaton.Build()
		}
	}
	return b.compileScanner()
}

func (b *compiler) compileMask() error {
	prefix, suffix, found := strings.Cut(b.template, "{kind}")
	if !found || prefix == "" || suffix == "" {
		return fmt.Errorf("mask %q: must hold {kind} with something before and after it", b.template)
	}
	pattern := regexp.QuoteMeta(prefix) + `[a-z0-9_]+(?::[0-9a-f]{16})?` + regexp.QuoteMeta(suffix) +
		`|\[REDACTED(?::[a-z0-9_]+)*\]|\[REDACTION FAILED\]`
	b.masks = regexp.MustCompile(pattern)
	b.wholeMask = regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	b.mark(chars.LowerASCII(prefix), bitMask)
	b.mark("[redact", bitMask)
	b.depthKind, b.lengthKind = b.kindOf("depth"), b.kindOf("length")
	return nil
}

func (b *compiler) compileScanner() error {
	for _, escape := range []string{`\u`, `\x`, "%", "\x1b", "&#", "&quot;", "&apos;", "&lt;", "&gt;", "&amp;", "&nbsp;"} {
		b.mark(escape, bitEscape)
	}
	b.mark("insert", bitInsert)
	for _, separator := range []string{":", "=", "->", `"`} {
		b.mark(separator, bitSeparator)
	}
	size := 0
	for literal := range b.literals {
		size += len(literal.Text)
	}
	if size > maxLiteralBytes {
		return fmt.Errorf("the rules hold too many literals (%d bytes, at most %d)", size, maxLiteralBytes)
	}
	b.scanner = prefilter.NewScanner(b.literals, b.keys.Neutral, bitEscape)
	b.lines = prefilter.NewKnownLines()
	return nil
}

func (b *compiler) kindOf(name string) int {
	if i, ok := b.index[name]; ok {
		return i
	}
	i := len(b.kinds)
	b.kinds = append(b.kinds, &kind{name: name, mask: strings.ReplaceAll(b.template, "{kind}", name)})
	b.index[name] = i
	return i
}

func (b *compiler) addKeys(rule KeyRule) error {
	if !kindPattern.MatchString(rule.Kind) {
		return errors.New("kind must be a word of letters, digits and _")
	}
	reach, ok := ruleset.Reaches[rule.Text]
	if !ok {
		return fmt.Errorf("text %q: must be token, words, date or line", rule.Text)
	}
	var value *regexp.Regexp
	if rule.Value != "" {
		var err error
		if value, err = regexp.Compile(rule.Value); err != nil {
			return fmt.Errorf("value: %w", err)
		}
	}
	if b.disabled[rule.Kind] {
		return nil
	}
	compiled := &ruleset.Key{
		Kind:      b.kindOf(rule.Kind),
		Reach:     reach,
		Exact:     rule.Exact,
		Glued:     rule.Glued == nil || *rule.Glued,
		Quoted:    rule.Quoted,
		NotNumber: rule.NotNumber,
		MinDigits: rule.MinDigits,
		Opaque:    rule.Opaque,
		Numeric:   rule.Kind == "password",
		Value:     value,
	}
	ruleset.SetDefault(b.byKind, rule.Kind, compiled)
	for _, name := range rule.Names {
		words := ruleset.Words(name)
		if len(words) == 0 {
			return fmt.Errorf("name %q holds no letter", name)
		}
		b.keys.Add(words, compiled)
		b.markName(words)
	}
	return nil
}

// minStem is the least length of a word which a name is looked for by alone.
const minStem = 5

// spelt are the characters that are looked for between the letters of a name that is spelt (d.o.b).
var spelt = [...]string{"", " ", "_", "-", ".", "/", ":", ". "}

// markName makes the scanner look for a name: by its longest telling word, or as a whole where that is short.
func (b *compiler) markName(words []string) {
	stem, length := "", 0
	for _, word := range words {
		length += len(word)
		if len(word) > len(stem) && !commonWords[word] {
			stem = word
		}
	}
	bounded := length <= contract.ScreenShort
	switch {
	case len(stem) >= minStem:
		b.mark(stem, bitKeyWord)
	case len(words) == 1:
		b.markLiteral(prefilter.Literal{Text: words[0], Bounded: bounded && !slices.Contains(contract.Strong, words[0])}, bitKeyWord)
	case len(words[0]) > 1:
		b.markLiteral(prefilter.Literal{Text: words[0], Words: strings.Join(words[1:], " "), Bounded: bounded}, bitKeyWord)
	default:
		// Single letters are everywhere, so two of them are looked for together.
		for _, gap := range spelt {
			b.markLiteral(prefilter.Literal{Text: words[0] + gap + words[1], Words: strings.Join(words[2:], " "), Bounded: bounded}, bitKeyWord)
		}
	}
}

func (b *compiler) addValue(rule ValueRule) error {
	if !kindPattern.MatchString(rule.Kind) && (rule.Kind != "" || rule.Key == 0) {
		return errors.New("kind must be a word of letters, digits and _")
	}
	pattern, err := regexp.Compile(rule.Pattern)
	if err != nil {
		return err
	}
	for name, group := range map[string]int{"group": rule.Group, "key": rule.Key} {
		if group < 0 || group > pattern.NumSubexp() {
			return fmt.Errorf("%s %d: the pattern has %d groups", name, group, pattern.NumSubexp())
		}
	}
	if rule.Pattern == "" || pattern.MatchString("") {
		return errors.New("pattern matches the empty text")
	}
	test, known := ruleset.Checks[rule.Check]
	if !known && !slices.Contains([]string{"", "none", "secret", "field"}, rule.Check) {
		return fmt.Errorf("check %q is unknown", rule.Check)
	}
	if rule.Kind != "" && b.disabled[rule.Kind] {
		return nil
	}
	needs, err := prefilter.RequirementOf(rule.Pattern)
	if err != nil {
		return err
	}
	compiled := valueRule{
		kind:       noKind,
		pattern:    pattern,
		later:      laterPattern(rule.Pattern),
		group:      rule.Group,
		key:        rule.Key,
		check:      test,
		checkName:  rule.Check,
		onNumbers:  ruleset.NumberChecks[rule.Check],
		whoMayShow: slices.Contains(contract.AuditWhoKinds, rule.Kind),
		run:        needs.Run,
	}
	if rule.Kind != "" {
		compiled.kind = b.kindOf(rule.Kind)
	}
	if err := b.addToAutomaton(rule.Pattern, needs, &compiled); err != nil {
		return err
	}
	if rule.Key > 0 {
		compiled.needs.Add(bitKeyWord)
	}
	primary := prefilter.EveryMark
	for i, literals := range needs.Literals {
		mark := b.setBit(literals)
		compiled.needs.Add(mark)
		if i == 0 && mark != (prefilter.Marks{}) {
			primary = mark
		}
	}
	b.addChance(primary)
	if needs.Run == 0 {
		b.telling.Add(primary)
	} else if b.minRun == 0 || needs.Run < b.minRun {
		b.minRun = needs.Run
	}
	b.rules = append(b.rules, compiled)
	return nil
}

// addChance files the rule to come under its most telling mark.
func (b *compiler) addChance(primary prefilter.Marks) {
	number := len(b.rules)
	switch {
	case number > lastRuleBit:
	case primary == prefilter.EveryMark:
		b.markless.Add(prefilter.Mark(number))
	default:
		b.primaries.Add(primary)
		for n := range b.byMark {
			if primary.Has(prefilter.Mark(n)) {
				b.byMark[n].Add(prefilter.Mark(number))
			}
		}
	}
}

// addToAutomaton gives a rule that needs digits to the automaton it is to ask.
func (b *compiler) addToAutomaton(pattern string, needs prefilter.Requirement, compiled *valueRule) error {
	number := len(b.rules)
	if needs.Run == 0 || number > lastRuleBit {
		return nil
	}
	compiled.asks, compiled.number = asksNumbers, prefilter.Mark(number)
	for _, literals := range needs.Literals {
		if !slices.ContainsFunc(literals, func(literal string) bool { return !strings.ContainsFunc(literal, unicode.IsLetter) }) {
			compiled.asks = asksWords
		}
	}
	if b.automata[compiled.asks] == nil {
		b.automata[compiled.asks] = &prefilter.Automaton{}
	}
	return b.automata[compiled.asks].Add(pattern, number)
}

func (b *compiler) mark(text string, marks prefilter.Marks) {
	b.markLiteral(prefilter.Literal{Text: text}, marks)
}

func (b *compiler) markLiteral(l prefilter.Literal, marks prefilter.Marks) {
	all := b.literals[l]
	all.Add(marks)
	b.literals[l] = all
}

// setBit returns the mark of a set of literals, none when there are no more marks: then a pattern is tried
// more often than it must be.
func (b *compiler) setBit(literals []string) prefilter.Marks {
	name := strings.Join(literals, "\x00")
	n, known := b.sets[name]
	if !known {
		if n = firstRuleBit + len(b.sets); n > lastRuleBit {
			return prefilter.Marks{}
		}
		b.sets[name] = n
		for _, literal := range literals {
			b.mark(literal, prefilter.Mark(n))
		}
	}
	return prefilter.Mark(n)
}
