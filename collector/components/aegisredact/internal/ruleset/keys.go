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
	Numeric   bool // a number is a secret also where words follow the name
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

// What the words behind a strong name say, and how many words such a name has.
var (
	harmlessRest  = NameSet(contract.HarmlessRest)
	longestStrong = func() (longest int) {
		for _, name := range contract.Strong {
			longest = max(longest, len(Words(name)))
		}
		return longest
	}()
)

type gluedName struct {
	name string
	rule *Key
}

// Matcher decides by its key whether a value is secret: userPassword, X-Api-Key, db.password.
type Matcher struct {
	exact    map[string]*Key // by the words, joined with spaces
	suffixes map[string]*Key
	glued    map[string]*Key
	endings  []gluedName     // the longest first
	longest  int             // words in a name
	strong   map[string]*Key // by the words, joined with spaces: names that count whatever follows
	ends     []gluedName     // the same, glued, for the end of a word
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
		strong:   map[string]*Key{},
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
	for _, name := range contract.Strong {
		words := Words(name)
		rule := m.suffixes[strings.Join(words, " ")]
		if rule == nil {
			continue
		}
		m.strong[strings.Join(words, " ")] = behindStrong(rule)
		glued := strings.Join(words, "")
		if slices.ContainsFunc(m.endings, func(g gluedName) bool { return g.name == glued }) {
			m.ends = append(m.ends, gluedName{name: glued, rule: behindStrong(m.glued[glued])})
		}
	}
}

// behindStrong returns the rule for a key that goes on behind its name: a number there may count something.
func behindStrong(rule *Key) *Key {
	if rule.Numeric {
		return rule
	}
	changed := *rule
	changed.NotNumber = true
	return &changed
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
	words, firsts := split(key)
	if len(words) == 0 || m.allowed[strings.Join(words, "")] {
		return nil
	}
	count := len(words)
	for dropped := 0; dropped <= contract.NeutralWords; dropped++ {
		if rule := m.matchWords(words[:count], firsts[count-1]); rule != nil {
			if dropped > 0 && rule.Exact {
				return nil
			}
			return rule
		}
		if count < 2 || !m.Neutral[words[count-1]] {
			break
		}
		count--
	}
	return m.matchStrong(words)
}

// matchWords looks for a name at the end of words; the last ones, from first on, stand together.
func (m *Matcher) matchWords(words []string, first int) *Key {
	if rule := m.exact[strings.Join(words, " ")]; rule != nil {
		return rule
	}
	for n := min(m.longest, len(words)); n > 0; n-- {
		if rule := m.suffixes[strings.Join(words[len(words)-n:], " ")]; rule != nil {
			return rule
		}
	}
	glued := strings.Join(words[first:], "")
	if rule := m.glued[glued]; rule != nil && !(rule.Exact && first > 0) {
		return rule
	}
	for _, ending := range m.endings {
		if strings.HasSuffix(glued, ending.name) {
			return ending.rule
		}
	}
	return nil
}

// matchStrong looks for a strong name with words behind it that do not say that it is no secret: db_password_prod.
func (m *Matcher) matchStrong(words []string) *Key {
	for end := len(words) - 1; end > max(0, len(words)-1-contract.RestWords); end-- {
		if harmlessRest[words[end]] {
			return nil
		}
		for start := max(0, end-longestStrong); start < end; start++ {
			if rule := m.strong[strings.Join(words[start:end], " ")]; rule != nil {
				return rule
			}
		}
		for _, ending := range m.ends {
			if strings.HasSuffix(words[end-1], ending.name) {
				return ending.rule
			}
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
	words, _ := split(key)
	return words
}

// split returns the words, and for each word the first one of those that stand together with it, with nothing between them.
func split(key string) (words []string, firsts []int) {
	joined := -1
	for i := 0; i < len(key); {
		end := wordEnd(key, i)
		if end == i {
			i++
			continue
		}
		word := strings.TrimRight(key[i:end], "0123456789")
		first := len(words)
		if joined == i {
			first = firsts[first-1]
		}
		firsts = append(firsts, first)
		// Digits between two words part them: api2key is no apikey.
		if joined = end; word != key[i:end] {
			joined = -1
		}
		if word == "" {
			word = key[i:end]
		}
		words = append(words, strings.ToLower(word))
		i = end
	}
	for len(words) > 0 && chars.AllDigits(words[len(words)-1]) {
		words, firsts = words[:len(words)-1], firsts[:len(firsts)-1]
	}
	return words, firsts
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
