package aegisredact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
)

// Bits of the scanner's literals: one a value rule, and three for the engine itself.
const (
	bitKeyWord = uint64(1) << 63 // a word of a secret key's name
	bitMask    = uint64(1) << 62 // the beginning of a mask
	bitEscape  = uint64(1) << 61 // \u, which can hide any character inside JSON
	ruleBits   = 61              // a rule beyond has no bit: its pattern is always tried

	maxLiteralBytes = 50_000 // keeps the scanner's states within 16 bits
)

// kind is a sort of secret.
type kind struct {
	name  string
	line  bool // an unquoted value in plain text reaches to the end of the line
	mask  string
	count atomic.Int64
}

// valueRule is a compiled ValueRule.
type valueRule struct {
	kind    int
	pattern *regexp.Regexp
	group   int
	check   func(string) bool
	bit     uint64
	run     int
}

// engine applies a rule set to texts, numbers and keys. It is safe for concurrent use.
type engine struct {
	kinds     []*kind
	keys      *keyMatcher
	rules     []valueRule
	scanner   *scanner
	prose     map[string]bool
	auditKeys map[string]bool
	masks     *regexp.Regexp
	hashKey   []byte
	maxDepth  int
	maxText   int

	depthKind, lengthKind int
}

func newEngine(c *Config) (*engine, error) {
	set, err := c.withFile()
	if err != nil {
		return nil, err
	}
	b := builder{
		engine: &engine{
			keys:      newKeyMatcher(),
			prose:     trimmedSet(set.ProseValues),
			auditKeys: trimmedSet(set.AuditKeys),
			hashKey:   []byte(string(c.HashKey)),
			maxDepth:  c.MaxDepth,
			maxText:   c.MaxTextBytes,
		},
		template: c.Mask,
		index:    map[string]int{},
		literals: map[string]uint64{},
		disabled: trimmedSet(set.Disable),
	}
	for name := range trimmedSet(set.Enable) {
		delete(b.disabled, name)
	}
	if err := b.build(set); err != nil {
		return nil, err
	}
	return b.engine, nil
}

// builder collects what the engine needs while rules are compiled.
type builder struct {
	*engine
	template string
	index    map[string]int
	literals map[string]uint64
	disabled map[string]bool
}

func (b *builder) build(set RuleSet) error {
	prefix, suffix, found := strings.Cut(b.template, "{kind}")
	if !found || prefix == "" || suffix == "" {
		return fmt.Errorf("mask %q: must hold {kind} with something before and after it", b.template)
	}
	b.masks = regexp.MustCompile(regexp.QuoteMeta(prefix) + `[A-Za-z0-9_.:-]*` + regexp.QuoteMeta(suffix))
	b.literals[asciiLower(prefix)] |= bitMask
	b.literals[`\u`] |= bitEscape
	b.depthKind, b.lengthKind = b.kindOf("depth"), b.kindOf("length")
	if b.maxDepth < 1 || b.maxText < 1 {
		return errors.New("max_depth and max_text_bytes must be positive")
	}
	for _, rule := range set.Keys {
		if err := b.addKeys(rule); err != nil {
			return fmt.Errorf("key rule %q: %w", rule.Kind, err)
		}
	}
	for _, key := range set.AllowKeys {
		b.keys.allow(key)
	}
	for i, rule := range set.Values {
		if err := b.addValue(rule); err != nil {
			return fmt.Errorf("value rule %q (number %d): %w", rule.Kind, i+1, err)
		}
	}
	size := 0
	for literal := range b.literals {
		size += len(literal)
	}
	if size > maxLiteralBytes {
		return fmt.Errorf("the rules hold too many literals (%d bytes, at most %d)", size, maxLiteralBytes)
	}
	b.scanner = newScanner(b.literals)
	return nil
}

func (b *builder) kindOf(name string) int {
	if i, ok := b.index[name]; ok {
		return i
	}
	i := len(b.kinds)
	b.kinds = append(b.kinds, &kind{name: name, mask: strings.ReplaceAll(b.template, "{kind}", name)})
	b.index[name] = i
	return i
}

var kindPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

func (b *builder) addKeys(rule KeyRule) error {
	if !kindPattern.MatchString(rule.Kind) {
		return errors.New("kind must be made of letters, digits, '_', '.' and '-'")
	}
	if rule.Text != "" && rule.Text != "token" && rule.Text != "line" {
		return fmt.Errorf("text %q: must be token or line", rule.Text)
	}
	if b.disabled[rule.Kind] {
		return nil
	}
	i := b.kindOf(rule.Kind)
	b.kinds[i].line = b.kinds[i].line || rule.Text == "line"
	for _, name := range rule.Names {
		words := splitWords(name)
		if len(words) == 0 {
			return fmt.Errorf("name %q holds no letter or digit", name)
		}
		b.keys.add(name, i)
		longest := words[0]
		for _, word := range words[1:] {
			if len(word) > len(longest) {
				longest = word
			}
		}
		b.literals[longest] |= bitKeyWord
	}
	return nil
}

