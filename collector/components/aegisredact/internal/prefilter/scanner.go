// Package prefilter tells in one pass over a text which rules can match in it at all: a scanner finds literals and runs of
// digits, an automaton asks patterns that need digits, and what a line tells is remembered.
package prefilter

import (
	"maps"
	mathbits "math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
)

// Facts are what one pass over a string tells: which literals occur, and the most digits in one run.
type Facts struct {
	Literals Marks
	Run      int
}

// Marks are a set of marks, each of which stands for some literals or for a rule.
type Marks [6]uint64

// Mark returns the marks with one of them set, from 0 to 383.
func Mark(n int) Marks {
	var b Marks
	b[n/64] = 1 << (n % 64)
	return b
}

// Add sets the marks of other as well.
func (b *Marks) Add(other Marks) {
	for i := range b {
		b[i] |= other[i]
	}
}

// EveryMark is for a rule that needs no literal.
var EveryMark = Marks{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}

// Meets says whether any of the marks of other is there.
func (b *Marks) Meets(other Marks) bool {
	var both uint64
	for i := range b {
		both |= b[i] & other[i]
	}
	return both != 0
}

// Has says whether all marks of other are there.
func (b *Marks) Has(other Marks) bool {
	var missing uint64
	for i := range b {
		missing |= other[i] &^ b[i]
	}
	return missing == 0
}

// Scanner finds all literals of all rules in one pass over a string (Aho and Corasick, "Efficient
// string matching", 1975), without regard to ASCII case, and counts digit runs on the way.
type Scanner struct {
	bytes       [256]byteClass
	width       int      // of a row, a power of two
	shift       int      // the power
	next        []uint32 // state + column -> state; a state is the place of its row, and has arrived set where literals end
	accepted    []Marks  // row number -> marks of the literals that end there
	rests       [][]rest // the same for literals behind which more must follow
	neutral     []string // words that may follow a bounded literal
	beyondASCII Marks    // of a text with other characters
}

// rest is what must follow a literal.
type rest struct {
	words   []string
	bounded bool
	marks   Marks
}

// byteClass is what a byte means to the automaton and to digit runs.
type byteClass struct {
	column uint8 // 0 for bytes that no literal has
	keep   uint8 // 0 where the byte ends a run, all ones where it does not
	digit  uint8 // 1 for a digit
}

// arrived marks a state in which literals end.
const arrived = uint32(1) << 31

// Literal is a lower-case text to look for. Words, joined with spaces, are those that must follow it, with no letters
// between each other. A bounded literal counts only where the word ends behind all of this, or goes on with a neutral one.
type Literal struct {
	Text    string
	Words   string
	Bounded bool
}

// NewScanner builds the automaton; literals maps them to their marks.
func NewScanner(literals map[Literal]Marks, neutral map[string]bool, beyondASCII Marks) *Scanner {
	s := &Scanner{width: 1, beyondASCII: beyondASCII, neutral: slices.Sorted(maps.Keys(neutral))}
	for l := range literals {
		literal := l.Text
		for i := 0; i < len(literal); i++ {
			c := literal[i]
			if s.bytes[c].column != 0 {
				continue
			}
			s.bytes[c].column = uint8(s.width)
			if chars.IsLower(c) {
				s.bytes[c-'a'+'A'].column = uint8(s.width)
			}
			s.width++
		}
	}
	for c := range s.bytes {
		switch {
		case chars.IsDigit(byte(c)):
			s.bytes[c].keep, s.bytes[c].digit = 0xff, 1
		case isRunByte(rune(c)):
			s.bytes[c].keep = 0xff
		}
	}
	s.shift = mathbits.Len(uint(s.width - 1))
	s.width = 1 << s.shift
	s.build(literals)
	return s
}

