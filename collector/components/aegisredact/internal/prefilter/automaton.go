package prefilter

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
)

// Automaton tells in one pass over a text which of several patterns can match anywhere in it, so that a backtracking
// search is made only for these. It is a deterministic automaton whose states are made when first needed (Thompson,
// "Regular expression search algorithm", 1968; Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009).
//
// It may name a pattern that then does not match, as it does not look at borders (\b, ^, $) and takes all characters
// beyond ASCII for one another, but never leaves out one that does.
type Automaton struct {
	program  []syntax.Inst
	patterns []int    // of each instruction, the pattern it belongs to
	starts   []uint32 // one of each pattern
	classes  [256]uint8
	members  []rune // one character of each class, from firstClass on
	memory   atomic.Pointer[memory]
	restarts atomic.Int64
}

// Classes of bytes; those of characters that some pattern tells apart follow.
const (
	outside      = iota // ASCII that no pattern takes
	leading             // the first byte of a character beyond ASCII
	continuation        // a further byte of one; in a broken text it stands for itself
	firstClass
)

// MaxStates bounds the states that are remembered; beyond, it begins again with none.
const MaxStates = 8192

// memory holds the states made so far.
type memory struct {
	mu     sync.Mutex
	states map[string]*state
	start  *state
	lines  [linePlaces]atomic.Pointer[lineStep] // by the place of the line
}

// state is a set of instructions that could go on, and the patterns that have matched when it is reached.
type state struct {
	set     []uint32
	matched Marks
	matches bool // whether there are any
	next    []atomic.Pointer[state]
}

// takes says whether an instruction can take some character of a class.
func (a *Automaton) takes(inst *syntax.Inst, class uint8) bool {
	switch {
	case class == outside:
		return false
	case class >= firstClass:
		return inst.MatchRune(a.members[class-firstClass])
	case inst.Op == syntax.InstRuneAny || inst.Op == syntax.InstRuneAnyNotNL:
		return true
	}
	// The last range of a class of characters is its highest; the two letters are those which fold to s and k.
	return inst.Rune[len(inst.Rune)-1] > 0x7f || inst.MatchRune('\u017f') || inst.MatchRune('\u212a')
}

func compileProgram(pattern string) (*syntax.Prog, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return syntax.Compile(parsed.Simplify())
}

// Add takes a pattern in; it is known by its number from 0 to 127 from then on.
func (a *Automaton) Add(pattern string, number int) error {
	program, err := compileProgram(pattern)
	if err != nil {
		return err
	}
	offset := uint32(len(a.program))
	for _, inst := range program.Inst {
		inst.Out += offset
		if inst.Op == syntax.InstAlt || inst.Op == syntax.InstAltMatch {
			inst.Arg += offset
		}
		a.program = append(a.program, inst)
		a.patterns = append(a.patterns, number)
	}
	a.starts = append(a.starts, offset+uint32(program.Start))
	return nil
}

// Build ends the adding: it sorts characters which no pattern tells apart into classes.
func (a *Automaton) Build() {
	byTakers := map[string]uint8{}
	for c := range rune(0x80) {
		takers := make([]byte, 0, 64)
		for pc := range a.program {
			inst := &a.program[pc]
			if isRuneOp(inst.Op) && inst.MatchRune(c) {
				takers = binary.AppendUvarint(takers, uint64(pc))
			}
		}
		if len(takers) == 0 {
			continue
		}
		class, known := byTakers[string(takers)]
		if !known {
			class = uint8(firstClass + len(a.members))
			byTakers[string(takers)] = class
			a.members = append(a.members, c)
		}
		a.classes[c] = class
	}
	for c := 0x80; c < len(a.classes); c++ {
		a.classes[c] = leading
		if c < 0xc0 {
			a.classes[c] = continuation
		}
	}
	a.memory.Store(a.newMemory())
}

func isRuneOp(op syntax.InstOp) bool {
	return op == syntax.InstRune || op == syntax.InstRune1 || op == syntax.InstRuneAny || op == syntax.InstRuneAnyNotNL
}

func (a *Automaton) newMemory() *memory {
	m := &memory{states: map[string]*state{}}
	m.start = a.stateOf(m, slices.Clone(a.starts))
	return m
}

// Match returns the marks of the patterns that can match in text.
func (a *Automaton) Match(text string) Marks {
	var found Marks
	a.run(a.memory.Load().start, text, &found)
	return found
}

// run goes through text from a state, adds what matches, and returns the state where it ends.
func (a *Automaton) run(at *state, text string, found *Marks) *state {
	for i := 0; i < len(text); i++ {
		class := a.classes[text[i]]
		next := at.next[class].Load()
		if next == nil {
			next = a.step(at, class)
		}
		if at = next; at.matches {
			found.Add(at.matched)
		}
	}
	return at
}

// step makes the state that a class of characters leads to.
func (a *Automaton) step(from *state, class uint8) *state {
	m := a.memory.Load()
	m.mu.Lock()
	defer m.mu.Unlock()
	targets := slices.Clone(a.starts)
	if class == continuation {
		targets = append(targets, from.set...)
	}
	for _, pc := range from.set {
		if inst := &a.program[pc]; a.takes(inst, class) {
			targets = append(targets, inst.Out)
		}
	}
	if len(m.states) >= MaxStates {
		// Whoever is on an old state goes on from there; it is forgotten when the last one has left.
		m = a.newMemory()
		a.memory.Store(m)
		a.restarts.Add(1)
	}
	next := a.stateOf(m, targets)
	from.next[class].Store(next)
	return next
}

// stateOf returns the state of all that can be reached from targets, which it uses up, without taking a character.
func (a *Automaton) stateOf(m *memory, targets []uint32) *state {
	var matched Marks
	seen := make(map[uint32]bool, 2*len(targets))
	var set []uint32
	for len(targets) > 0 {
		pc := targets[len(targets)-1]
		targets = targets[:len(targets)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch inst := &a.program[pc]; {
		case isRuneOp(inst.Op):
			set = append(set, pc)
		case inst.Op == syntax.InstMatch:
			matched.Add(Mark(a.patterns[pc]))
		case inst.Op == syntax.InstAlt || inst.Op == syntax.InstAltMatch:
			targets = append(targets, inst.Out, inst.Arg)
		case inst.Op != syntax.InstFail:
			targets = append(targets, inst.Out)
		}
	}
	slices.Sort(set)
	name := make([]byte, 0, 4*len(set)+8*len(matched))
	for _, marks := range matched {
		name = binary.LittleEndian.AppendUint64(name, marks)
	}
	for _, pc := range set {
		name = binary.LittleEndian.AppendUint32(name, pc)
	}
	if known := m.states[string(name)]; known != nil {
		return known
	}
	made := &state{
		set: set, matched: matched, matches: matched != (Marks{}),
		next: make([]atomic.Pointer[state], firstClass+len(a.members)),
	}
	m.states[string(name)] = made
	return made
}

// States returns how many states are remembered.
func (a *Automaton) States() int {
	m := a.memory.Load()
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.states)
}

// Restarts returns how often all states were forgotten, as there were too many.
func (a *Automaton) Restarts() int { return int(a.restarts.Load()) }