func (b *builder) addValue(rule ValueRule) error {
	if !kindPattern.MatchString(rule.Kind) {
		return errors.New("kind must be made of letters, digits, '_', '.' and '-'")
	}
	pattern, err := regexp.Compile(rule.Pattern)
	if err != nil {
		return err
	}
	if rule.Group < 0 || rule.Group > pattern.NumSubexp() {
		return fmt.Errorf("group %d: the pattern has %d", rule.Group, pattern.NumSubexp())
	}
	if pattern.MatchString("") {
		return errors.New("pattern matches the empty text")
	}
	check, ok := checks[rule.Check]
	if !ok {
		return fmt.Errorf("check %q: must be none, luhn or ssn", rule.Check)
	}
	if b.disabled[rule.Kind] {
		return nil
	}
	needs, err := requirementOf(rule.Pattern)
	if err != nil {
		return err
	}
	compiled := valueRule{
		kind: b.kindOf(rule.Kind), pattern: pattern, group: rule.Group, check: check, run: needs.run,
	}
	if place := len(b.rules); len(needs.literals) > 0 && place < ruleBits {
		compiled.bit = 1 << place
		for _, literal := range needs.literals {
			b.literals[literal] |= compiled.bit
		}
	}
	b.rules = append(b.rules, compiled)
	return nil
}

// redactText returns text without its secrets. depth is how deep the text lies in the record.
func (e *engine) redactText(text string, depth int) (string, bool) {
	if len(text) > e.maxText {
		return e.mask(e.lengthKind, text), true
	}
	found := e.scanner.scan(text)
	if !e.suspicious(found) {
		return text, false
	}
	if looksLikeJSON(text) {
		if out, changed, ok := e.redactJSON(text, depth); ok {
			if changed {
				return out, true
			}
			return text, false
		}
	}
	var spans []span
	if found.literals&bitKeyWord != 0 {
		spans = e.keyForms(text, spans)
	}
	spans = e.valueSpans(text, found, spans)
	return e.replace(text, found, spans)
}

// redactPlain applies the value rules alone, as a key's own text needs it.
func (e *engine) redactPlain(text string) (string, bool) {
	found := e.scanner.scan(text)
	if !e.suspicious(found) {
		return text, false
	}
	return e.replace(text, found, e.valueSpans(text, found, nil))
}

// suspicious says whether anything of the rule set may apply.
func (e *engine) suspicious(found facts) bool {
	if found.literals&(bitKeyWord|bitEscape) != 0 {
		return true
	}
	for i := range e.rules {
		if e.rules[i].mayMatch(found) {
			return true
		}
	}
	return false
}

func (r *valueRule) mayMatch(found facts) bool {
	return (r.bit == 0 || found.literals&r.bit != 0) && found.run >= r.run
}

func (e *engine) valueSpans(text string, found facts, spans []span) []span {
	for i := range e.rules {
		rule := &e.rules[i]
		if !rule.mayMatch(found) {
			continue
		}
		for _, match := range rule.pattern.FindAllStringSubmatchIndex(text, -1) {
			start, end := match[2*rule.group], match[2*rule.group+1]
			if start < 0 || start == end || (rule.check != nil && !rule.check(text[start:end])) {
				continue
			}
			spans = append(spans, span{start: start, end: end, kind: rule.kind, priority: i})
		}
	}
	return spans
}

func (e *engine) replace(text string, found facts, spans []span) (string, bool) {
	if len(spans) == 0 {
		return text, false
	}
	if found.literals&bitMask != 0 {
		spans = dropMasked(spans, e.masks.FindAllStringIndex(text, -1))
		if len(spans) == 0 {
			return text, false
		}
	}
	return splice(text, unite(spans), e.mask), true
}

// minCheckedNumber is the least absolute value of a number that can be a secret by its digits.
const minCheckedNumber = 1e8

// redactNumber returns the mask of a number whose digits (raw) are a secret.
func (e *engine) redactNumber(number float64, raw string) (string, bool) {
	if number < minCheckedNumber && number > -minCheckedNumber {
		return "", false
	}
	return e.redactPlain(raw)
}

// key returns the verdict on a key.
func (e *engine) key(key string) keyVerdict {
	return e.keys.lookup(key, func(key string) keyVerdict {
		verdict := keyVerdict{kind: e.keys.match(key)}
		if masked, changed := e.redactPlain(key); changed {
			verdict.renamed = masked
		}
		return verdict
	})
}

// isMask says whether text is a mask and nothing else.
func (e *engine) isMask(text string) bool {
	at := e.masks.FindStringIndex(text)
	return at != nil && at[0] == 0 && at[1] == len(text)
}

// mask returns what stands in the place of a secret; an empty secret gets no hash.
func (e *engine) mask(kind int, secret string) string {
	k := e.kinds[kind]
	k.count.Add(1)
	if len(e.hashKey) == 0 || secret == "" {
		return k.mask
	}
	return e.hashed(k, secret)
}

// hashBytes is how much of the HMAC the mask shows: enough to join records, too little to be a key.
const hashBytes = 8

func (e *engine) hashed(k *kind, secret string) string {
	mac := hmac.New(sha256.New, e.hashKey)
	mac.Write([]byte(k.name + ":" + normalised(secret)))
	sum := hex.EncodeToString(mac.Sum(nil)[:hashBytes])
	return strings.Replace(k.mask, k.name, k.name+":"+sum, 1)
}

// normalised makes the notations of one secret alike: lower case, ASCII letters and digits only.
func normalised(secret string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, secret)
}
