package verify

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// Tail are the bytes of a chain's file behind its last whole batch.
type Tail struct {
	Live  bool
	Seq   int64 // the first number that is in no whole batch
	Bad   int64 // the first number that is not there or no good
	Bytes int64
	Place Place
}

// File tells that a trail's folder has a file of the chain.
func (v *Verifier) File(chain record.Hash, name string) {
	c := v.chain(chain)
	if c.files = append(c.files, name); len(c.files) > 1 {
		v.findings.chain(Fork, chain, 0, Place{}, "the chain has more than one file: %s", name)
	}
}

// Tail tells what is behind the last whole batch of a chain's file.
func (v *Verifier) Tail(chain record.Hash, tail Tail) { v.chain(chain).tail = &tail }

// ChainReport is the result for one chain. First is nil if nothing was found.
type ChainReport struct {
	Chain   record.Hash
	State   State
	Records int64
	Proven  int64
	First   *Finding
	Found   []*Finding // the first of each state
	// HalfBatch says that its file ends in bytes that are no whole batch, or has none.
	HalfBatch bool
}

// Report is the result for the whole input.
type Report struct {
	State      State
	Chains     []ChainReport
	Found      []*Finding // of no chain
	Records    int64      // with a seal, sound or not
	Proven     int64
	Duplicates int64
	Unsealed   int64
	SecretOnly bool // a chain is signed with HMAC: who can verify it can forge it
	Warnings   []string
}

// Finish checks what needs all records, and reports. The verifier is of no use after that.
func (v *Verifier) Finish() *Report {
	v.placeBads()
	chains := v.sorted()
	for _, c := range chains {
		c.order(v)
	}
	v.follow(chains)
	v.collect()
	for _, c := range chains {
		c.trust(v)
		c.walk(v)
	}
	v.checkNotes()
	v.settle()
	report := &Report{Records: v.sealed, Duplicates: v.duplicates, Unsealed: v.unsealed, SecretOnly: v.secretOnly}
	for _, c := range chains {
		c.finish(v)
		report.Proven += min(c.proven, c.length())
	}
	if v.sealed == 0 {
		v.findings.global(NotVerified, Place{}, "there is no record with a seal")
	} else if report.Proven == 0 {
		v.findings.global(TailUnproven, Place{}, "no record is proven")
	}
	v.fill(report)
	return report
}

func (v *Verifier) sorted() []*chain {
	chains := make([]*chain, 0, len(v.chains))
	for _, c := range v.chains {
		chains = append(chains, c)
	}
	slices.SortFunc(chains, func(a, b *chain) int { return bytes.Compare(a.id[:], b.id[:]) })
	return chains
}

// follow trusts the keys to which signed rotations lead from a trusted one.
func (v *Verifier) follow(chains []*chain) {
	rotations := map[record.Hash][]*record.Rotated{}
	var ready []*record.Rotated
	for _, c := range chains {
		for i := range c.path {
			rotated, ok := c.path[i].event.(*record.Rotated)
			if !ok {
				continue
			}
			if !note.Rotates(rotated) {
				v.findings.chain(Tampered, c.id, c.path[i].seq, c.path[i].place, "a signature of the rotation is wrong")
				continue
			}
			if v.keys.Knows(rotated.OldKey) {
				ready = append(ready, rotated)
			}
			rotations[rotated.OldKey] = append(rotations[rotated.OldKey], rotated)
		}
	}
	for len(ready) > 0 {
		rotated := ready[0]
		ready = ready[1:]
		if v.keys.Follow(rotated) {
			v.Warn(fmt.Sprintf("%s is trusted because of a rotation from %s at %s",
				note.NodeName(rotated.NewKey), note.NodeName(rotated.OldKey), rotated.At))
			ready = append(ready, rotations[rotated.NewKey]...)
		}
	}
}

// finish looks at the end of a chain.
func (c *chain) finish(v *Verifier) {
	length := c.length()
	if c.tail != nil {
		c.finishFile(v, length)
	}
	if length == 0 {
		return
	}
	last := &c.path[len(c.path)-1]
	stamp := time.UnixMilli(last.stamp)
	switch {
	case closes(last) || c.saidToEnd || last.bad:
	case c.tail != nil && !c.tail.Live:
		v.findings.chain(Missing, c.id, length, last.place, "the chain has no end, and no process writes to it")
	case stamp.Before(v.silentSince):
		v.findings.chain(TailUnproven, c.id, length, last.place, "the chain has no end, and says nothing more")
	}
	if c.proven >= length {
		return
	}
	if v.acceptYoung && stamp.After(v.acceptAfter) {
		v.Warn(fmt.Sprintf("%d records of %s are too young to be proven", length-c.proven, c.id))
		return
	}
	place := Place{}
	for i := range c.path {
		if c.path[i].seq >= c.proven {
			place = c.path[i].place
			break
		}
	}
	v.findings.chain(TailUnproven, c.id, c.proven, place, "nothing proves the %d records from here on", length-c.proven)
}

// finishFile judges the bytes behind the last whole batch, and a file without a record.
func (c *chain) finishFile(v *Verifier, length int64) {
	tail := c.tail
	endsEmpty := c.ended != nil && c.ended.size == 0
	switch {
	case tail.Bytes == 0 && length > 0, tail.Bytes == 0 && endsEmpty:
	case tail.Live:
		v.findings.chain(TailUnproven, c.id, tail.Seq, tail.Place, "bytes behind the last whole batch, or no batch: it is being written, or its process died")
	case tail.Bytes == 0:
		v.findings.chain(Missing, c.id, 0, tail.Place, "the file has no record, and no recovered record says so")
	case c.ended == nil || !c.ended.left || tail.Seq < c.ended.size:
		v.findings.chain(Tampered, c.id, tail.Bad, tail.Place, "bytes behind the last whole batch")
	}
}

func (v *Verifier) fill(report *Report) {
	report.State = worst(&v.findings.first)
	report.Found = listed(&v.findings.first)
	if v.findings.more > 0 {
		v.Warn(fmt.Sprintf("findings on further chains: %d", v.findings.more))
	}
	report.Warnings = v.warnings
	for id := range v.findings.chains {
		v.chain(id) // chains that are not there have a row as well
	}
	for _, c := range v.sorted() {
		row := ChainReport{Chain: c.id, State: OK, Records: int64(len(c.path)), Proven: min(c.proven, c.length())}
		row.HalfBatch = c.tail != nil && (c.tail.Bytes > 0 || len(c.path) == 0)
		if found := v.findings.chains[c.id]; found != nil {
			row.State, row.First, row.Found = worst(found), firstBad(found), listed(found)
		}
		report.State = min(report.State, row.State)
		report.Chains = append(report.Chains, row)
	}
}

func listed(found *[OK]*Finding) []*Finding {
	var list []*Finding
	for _, finding := range found {
		if finding != nil {
			list = append(list, finding)
		}
	}
	return list
}

// First is the finding that names the first bad record of the input: that of the chain whose state decides.
func (r *Report) First() *Finding {
	for i := range r.Chains {
		if r.Chains[i].State == r.State && r.Chains[i].First != nil {
			return r.Chains[i].First
		}
	}
	return nil
}
