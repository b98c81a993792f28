// Package prefilter tells in one pass over a text which rules can match in it at all: a scanner finds literals and runs of
// digits, an automaton asks patterns that need digits, and what a line tells is remembered.
package prefilter

import (
	mathbits "math/bits"
	"unicode/utf8"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
)

// Facts are what one pass over a string tells: which literals occur, and the most digits in one run.
type Facts struct {
	Literals Marks
	Run      int
}

// Marks are a set of marks, each of which stands for some literals or for a rule.
type Marks [4]uint64

// Mark returns the marks with one of them set, from 0 to 255.
func Mark(n int) Marks {
	var b Marks
	b[n/64] = 1 << (n % 64)
	return b
}

// Add sets the marks of other as well.
func (b *Marks) Add(other Marks) {
	b[0] |= other[0]
	b[1] |= other[1]
	b[2] |= other[2]
	b[3] |= other[3]
}

// EveryMark is for a rule that needs no literal.
var EveryMark = Marks{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}

// Meets says whether any of the marks of other is there.
func (b *Marks) Meets(other Marks) bool {
	return b[0]&other[0]|b[1]&other[1]|b[2]&other[2]|b[3]&other[3] != 0
}

// Has says whether all marks of other are there.
func (b *Marks) Has(other Marks) bool {
	return b[0]&other[0] == other[0] && b[1]&other[1] == other[1] &&
		b[2]&other[2] == other[2] && b[3]&other[3] == other[3]
}

// Scanner finds all literals of all rules in one pass over a string (Aho and Corasick, "Efficient
// string matching", 1975), without regard to ASCII case, and counts digit runs on the way.
type Scanner struct {
	bytes       [256]byteClass
	width       int      // of a row, a power of two
	shift       int      // the power
	next        []uint32 // state + column -> state; a state is the place of its row, and has arrived set where literals end
	accepted    []Marks  // row number -> marks of the literals that end there
	bounded     []Marks  // the same for literals after which no word may go on
	tails       map[string]bool
	beyondASCII Marks // of a text with other characters
}

// byteClass is what a byte means to the automaton and to digit runs.
type byteClass struct {
	column uint8 // 0 for bytes that no literal has
	keep   uint8 // 0 where the byte ends a run, all ones where it does not
	digit  uint8 // 1 for a digit
}

// arrived marks a state in which literals end.
const arrived = uint32(1) << 31

// Literal is a lower-case text to look for. A bounded one counts only where the word ends after it, or goes
// on with the first two letters of one of the scanner's tails.
type Literal struct {
	Text    string
	Bounded bool
}

// NewScanner builds the automaton; literals maps them to their marks.
func NewScanner(literals map[Literal]Marks, tails map[string]bool, beyondASCII Marks) *Scanner {
	s := &Scanner{width: 1, beyondASCII: beyondASCII, tails: map[string]bool{}}
	for tail := range tails {
		s.tails[tail[:min(2, len(tail))]] = true
	}
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
		if l.Bounded {
			s.bounded[state].Add(marks)
		} else {
			s.accepted[state].Add(marks)
		}
	}
	s.link()
	for i, state := range s.next {
		s.next[i] = state * uint32(s.width)
		if s.accepted[state] != (Marks{}) || s.bounded[state] != (Marks{}) {
			s.next[i] |= arrived
		}
	}
}

func (s *Scanner) addState() int {
	s.next = append(s.next, make([]uint32, s.width)...)
	s.accepted = append(s.accepted, Marks{})
	s.bounded = append(s.bounded, Marks{})
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
		s.bounded[state].Add(s.bounded[fail[state]])
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
	if marks := s.bounded[row]; marks != (Marks{}) && !found.Literals.Has(marks) && s.wordEnds(text, end) {
		found.Literals.Add(marks)
	}
}

func (s *Scanner) wordEnds(text string, at int) bool {
	if at >= len(text) || !chars.IsLetter(text[at]) {
		return true
	}
	return s.tails[chars.LowerASCII(text[at:min(at+2, len(text))])]
}
