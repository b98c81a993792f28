// Package verify decides whether an audit trail is whole and untouched (docs/audit-format.md, section 9). It is given
// records one by one, in any order, and reports states and the first bad record of each chain.
//
// It keeps of each record its number and hashes only, so its memory grows with the number of sound records and never
// with their content.
package verify

import (
	"fmt"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// State is what a verifier found. The first one that applies to anything decides the exit code.
type State uint8

// The states in the order of their weight.
const (
	Tampered State = iota
	Fork
	Missing
	Masked
	NotVerified
	Unsealed
	TailUnproven
	OK
)

var stateNames = [...]string{
	"TAMPERED", "FORK", "MISSING", "MASKED", "NOT VERIFIED", "UNSEALED", "TAIL UNPROVEN", "OK",
}

func (s State) String() string { return stateNames[s] }

// Exit is the exit code of a command that found this state.
func (s State) Exit() int {
	if s == OK {
		return 0
	}
	return 20 + int(s)
}

// Place is where a record was read: the number of a file in the order of reading, and a line from 1. 0 is unknown.
type Place struct {
	File int32
	Line int64
}

// Finding is one reason against a chain, or against the whole input if it has no chain.
type Finding struct {
	State    State
	Chain    record.Hash
	HasChain bool
	Seq      int64
	Place    Place
	Reason   string
}

// findings keep of each chain and state the one with the lowest number.
type findings struct {
	first  [OK]*Finding
	chains map[record.Hash]*[OK]*Finding
	more   int
}

// maxChains is how many chains with findings are remembered one by one; beyond, only their states are.
const maxChains = 100_000

func (f *findings) add(finding Finding) {
	keep := &f.first
	if finding.HasChain {
		if f.chains == nil {
			f.chains = map[record.Hash]*[OK]*Finding{}
		}
		known := f.chains[finding.Chain]
		if known == nil && len(f.chains) < maxChains {
			known = &[OK]*Finding{}
			f.chains[finding.Chain] = known
		}
		if known == nil {
			f.more++
		} else {
			keep = known
		}
	}
	if before := keep[finding.State]; before == nil || finding.Seq < before.Seq {
		keep[finding.State] = &finding
	}
}

func (f *findings) chain(state State, chain record.Hash, seq int64, place Place, reason string, details ...any) {
	f.add(Finding{state, chain, true, seq, place, fmt.Sprintf(reason, details...)})
}

func (f *findings) global(state State, place Place, reason string, details ...any) {
	f.add(Finding{State: state, Place: place, Reason: fmt.Sprintf(reason, details...)})
}

// worst returns the state that decides among these.
func worst(found *[OK]*Finding) State {
	for state, finding := range found {
		if finding != nil {
			return State(state)
		}
	}
	return OK
}

// firstBad returns the finding with the lowest number among those on records; if there is none, the one that decides.
func firstBad(found *[OK]*Finding) *Finding {
	var first *Finding
	for _, finding := range found[:NotVerified] {
		if finding != nil && (first == nil || finding.Seq < first.Seq) {
			first = finding
		}
	}
	if state := worst(found); first == nil && state != OK {
		return found[state]
	}
	return first
}