func (s *Scanner) build(literals map[Literal]Marks) {
	s.addState()
	for l, marks := range literals {
		state, literal := 0, l.Text
		for i := 0; i < len(literal); i++ {
			at := state*s.width + int(s.bytes[literal[i]].column)
			if s.next[at] == 0 {
				s.next[at] = uint32(s.addState())
			}
			state = int(s.next[at])
		}
		if l.Bounded || l.Words != "" {
			s.rests[state] = append(s.rests[state], rest{words: strings.Fields(l.Words), bounded: l.Bounded, marks: marks})
		} else {
			s.accepted[state].Add(marks)
		}
	}
	s.link()
	for i, state := range s.next {
		s.next[i] = state * uint32(s.width)
		if s.accepted[state] != (Marks{}) || len(s.rests[state]) > 0 {
			s.next[i] |= arrived
		}
	}
}

func (s *Scanner) addState() int {
	s.next = append(s.next, make([]uint32, s.width)...)
	s.accepted = append(s.accepted, Marks{})
	s.rests = append(s.rests, nil)
	return len(s.accepted) - 1
}

// link turns the trie into an automaton: where a literal breaks off, go on in its longest suffix.
func (s *Scanner) link() {
	fail := make([]int, len(s.accepted))
	var queue []int
	for class := 0; class < s.width; class++ {
		if child := int(s.next[class]); child != 0 {
			queue = append(queue, child)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		s.accepted[state].Add(s.accepted[fail[state]])
		s.rests[state] = append(s.rests[state], s.rests[fail[state]]...)
		for class := 0; class < s.width; class++ {
			at := state*s.width + class
			fallback := s.next[fail[state]*s.width+class]
			if child := int(s.next[at]); child != 0 {
				fail[child] = int(fallback)
				queue = append(queue, child)
			} else {
				s.next[at] = fallback
			}
		}
	}
}

// Scan goes over a text.
func (s *Scanner) Scan(text string) Facts {
	found, _ := s.scanFrom(0, text)
	return found
}

// scanFrom goes on from a state; it returns the one where it ends as well.
func (s *Scanner) scanFrom(state uint32, text string) (Facts, uint32) {
	var found Facts
	all, digits, most := uint8(0), uint8(0), uint8(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		all |= c
		class := &s.bytes[c]
		state = s.next[state+uint32(class.column)]
		if state >= arrived {
			state &^= arrived
			s.arrive(&found, state, text, i+1)
		}
		digits = digits&class.keep + class.digit
		if digits > most {
			if most = digits; most == maxRun {
				digits-- // no wrap-around
			}
		}
	}
	found.Run = int(most)
	if all >= utf8.RuneSelf {
		found.Literals.Add(s.beyondASCII)
	}
	return found, state
}

// maxRun is as far as digits of a run are counted.
const maxRun = 255

func (s *Scanner) arrive(found *Facts, state uint32, text string, end int) {
	row := state >> s.shift
	found.Literals.Add(s.accepted[row])
	for i := range s.rests[row] {
		if rest := &s.rests[row][i]; !found.Literals.Has(rest.marks) && s.follows(rest, text, end) {
			found.Literals.Add(rest.marks)
		}
	}
}

// follows says whether what must follow a literal may do so at a position. A key
// is in one line, so a line can be read without the next one.
func (s *Scanner) follows(r *rest, text string, at int) bool {
	for _, word := range r.words {
		for at < len(text) && chars.IsDigit(text[at]) {
			at++
		}
		for at < len(text) && text[at] != '\n' && !chars.IsAlnum(text[at]) {
			at++
		}
		if !hasPrefixFold(text[at:], word) {
			return false
		}
		at += len(word)
	}
	return !r.bounded || s.wordEnds(text, at)
}

func hasPrefixFold(text, word string) bool {
	return len(text) >= len(word) && chars.LowerASCII(text[:len(word)]) == word
}

func (s *Scanner) wordEnds(text string, at int) bool {
	if at >= len(text) || !chars.IsLetter(text[at]) {
		return true
	}
	return slices.ContainsFunc(s.neutral, func(word string) bool { return hasPrefixFold(text[at:], word) })
}
