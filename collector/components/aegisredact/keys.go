package aegisredact

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
)

const (
	// gluedSuffixLength is the least length of a rule name that also matches the end of a key written
	// without any border, as in PGPASSWORD. Shorter names would hit ordinary words.
	gluedSuffixLength = 6

	// maxKeyLength is how much of a key is looked at; the end of a longer one counts.
	maxKeyLength = 128

	// keyCacheLimit bounds the verdicts kept: keys come from senders, and their number is not ours to trust.
	keyCacheLimit = 4096

	maxNeutralWords = 2
)

// valueReach is how far an unquoted value goes in plain text.
type valueReach uint8

const (
	reachToken valueReach = iota
	reachWords            // a name or an address
	reachDate             // a date or a number
	reachLine
)

var valueReaches = map[string]valueReach{
	"": reachToken, "token": reachToken, "words": reachWords, "date": reachDate, "line": reachLine,
}

// keyRule is a compiled KeyRule.
type keyRule struct {
	kind      int
	reach     valueReach
	exact     bool
	glued     bool
	quoted    bool
	notNumber bool
	minDigits int
	opaque    bool
}

// fits says whether a value in a text is of the sort that the rule is about.
func (r *keyRule) fits(value string) bool {
	if r.notNumber && chars.IsNumber(strings.TrimSpace(value)) {
		return false
	}
	return r.minDigits == 0 || chars.CountDigits(value) >= r.minDigits
}

// conditional says that the rule looks at values, so that it cannot mask a map or a list as a whole.
func (r *keyRule) conditional() bool { return r.notNumber || r.minDigits > 0 }

// keyVerdict says what is to happen with a key and the value under it.
type keyVerdict struct {
	rule    *keyRule // masks the value, or nil
	renamed string   // the key itself redacted, "" when it may stay as it is
}

// maskInKey is what redaction has left in a key; its kind is no part of the name.
var maskInKey = regexp.MustCompile(`\[REDACTED(?::[a-z0-9_]+)*\](?:#[0-9]+)?`)

type gluedName struct {
	name string
	rule *keyRule
}

// keyMatcher decides by its key whether a value is secret: userPassword, X-Api-Key, db.password.
type keyMatcher struct {
	exact    map[string]*keyRule // by the words, joined with spaces
	suffixes map[string]*keyRule
	glued    map[string]*keyRule
	endings  []gluedName // the longest first
	longest  int         // words in a name
	allowed  map[string]bool
	neutral  map[string]bool
	tails    map[string]bool // last words of names with several

	mu    sync.Mutex
	cache atomic.Pointer[map[string]keyVerdict]
	texts sync.Map // key in a text -> *keyRule, cleared when it grows too large
	count atomic.Int64
}

func newKeyMatcher(allowed, neutral []string) *keyMatcher {
	m := &keyMatcher{
		exact:    map[string]*keyRule{},
		suffixes: map[string]*keyRule{},
		glued:    map[string]*keyRule{},
		allowed:  map[string]bool{},
		neutral:  trimmedSet(neutral),
		tails:    trimmedSet(neutral),
	}
	for _, key := range allowed {
		m.allowed[strings.Join(splitWords(key), "")] = true
	}
	m.cache.Store(&map[string]keyVerdict{})
	return m
}

// add registers a name; the first rule that claims it keeps it.
func (m *keyMatcher) add(words []string, rule *keyRule) {
	phrase, glued := strings.Join(words, " "), strings.Join(words, "")
	setDefault(m.exact, phrase, rule)
	setDefault(m.glued, glued, rule)
	if len(words) > 1 {
		m.tails[words[len(words)-1]] = true
	}
	if rule.exact {
		return
	}
	setDefault(m.suffixes, phrase, rule)
	m.longest = max(m.longest, len(words))
	taken := slices.ContainsFunc(m.endings, func(g gluedName) bool { return g.name == glued })
	if rule.glued && len(glued) >= gluedSuffixLength && !taken {
		m.endings = append(m.endings, gluedName{name: glued, rule: rule})
	}
}

// ready is called when all names are added.
func (m *keyMatcher) ready() {
	slices.SortFunc(m.endings, func(a, b gluedName) int {
		return cmp.Or(len(b.name)-len(a.name), cmp.Compare(a.name, b.name))
	})
}

func setDefault(m map[string]*keyRule, key string, rule *keyRule) {
	if _, taken := m[key]; !taken {
		m[key] = rule
	}
}

