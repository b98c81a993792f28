package aegisredact

import (
	"strings"
	"sync"
	"sync/atomic"
)

// gluedSuffixLength is the least length of a rule name that also matches the end of a key written
// without any border, as in PGPASSWORD or dbpassword. Shorter names would hit ordinary words.
const gluedSuffixLength = 6

// keyCacheLimit bounds the verdicts kept: keys come from senders, and their number is not ours to trust.
const keyCacheLimit = 4096

// keyName is one name of a key rule: its words, and the index of the rule's kind.
type keyName struct {
	words []string
	glued string
	kind  int
}

// keyVerdict says what is to happen with a key and the value under it.
type keyVerdict struct {
	kind    int    // index of the kind that masks the value, or noKind
	renamed string // the key itself redacted, "" when it may stay as it is
}

const noKind = -1

// keyMatcher decides by name which values are secret.
type keyMatcher struct {
	byLast  map[string][]keyName // by the last word of the name
	byGlued map[string]int
	suffix  []keyName
	allowed map[string]struct{} // by glued form

	mu    sync.Mutex
	cache atomic.Pointer[map[string]keyVerdict]
}

func newKeyMatcher() *keyMatcher {
	m := &keyMatcher{
		byLast:  map[string][]keyName{},
		byGlued: map[string]int{},
		allowed: map[string]struct{}{},
	}
	m.cache.Store(&map[string]keyVerdict{})
	return m
}

// add registers a name; the first rule that claims a name keeps it.
func (m *keyMatcher) add(name string, kind int) {
	words := splitWords(name)
	if len(words) == 0 {
		return
	}
	glued := strings.Join(words, "")
	if _, taken := m.byGlued[glued]; taken {
		return
	}
	entry := keyName{words: words, glued: glued, kind: kind}
	last := words[len(words)-1]
	m.byGlued[glued] = kind
	m.byLast[last] = append(m.byLast[last], entry)
	if len(glued) >= gluedSuffixLength {
		m.suffix = append(m.suffix, entry)
	}
}

// allow registers a key whose value is never masked because of its name.
func (m *keyMatcher) allow(key string) {
	m.allowed[strings.Join(splitWords(key), "")] = struct{}{}
}

// isAllowed says whether key is one whose value is never masked because of its name.
func (m *keyMatcher) isAllowed(key string) bool {
	_, ok := m.allowed[strings.Join(splitWords(key), "")]
	return ok
}

// match returns the kind that masks the value of key, or noKind.
func (m *keyMatcher) match(key string) int {
	words := splitWords(key)
	if len(words) == 0 {
		return noKind
	}
	glued := strings.Join(words, "")
	if _, ok := m.allowed[glued]; ok {
		return noKind
	}
	if kind, ok := m.byGlued[glued]; ok {
		return kind
	}
	best, length := noKind, 0
	for _, name := range m.byLast[words[len(words)-1]] {
		if len(name.glued) > length && endsWithWords(words, name.words) {
			best, length = name.kind, len(name.glued)
		}
	}
	for _, name := range m.suffix {
		if len(name.glued) > length && strings.HasSuffix(glued, name.glued) {
			best, length = name.kind, len(name.glued)
		}
	}
	return best
}

// lookup returns the verdict on key, from the cache where it is known.
func (m *keyMatcher) lookup(key string, decide func(string) keyVerdict) keyVerdict {
	known := *m.cache.Load()
	if verdict, ok := known[key]; ok {
		return verdict
	}
	verdict := decide(key)
	if len(known) < keyCacheLimit {
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

func endsWithWords(words, tail []string) bool {
	if len(tail) > len(words) {
		return false
	}
	offset := len(words) - len(tail)
	for i, word := range tail {
		if words[offset+i] != word {
			return false
		}
	}
	return true
}

// splitWords cuts a key into lower-case words at everything that is no letter or digit and at
// camelCase borders ("APIKey" is api, key), and strips trailing digits ("password2" is password).
func splitWords(key string) []string {
	var words []string
	start := -1
	flush := func(end int) {
		if start >= 0 {
			if word := trimDigits(asciiLower(key[start:end])); word != "" {
				words = append(words, word)
			}
			start = -1
		}
	}
	for i := 0; i < len(key); i++ {
		c := key[i]
		if !isWordByte(c) {
			flush(i)
			continue
		}
		if start < 0 {
			start = i
			continue
		}
		if isUpper(c) {
			lowerBefore := isLower(key[i-1]) || isDigit(key[i-1])
			lastOfAcronym := isUpper(key[i-1]) && i+1 < len(key) && isLower(key[i+1])
			if lowerBefore || lastOfAcronym {
				flush(i)
				start = i
			}
		}
	}
	flush(len(key))
	return words
}

// trimDigits strips trailing digits, but leaves a word of digits alone.
func trimDigits(word string) string {
	trimmed := strings.TrimRight(word, "0123456789")
	if trimmed == "" {
		return word
	}
	return trimmed
}

func asciiLower(s string) string {
	for i := 0; i < len(s); i++ {
		if isUpper(s[i]) {
			lowered := []byte(s)
			for j := i; j < len(lowered); j++ {
				if isUpper(lowered[j]) {
					lowered[j] += 'a' - 'A'
				}
			}
			return string(lowered)
		}
	}
	return s
}

func isLower(c byte) bool    { return c >= 'a' && c <= 'z' }
func isUpper(c byte) bool    { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
func isWordByte(c byte) bool { return isLower(c) || isUpper(c) || isDigit(c) || c >= 0x80 }
