package aegisredact

import "unicode/utf8"

// facts is what one look at a string tells: which literals occur, and the most digits in one run.
type facts struct {
	literals bits
	run      int
}

// bits are marks of literals.
type bits [2]uint64

func bit(n int) bits {
	var b bits
	b[n/64] = 1 << (n % 64)
	return b
}

func (b *bits) add(other bits) {
	b[0] |= other[0]
	b[1] |= other[1]
}

// has says whether all marks of other are there.
func (b *bits) has(other bits) bool {
	return b[0]&other[0] == other[0] && b[1]&other[1] == other[1]
}

// scanner finds all literals of all rules in one pass over a string (Aho and Corasick, "Efficient
// string matching", 1975), without regard to ASCII case, and counts digit runs on the way.
type scanner struct {
	classes  [256]uint8 // byte -> column of next; 0 for bytes that no literal has
	runs     [256]uint8 // byte -> what it means for a digit run
	width    int
	next     []uint16 // state*width + class -> state
	accepted []bits   // state -> marks of the literals that end there
	accepts  []bool   // state -> whether there are any
}

const (
	runBreak = iota
	runSeparator
	runDigit
)

// newScanner builds the automaton; literals maps a lower-case literal to its marks.
func newScanner(literals map[string]bits) *scanner {
	s := &scanner{width: 1}
	for literal := range literals {
		for i := 0; i < len(literal); i++ {
			c := literal[i]
			if s.classes[c] != 0 {
				continue
			}
			s.classes[c] = uint8(s.width)
			if isLower(c) {
				s.classes[c-'a'+'A'] = uint8(s.width)
			}
			s.width++
		}
	}
	for c := range s.runs {
		switch {
		case isDigit(byte(c)):
			s.runs[c] = runDigit
		case isRunByte(rune(c)):
			s.runs[c] = runSeparator
		}
	}
	s.build(literals)
	return s
}

func (s *scanner) build(literals map[string]bits) {
	s.addState()
	for literal, marks := range literals {
		state := 0
		for i := 0; i < len(literal); i++ {
			at := state*s.width + int(s.classes[literal[i]])
			if s.next[at] == 0 {
				s.next[at] = uint16(s.addState())
			}
			state = int(s.next[at])
		}
		s.accepted[state].add(marks)
	}
	s.link()
	for _, marks := range s.accepted {
		s.accepts = append(s.accepts, marks != bits{})
	}
}

func (s *scanner) addState() int {
	s.next = append(s.next, make([]uint16, s.width)...)
	s.accepted = append(s.accepted, bits{})
	return len(s.accepted) - 1
}

// link turns the trie into an automaton: where a literal breaks off, go on in its longest suffix.
func (s *scanner) link() {
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
		s.accepted[state].add(s.accepted[fail[state]])
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

func (s *scanner) scan(text string) facts {
	var found facts
	state, digits := 0, 0
	all := byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		all |= c
		state = int(s.next[state*s.width+int(s.classes[c])])
		if s.accepts[state] {
			found.literals.add(s.accepted[state])
		}
		switch s.runs[c] {
		case runDigit:
			digits++
			if digits > found.run {
				found.run = digits
			}
		case runBreak:
			digits = 0
		}
	}
	if all >= utf8.RuneSelf {
		found.literals.add(bitEscape)
	}
	return found
}