// match returns the rule that makes the value under key secret, or nil.
func (m *keyMatcher) match(key string) *keyRule {
	if known, ok := m.texts.Load(key); ok {
		return known.(*keyRule)
	}
	rule := m.decide(key)
	if len(key) <= maxKeyLength {
		if m.count.Add(1) > keyCacheLimit {
			m.texts.Clear()
			m.count.Store(0)
		}
		m.texts.Store(strings.Clone(key), rule)
	}
	return rule
}

func (m *keyMatcher) decide(key string) *keyRule {
	if len(key) > maxKeyLength {
		key = key[len(key)-maxKeyLength:]
	}
	if chars.NeedsFolding(key) {
		if folded, ok := chars.Fold(key); ok {
			key = folded.Text
		}
	}
	if strings.Contains(key, "[REDACTED") {
		key = maskInKey.ReplaceAllLiteralString(key, " ")
	}
	words := splitWords(key)
	if m.allowed[strings.Join(words, "")] {
		return nil
	}
	for dropped := 0; dropped <= maxNeutralWords; dropped++ {
		if rule := m.matchWords(words); rule != nil {
			if dropped > 0 && rule.exact {
				return nil
			}
			return rule
		}
		if len(words) < 2 || !m.neutral[words[len(words)-1]] {
			return nil
		}
		words = words[:len(words)-1]
	}
	return nil
}

func (m *keyMatcher) matchWords(words []string) *keyRule {
	if rule := m.exact[strings.Join(words, " ")]; rule != nil {
		return rule
	}
	for n := min(m.longest, len(words)); n > 0; n-- {
		if rule := m.suffixes[strings.Join(words[len(words)-n:], " ")]; rule != nil {
			return rule
		}
	}
	glued := strings.Join(words, "")
	if rule := m.glued[glued]; rule != nil {
		return rule
	}
	for _, ending := range m.endings {
		if strings.HasSuffix(glued, ending.name) {
			return ending.rule
		}
	}
	return nil
}

// isAllowed says whether key is one whose value is never masked because of its name.
func (m *keyMatcher) isAllowed(key string) bool {
	return m.allowed[strings.Join(splitWords(key), "")]
}

// lookup returns the verdict on the key of a map, from the cache where it is known.
func (m *keyMatcher) lookup(key string, decide func(string) keyVerdict) keyVerdict {
	known := *m.cache.Load()
	if verdict, ok := known[key]; ok {
		return verdict
	}
	verdict := decide(key)
	if len(known) < keyCacheLimit && len(key) <= maxKeyLength {
		m.remember(strings.Clone(key), verdict)
	}
	return verdict
}

func (m *keyMatcher) remember(key string, verdict keyVerdict) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := *m.cache.Load()
	if len(known) >= keyCacheLimit {
		return
	}
	next := make(map[string]keyVerdict, len(known)+1)
	for k, v := range known {
		next[k] = v
	}
	next[key] = verdict
	m.cache.Store(&next)
}

// splitWords cuts a key into lower-case words at camelCase borders and at everything that is no letter or
// digit; digits at a word's end and words of digits at the key's end are dropped.
func splitWords(key string) []string {
	var words []string
	for i := 0; i < len(key); {
		end := wordEnd(key, i)
		if end == i {
			i++
			continue
		}
		words = append(words, strings.ToLower(key[i:end]))
		i = end
	}
	for len(words) > 0 && chars.AllDigits(words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	for i, word := range words {
		if trimmed := strings.TrimRight(word, "0123456789"); trimmed != "" {
			words[i] = trimmed
		}
	}
	return words
}

// wordEnd returns where the word that starts at i ends, i when none does.
func wordEnd(s string, i int) int {
	skip := func(j int, is func(byte) bool) int {
		for j < len(s) && is(s[j]) {
			j++
		}
		return j
	}
	switch c := s[i]; {
	case chars.IsUpper(c):
		// An acronym, less its last letter when a word starts with that: HTTPServer is http, server.
		upper := skip(i, chars.IsUpper)
		if upper < len(s) && chars.IsLower(s[upper]) {
			upper--
		}
		if upper > i {
			return skip(upper, chars.IsDigit)
		}
		return skip(skip(i+1, chars.IsLower), chars.IsDigit)
	case chars.IsLower(c):
		return skip(skip(i, chars.IsLower), chars.IsDigit)
	case chars.IsDigit(c):
		return skip(skip(i, chars.IsDigit), chars.IsLower)
	case c >= 0x80:
		return skip(i, func(c byte) bool { return c >= 0x80 })
	}
	return i
}
