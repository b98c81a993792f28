// Package ruleset holds rules in the form in which they are applied: key rules and how a key finds its one, and the checks
// that a match of a value rule must pass.
package ruleset

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
)

// keyCacheLimit bounds the verdicts kept: keys come from senders, and their number is not ours to trust.
const keyCacheLimit = 4096

// Reach is how far an unquoted value goes in plain text.
type Reach uint8

const (
	ReachToken Reach = iota
	ReachWords       // a name or an address
	ReachDate        // a date or a number
	ReachLine
)

// Reaches are the reaches by the name that rules use.
var Reaches = map[string]Reach{
	"": ReachToken, "token": ReachToken, "words": ReachWords, "date": ReachDate, "line": ReachLine,
}

// Key is a compiled rule by key.
type Key struct {
	Kind      int
	Reach     Reach
	Exact     bool
	Glued     bool
	Quoted    bool
	NotNumber bool
	MinDigits int
	Opaque    bool
	Value     *regexp.Regexp // nil: any
}

// Fits says whether a value in a text is of the sort that the rule is about.
func (r *Key) Fits(value string) bool {
	if r.NotNumber && chars.IsNumber(strings.TrimSpace(value)) {
		return false
	}
	if r.Value != nil && !r.Value.MatchString(value) {
		return false
	}
	return r.MinDigits == 0 || chars.CountDigits(value) >= r.MinDigits
}

// Conditional says that the rule looks at values, so that it cannot mask a map or a list as a whole.
func (r *Key) Conditional() bool { return r.NotNumber || r.MinDigits > 0 }

// Verdict says what is to happen with a key and the value under it.
type Verdict struct {
	Rule    *Key   // masks the value, or nil
	Renamed string // the key itself redacted, "" when it may stay as it is
}

// maskInKey is what redaction has left in a key; its kind is no part of the name.
var maskInKey = regexp.MustCompile(`\[REDACTED(?::[a-z0-9_]+)*\](?:#[0-9]+)?`)

type gluedName struct {
	name string
	rule *Key
}

// Matcher decides by its key whether a value is secret: userPassword, X-Api-Key, db.password.
type Matcher struct {
	exact    map[string]*Key // by the words, joined with spaces
	suffixes map[string]*Key
	glued    map[string]*Key
	endings  []gluedName // the longest first
	longest  int         // words in a name
	allowed  map[string]bool
	Neutral  map[string]bool
	Tails    map[string]bool // last words of names with several

	mu    sync.Mutex
	cache atomic.Pointer[map[string]Verdict]
	texts sync.Map // key in a text -> *Key, cleared when it grows too large
	count atomic.Int64
}

// NewMatcher returns a matcher without names.
func NewMatcher(allowed, neutral []string) *Matcher {
	m := &Matcher{
		exact:    map[string]*Key{},
		suffixes: map[string]*Key{},
		glued:    map[string]*Key{},
		allowed:  map[string]bool{},
		Neutral:  NameSet(neutral),
		Tails:    NameSet(neutral),
	}
	for _, key := range allowed {
		m.allowed[strings.Join(Words(key), "")] = true
	}
	m.cache.Store(&map[string]Verdict{})
	return m
}

// Add registers a name; the first rule that claims it keeps it.
func (m *Matcher) Add(words []string, rule *Key) {
	phrase, glued := strings.Join(words, " "), strings.Join(words, "")
	SetDefault(m.exact, phrase, rule)
	SetDefault(m.glued, glued, rule)
	if len(words) > 1 {
		m.Tails[words[len(words)-1]] = true
	}
	if rule.Exact {
		return
	}
	SetDefault(m.suffixes, phrase, rule)
	m.longest = max(m.longest, len(words))
	taken := slices.ContainsFunc(m.endings, func(g gluedName) bool { return g.name == glued })
	if rule.Glued && len(glued) >= contract.GluedName && !taken {
		m.endings = append(m.endings, gluedName{name: glued, rule: rule})
	}
}

// Ready is called when all names are added.
func (m *Matcher) Ready() {
	slices.SortFunc(m.endings, func(a, b gluedName) int {
		return cmp.Or(len(b.name)-len(a.name), cmp.Compare(a.name, b.name))
	})
}

// SetDefault enters a rule under a key that has none.
func SetDefault(m map[string]*Key, key string, rule *Key) {
	if _, taken := m[key]; !taken {
		m[key] = rule
	}
}

// Match returns the rule that makes the value under key secret, or nil.
func (m *Matcher) Match(key string) *Key {
	if known, ok := m.texts.Load(key); ok {
		return known.(*Key)
	}
	rule := m.decide(key)
	if len(key) <= contract.MaxKey {
		if m.count.Add(1) > keyCacheLimit {
			m.texts.Clear()
			m.count.Store(0)
		}
		m.texts.Store(strings.Clone(key), rule)
	}
	return rule
}

func (m *Matcher) decide(key string) *Key {
	if len(key) > contract.MaxKey {
		key = key[len(key)-contract.MaxKey:]
	}
	if chars.NeedsFolding(key) {
		if folded, ok := chars.Fold(key); ok {
			key = folded.Text
		}
	}
	if strings.Contains(key, "[REDACTED") {
		key = maskInKey.ReplaceAllLiteralString(key, " ")
	}
	words := Words(key)
	if m.allowed[strings.Join(words, "")] {
		return nil
	}
	for dropped := 0; dropped <= contract.NeutralWords; dropped++ {
		if rule := m.matchWords(words); rule != nil {
			if dropped > 0 && rule.Exact {
				return nil
			}
			return rule
		}
		if len(words) < 2 || !m.Neutral[words[len(words)-1]] {
			return nil
		}
		words = words[:len(words)-1]
	}
	return nil
}

func (m *Matcher) matchWords(words []string) *Key {
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

// IsAllowed says whether key is one whose value is never masked because of its name.
func (m *Matcher) IsAllowed(key string) bool {
	return m.allowed[strings.Join(Words(key), "")]
}

// Lookup returns the verdict on the key of a map, from the cache where it is known.
func (m *Matcher) Lookup(key string, decide func(string) Verdict) Verdict {
	known := *m.cache.Load()
	if verdict, ok := known[key]; ok {
		return verdict
	}
	verdict := decide(key)
	if len(known) < keyCacheLimit && len(key) <= contract.MaxKey {
		m.remember(strings.Clone(key), verdict)
	}
	return verdict
}

func (m *Matcher) remember(key string, verdict Verdict) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := *m.cache.Load()
	if len(known) >= keyCacheLimit {
		return
	}
	next := make(map[string]Verdict, len(known)+1)
	for k, v := range known {
		next[k] = v
	}
	next[key] = verdict
	m.cache.Store(&next)
}

// Words cuts a key into lower-case words at camelCase borders and at everything that is no letter or
// digit; digits at a word's end and words of digits at the key's end are dropped.
func Words(key string) []string {
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

// NameSet turns a list of names into a set; empty names, which an unset variable leaves, are skipped.
func NameSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		if name = strings.TrimSpace(name); name != "" {
			set[name] = true
		}
	}
	return set
}
