package aegisredact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	mathbits "math/bits"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/jsontext"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/prefilter"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/ruleset"
)

// Marks of the scanner's literals: these, and one for each set of literals that a value rule needs.
var (
	bitKeyWord   = prefilter.Mark(0) // a word of a secret key's name
	bitMask      = prefilter.Mark(1) // the beginning of a mask
	bitEscape    = prefilter.Mark(2) // an escape or a character beyond ASCII, which can hide anything
	bitInsert    = prefilter.Mark(3)
	bitSeparator = prefilter.Mark(4) // without it no key has a value
)

const (
	firstRuleBit = 5
	lastRuleBit  = 383
)

// kind is a sort of secret.
type kind struct {
	name  string
	mask  string
	count atomic.Int64
}

// Which automaton a rule asks. Numbers have one of their own: letters break all its matches off, so that ids with
// letters in them keep it in few states.
const (
	asksNone    = iota // it is tried without
	asksNumbers        // any long number calls it up
	asksWords          // it needs a word and digits
	automata
)

// engine applies a rule set to texts, numbers and keys. It is safe for concurrent use.
type engine struct {
	kinds     []*kind
	keys      *ruleset.Matcher
	byKind    map[string]*ruleset.Key
	rules     []valueRule
	scanner   *prefilter.Scanner
	automata  [automata]*prefilter.Automaton   // nil where no rule is for it
	lines     *prefilter.KnownLines            // nil: every text is read as a whole
	telling   prefilter.Marks                  // one mark of each rule that needs no digits: without any of these only numbers count
	byMark    [lastRuleBit + 1]prefilter.Marks // of each mark, the rules whose most telling need it is
	markless  prefilter.Marks                  // the rules that need no mark
	primaries prefilter.Marks                  // marks that byMark has rules for
	minRun    int                              // the least digits in a run that a rule about numbers needs
	prose     map[string]bool
	notSecret *regexp.Regexp
	auditKeys map[string]bool
	auditWho  map[string]bool
	masks     *regexp.Regexp
	wholeMask *regexp.Regexp
	template  string
	hashKey   []byte
	maxDepth  int
	maxText   int

	depthKind, lengthKind int
}

// redactText returns text without its secrets. depth is how deep the text lies in the record.
func (e *engine) redactText(text string, depth int, r reader) (string, bool) {
	found, fresh := e.scan(text)
	redacted, changed := text, false
	if e.suspicious(found) || mayNest(text) {
		redacted, changed = e.redactSuspicious(text, found, depth, r)
	}
	// Who may show things lets some through.
	if fresh.Text != "" && !changed && !r.who {
		e.lines.Learn(e.scanner, fresh)
	}
	return redacted, changed
}

// scan looks at a text; fresh is what there is to learn of its lines.
func (e *engine) scan(text string) (found prefilter.Facts, fresh prefilter.FreshLines) {
	if e.lines != nil && prefilter.HasLines(text) {
		return e.lines.Scan(e.scanner, text)
	}
	return e.scanner.Scan(text), prefilter.FreshLines{}
}

// mayNest says whether a text may be JSON that shows more when it is read: a map in a map, or a list of a command's
// arguments.
func mayNest(text string) bool {
	for i := 0; i < len(text); i++ {
		if chars.IsBlank(text[i]) {
			continue
		}
		return (text[i] == '{' || text[i] == '[') && (strings.Count(text[i:], "{") > 1 || strings.Contains(text[i:], `"-`))
	}
	return false
}

// redactSuspicious redacts a text that the quick look does not let through. A secret of a text that belongs to no record
// is masked a second time here.
func (e *engine) redactSuspicious(text string, found prefilter.Facts, depth int, r reader) (string, bool) {
	if r.found != nil {
		return e.redactClosely(text, found, depth, r)
	}
	r.found = &repeats{}
	redacted, changed := e.redactClosely(text, found, depth, r)
	if changed {
		redacted, _ = e.hide(r.found, redacted)
	}
	return redacted, changed
}

func (e *engine) redactClosely(text string, found prefilter.Facts, depth int, r reader) (string, bool) {
	if len(text) > e.maxText {
		return e.mask(e.lengthKind, ""), true
	}
	if trimmed := strings.TrimSpace(text); jsontext.LooksLike(trimmed) {
		if out, changed, ok := e.redactJSON(trimmed, depth, r); ok {
			if changed {
				return out, true
			}
			return text, false
		}
	}
	out := e.redactPlainText(text, found, r)
	return out, out != text
}

// suspicious says whether anything of the rule set may apply.
func (e *engine) suspicious(found prefilter.Facts) bool {
	if found.Literals.Has(bitEscape) || found.Literals.Has(bitKeyWord) && found.Literals.Has(bitSeparator) {
		return true
	}
	if !found.Literals.Meets(e.telling) && (e.minRun == 0 || found.Run < e.minRun) {
		return false
	}
	for range e.chances(&found) {
		return true
	}
	return false
}

// chances yields the rules that may match, in order.
func (e *engine) chances(found *prefilter.Facts) iter.Seq[int] {
	return func(yield func(int) bool) {
		rules := e.markless
		for half := range found.Literals {
			for marks := found.Literals[half] & e.primaries[half]; marks != 0; marks &= marks - 1 {
				rules.Add(e.byMark[64*half+mathbits.TrailingZeros64(marks)])
			}
		}
		for half := range rules {
			for marks := rules[half]; marks != 0; marks &= marks - 1 {
				i := 64*half + mathbits.TrailingZeros64(marks)
				if e.rules[i].mayMatch(found) && !yield(i) {
					return
				}
			}
		}
		for i := lastRuleBit + 1; i < len(e.rules); i++ {
			if e.rules[i].mayMatch(found) && !yield(i) {
				return
			}
		}
	}
}

// redactNumber returns the mask of a number whose digits are a secret.
func (e *engine) redactNumber(digits string, depth int, r reader) (string, bool) {
	if len(digits) < contract.CheckedDigits || !chars.AllDigits(digits) {
		return "", false
	}
	return e.redactText(digits, depth, r)
}

// key returns the verdict on the key of a map.
func (e *engine) key(key string) ruleset.Verdict {
	return e.keys.Lookup(key, func(key string) ruleset.Verdict {
		// A key that holds a secret is judged by what is left of it, as it will be when it is seen again.
		renamed, changed := e.redactText(key, 0, reader{})
		verdict := ruleset.Verdict{Rule: e.keys.Match(renamed)}
		if changed {
			verdict.Renamed = renamed
		}
		return verdict
	})
}

// isMask says whether text is a mask and nothing else.
func (e *engine) isMask(text string) bool { return e.wholeMask.MatchString(text) }

// mask returns what stands in the place of a secret; an empty secret gets no hash.
func (e *engine) mask(kind int, secret string) string {
	k := e.kinds[kind]
	k.count.Add(1)
	if len(e.hashKey) == 0 || secret == "" {
		return k.mask
	}
	return strings.ReplaceAll(e.template, "{kind}", k.name+":"+e.hash(k.name, secret))
}

func (e *engine) hash(kind, secret string) string {
	mac := hmac.New(sha256.New, e.hashKey)
	mac.Write([]byte(kind + ":" + normalised(secret)))
	return hex.EncodeToString(mac.Sum(nil)[:contract.HashBytes])
}

// normalised makes the notations of one secret alike: lower case, ASCII letters and digits only.
func normalised(secret string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(secret))
}
