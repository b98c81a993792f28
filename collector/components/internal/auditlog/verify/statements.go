package verify

import (
	"errors"
	"fmt"
	"slices"

	sumdb "golang.org/x/mod/sumdb/note"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// Evidence takes a file of signed notes that a witness wrote. Notes without a signature of a trusted witness are no
// evidence, which is told.
func (v *Verifier) Evidence(data []byte) {
	if len(data) == 0 {
		return
	}
	notes, err := note.Split(data)
	if err != nil {
		v.findings.global(Tampered, Place{}, "%v", err)
	}
	if len(v.keys.Witnesses()) == 0 {
		v.findings.global(NotVerified, Place{}, "there is evidence, but no key of a witness among the trusted keys")
		return
	}
	for i, signed := range notes {
		if err := v.oneNote(signed); err != nil {
			v.findings.global(Tampered, Place{}, "note %d of the evidence: %v", i+1, err)
		}
	}
}

func (v *Verifier) oneNote(signed []byte) error {
	opened, err := sumdb.Open(signed, sumdb.VerifierList(v.keys.Witnesses()...))
	var unverified *sumdb.UnverifiedNoteError
	if errors.As(err, &unverified) {
		v.findings.global(NotVerified, Place{}, "a note of the evidence is not signed by a trusted witness")
		return nil
	}
	if err != nil {
		return err
	}
	about, size, root, err := note.ParseText(opened.Text)
	if err != nil {
		return err
	}
	v.evidence = append(v.evidence, statement{
		about: about, size: size, root: root, hasRoot: true, source: "the evidence of a witness", note: signed,
	})
	return nil
}

// checkNotes looks at the chains' own signatures in the evidence.
func (v *Verifier) checkNotes() {
	for i := range v.evidence {
		c := v.chains[v.evidence[i].about]
		if c == nil || c.trustKey == nil {
			continue
		}
		verifier, err := note.ChainVerifier(c.id, c.trustKey.Key)
		if err == nil {
			_, err = sumdb.Open(v.evidence[i].note, sumdb.VerifierList(verifier))
		}
		var unsigned *sumdb.UnverifiedNoteError
		switch {
		case errors.As(err, &unsigned): // the witness has signed it, which is what counts
			v.Warn(fmt.Sprintf("the evidence on %s has no signature of the chain", c.id))
		case err != nil:
			v.findings.chain(Tampered, c.id, 0, Place{}, "the chain's signature in the evidence is wrong")
		}
	}
}

// collect reads what the records of all chains state, and notes at which sizes their roots are asked for.
func (v *Verifier) collect() {
	for _, c := range v.chains {
		for i := range c.path {
			e := &c.path[i]
			switch event := e.event.(type) {
			case *record.Opened:
				c.heads(e.seq, event.Heads)
			case *record.Heads:
				c.heads(e.seq, event.Heads)
			case *record.End:
				c.claims = append(c.claims, claim{e.seq, statement{
					about: event.Of, size: event.Size, hash: event.Hash, hasHash: true, root: event.Root, hasRoot: event.Size > 0,
					ends: true, left: event.Left, uncertain: event.Uncertain, source: fmt.Sprintf("record %d of %s", e.seq, c.id),
				}})
				v.ask(event.Of, event.Size)
				if of := v.chains[event.Of]; of != nil {
					of.saidToEnd = true
				}
			}
		}
	}
	for i := range v.evidence {
		v.ask(v.evidence[i].about, v.evidence[i].size)
	}
}

func (c *chain) heads(seq int64, heads []record.Head) {
	for _, head := range heads {
		c.claims = append(c.claims, claim{seq, statement{
			about: head.Chain, size: head.Size, hash: head.Hash, hasHash: true, source: fmt.Sprintf("record %d of %s", seq, c.id),
		}})
	}
}

func (v *Verifier) ask(id record.Hash, size int64) {
	if c := v.chains[id]; c != nil && size > 0 {
		if c.roots == nil {
			c.roots = map[int64]record.Hash{}
		}
		c.roots[size] = record.Zero
	}
}

// settle lets statements count, which can prove the chains that they are about, whose statements then count too.
func (v *Verifier) settle() {
	var grown []*chain
	for i := range v.evidence {
		grown = append(grown, v.apply(&v.evidence[i]))
	}
	for _, c := range v.chains {
		grown = append(grown, c)
	}
	for len(grown) > 0 {
		c := grown[len(grown)-1]
		grown = grown[:len(grown)-1]
		if c == nil {
			continue
		}
		for c.done < len(c.claims) && c.claims[c.done].seq < c.proven {
			s := &c.claims[c.done].statement
			c.done++
			grown = append(grown, v.apply(s))
		}
	}
}

// apply compares a statement with the chain that it is about. It returns that chain if more of it is proven now.
func (v *Verifier) apply(s *statement) *chain {
	c := v.chains[s.about]
	if c == nil {
		if s.size > 0 || v.folder {
			v.findings.chain(Missing, s.about, 0, Place{}, "the chain is not there; %s names it", s.source)
		}
		return nil
	}
	if s.ends && c.ended == nil {
		c.ended = s
	}
	if s.size == 0 {
		c.behind(v, s)
		return nil
	}
	at, found := slices.BinarySearchFunc(c.path, s.size-1, func(e entry, seq int64) int { return compare(e.seq, seq) })
	if !found {
		v.findings.chain(Missing, c.id, min(c.length(), s.size-1), Place{}, "%s says that the chain has %d records", s.source, s.size)
		return nil
	}
	last := &c.path[at]
	if s.hasHash && last.hasHash && last.hash != s.hash {
		v.findings.chain(Fork, c.id, last.seq, last.place, "%s states another hash", s.source)
		return nil
	}
	root, known := c.roots[s.size]
	if s.hasRoot && known && root != s.root {
		v.findings.chain(Fork, c.id, last.seq, last.place, "%s states another root", s.source)
		return nil
	}
	c.behind(v, s)
	if s.size > c.hole {
		return nil
	}
	proven := s.size + c.certain(s)
	if proven <= c.proven {
		return nil
	}
	c.proven = proven
	return c
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// certain counts the records behind a statement that it names one by one.
func (c *chain) certain(s *statement) int64 {
	for i, hash := range s.uncertain {
		at := s.size + int64(i)
		if at >= c.hole || c.path[at].hash != hash {
			return int64(i)
		}
	}
	return int64(len(s.uncertain))
}

// behind checks that a chain has no more records than the one who ended it says. A statement about another chain of this
// name, a fork, says nothing about where this one ends.
func (c *chain) behind(v *Verifier, s *statement) {
	if !s.ends {
		return
	}
	for i := range c.path {
		e := &c.path[len(c.path)-1-i]
		if e.seq < s.size {
			break
		}
		if at := e.seq - s.size; at >= int64(len(s.uncertain)) || e.hash != s.uncertain[at] {
			v.findings.chain(Tampered, c.id, e.seq, e.place, "the chain is longer than %s says", s.source)
		}
	}
}
