package prefilter

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// KnownLines remembers what looking at a line tells, since the frames of a stack come again and again. It changes no
// result: the scanner and the automata read a text byte by byte, so what a line does to them depends on the line and on
// the state they are in at its beginning, which is part of what is remembered. Digits that go on in the next line are
// put together anew for each text.
//
// Only lines of texts without a secret get in, when they are seen for the second time. The memory is bounded: a line has
// one place where it can be, and takes that of another.
type KnownLines struct {
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
	Facts
	from, to   uint32
	head, tail int  // digits of the runs at its ends
	whole      bool // whether all of it is one run
}

// lineStep is where an automaton gets with a line, and what matched on the way.
type lineStep struct {
	line     *knownLine
	from, to *state
	matched  Marks
}

// NextLine returns a text's first line with its end, and the rest.
func NextLine(text string) (line, rest string) {
	end := strings.IndexByte(text, '\n') + 1
	if end == 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

// HasLines says whether it can pay to look at a text by lines.
func HasLines(text string) bool {
	return len(text) >= minLinesLength && strings.IndexByte(text, '\n') >= 0
}

// NewKnownLines returns a memory that knows no line.
func NewKnownLines() *KnownLines { return &KnownLines{seed: maphash.MakeSeed()} }

// find returns what is known of a line, or nil.
func (k *KnownLines) find(line string) *knownLine {
	if len(line) > maxLineLength {
		return nil
	}
	known := k.lines[maphash.String(k.seed, line)%linePlaces].Load()
	if known == nil || known.text != line {
		return nil
	}
	return known
}

// FreshLines is a text from the first line on that is not known, and the scanner's state there.
type FreshLines struct {
	Text  string
	state uint32
}

// Learn takes in lines of a text that holds no secret.
func (k *KnownLines) Learn(s *Scanner, fresh FreshLines) {
	state := fresh.state
	for line, text := "", fresh.Text; text != ""; {
		line, text = NextLine(text)
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

// Scan is Scanner.scan for a text of lines; fresh is what there is to learn.
func (k *KnownLines) Scan(s *Scanner, text string) (found Facts, fresh FreshLines) {
	most, run, state := 0, 0, uint32(0)
	for line, rest := "", text; rest != ""; {
		text = rest
		line, rest = NextLine(text)
		var read lineFacts
		of := &read
		if known := k.find(line); known != nil && known.facts.from == state {
			of = &known.facts
		} else {
			read = s.scanLine(state, line)
			if known == nil && fresh.Text == "" && len(line) <= maxLineLength {
				fresh = FreshLines{Text: text, state: state}
			}
		}
		state = of.to
		found.Literals.Add(of.Literals)
		most = max(most, of.Run, run+of.head)
		if of.whole {
			run += of.head
		} else {
			run = of.tail
		}
	}
	found.Run = min(most, maxRun)
	return found, fresh
}

func (s *Scanner) scanLine(state uint32, line string) lineFacts {
	of := lineFacts{from: state}
	of.Facts, of.to = s.scanFrom(state, line)
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

// Match is Automaton.match for a text of lines.
func (k *KnownLines) Match(a *Automaton, text string) Marks {
	m := a.memory.Load()
	at := m.start
	var found Marks
	for line := ""; text != ""; {
		line, text = NextLine(text)
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
		found.Add(step.matched)
		at = step.to
	}
	return found
}

// Knows says whether a line is remembered.
func (k *KnownLines) Knows(line string) bool { return k.find(line) != nil }

// Count returns how many lines are remembered.
func (k *KnownLines) Count() int {
	count := 0
	for i := range k.lines {
		if k.lines[i].Load() != nil {
			count++
		}
	}
	return count
}
