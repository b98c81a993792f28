package aegisredact

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// knownLines remembers what looking at a line tells, since the frames of a stack come again and again. It changes no
// result: the scanner and the automata read a text byte by byte, so what a line does to them depends on the line and on
// the state they are in at its beginning, which is part of what is remembered. Digits that go on in the next line are
// put together anew for each text.
//
// Only lines of texts without a secret get in, when they are seen for the second time. The memory is bounded: a line has
// one place where it can be, and takes that of another.
type knownLines struct {
	seed  maphash.Seed
	lines [linePlaces]atomic.Pointer[knownLine]
	once  [linePlaces]atomic.Uint32 // what was seen last in each place, by its hash
}

const (
	linePlaces     = 4096
	maxLineLength  = 512
	minLinesLength = 128 // of a text that is looked at by lines
)

// knownLine is a line with its end.
type knownLine struct {
	text  string
	place int
	facts lineFacts
}

// lineFacts is what a line tells the scanner that comes to it in the state from.
type lineFacts struct {
	facts
	from, to   uint32
	head, tail int  // digits of the runs at its ends
	whole      bool // whether all of it is one run
}

// lineStep is where an automaton gets with a line, and what matched on the way.
type lineStep struct {
	line     *knownLine
	from, to *state
	matched  bits
}

// nextLine returns a text's first line with its end, and the rest.
func nextLine(text string) (line, rest string) {
	end := strings.IndexByte(text, '\n') + 1
	if end == 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

// hasLines says whether it can pay to look at a text by lines.
func hasLines(text string) bool {
	return len(text) >= minLinesLength && strings.IndexByte(text, '\n') >= 0
}

func newKnownLines() *knownLines { return &knownLines{seed: maphash.MakeSeed()} }

// find returns what is known of a line, or nil.
func (k *knownLines) find(line string) *knownLine {
	if len(line) > maxLineLength {
		return nil
	}
	known := k.lines[maphash.String(k.seed, line)%linePlaces].Load()
	if known == nil || known.text != line {
		return nil
	}
	return known
}

// freshLines is a text from the first line on that is not known, and the scanner's state there.
type freshLines struct {
	text  string
	state uint32
}

// learn takes in lines of a text that holds no secret.
func (k *knownLines) learn(s *scanner, fresh freshLines) {
	state := fresh.state
	for line, text := "", fresh.text; text != ""; {
		line, text = nextLine(text)
		if known := k.find(line); known != nil && known.facts.from == state {
			state = known.facts.to
			continue
		}
		of := s.scanLine(state, line)
		state = of.to
		if len(line) > maxLineLength {
			continue
		}
		hash := maphash.String(k.seed, line)
		place := int(hash % linePlaces)
		if known := k.lines[place].Load(); known != nil && known.text == line {
			continue
		}
		if mark := uint32(hash >> 32); k.once[place].Swap(mark) != mark {
			continue
		}
		k.lines[place].Store(&knownLine{text: strings.Clone(line), place: place, facts: of})
	}
}

// scan is scanner.scan for a text of lines; fresh is what there is to learn.
func (k *knownLines) scan(s *scanner, text string) (found facts, fresh freshLines) {
	most, run, state := 0, 0, uint32(0)
	for line, rest := "", text; rest != ""; {
		text = rest
		line, rest = nextLine(text)
		var read lineFacts
		of := &read
		if known := k.find(line); known != nil && known.facts.from == state {
			of = &known.facts
		} else {
			read = s.scanLine(state, line)
			if known == nil && fresh.text == "" && len(line) <= maxLineLength {
				fresh = freshLines{text: text, state: state}
			}
		}
		state = of.to
		found.literals.add(of.literals)
		most = max(most, of.run, run+of.head)
		if of.whole {
			run += of.head
		} else {
			run = of.tail
		}
	}
	found.run = min(most, maxRun)
	return found, fresh
}

func (s *scanner) scanLine(state uint32, line string) lineFacts {
	of := lineFacts{from: state}
	of.facts, of.to = s.scanFrom(state, line)
	end := 0
	for ; end < len(line) && s.bytes[line[end]].keep != 0; end++ {
		of.head += int(s.bytes[line[end]].digit)
	}
	if of.whole = end == len(line); of.whole {
		of.tail = of.head
		return of
	}
	for start := len(line) - 1; s.bytes[line[start]].keep != 0; start-- {
		of.tail += int(s.bytes[line[start]].digit)
	}
	return of
}

// match is automaton.match for a text of lines.
func (k *knownLines) match(a *automaton, text string) bits {
	m := a.memory.Load()
	at := m.start
	var found bits
	for line := ""; text != ""; {
		line, text = nextLine(text)
		known := k.find(line)
		if known == nil {
			at = a.run(at, line, &found)
			continue
		}
		step := m.lines[known.place].Load()
		if step == nil || step.line != known || step.from != at {
			step = &lineStep{line: known, from: at}
			step.to = a.run(at, line, &step.matched)
			m.lines[known.place].Store(step)
		}
		found.add(step.matched)
		at = step.to
	}
	return found
}
