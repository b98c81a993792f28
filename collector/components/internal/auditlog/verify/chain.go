package verify

import (
	"cmp"
	"slices"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// entry is what is kept of a record.
type entry struct {
	seq            int64
	hash, previous record.Hash
	stamp          int64 // ms since 1970
	place          Place
	event          any
	bad            bool // a stand-in with the hash that it claims; hasHash tells whether it claims one
	hasHash        bool
}

// chain is one chain of the input.
type chain struct {
	id      record.Hash
	entries []entry
	bads    []entry
	files   []string // of a trail's folder
	tail    *Tail

	path     []entry               // one record for each number that is there, in order
	hole     int64                 // the first number that is missing: up to there root and hashes are known
	roots    map[int64]record.Hash // at sizes that somebody states
	trusted  bool
	trustKey *record.Opened
	proven   int64
	done     int // statements of this chain that count already
	claims   []claim
	ended    *statement // the first that counts of those that say where this chain ends
	// saidToEnd says that there is such a statement, whether it counts or not: if not, that is told of its own chain.
	saidToEnd bool
}

// claim is a statement and the number of the record that has it.
type claim struct {
	seq int64
	statement
}

// statement says something about another chain, or, as evidence, about any.
type statement struct {
	about     record.Hash
	size      int64
	hash      record.Hash
	hasHash   bool
	root      record.Hash
	hasRoot   bool
	ends      bool // no records follow, but perhaps these
	left      bool
	uncertain []record.Hash
	source    string
	note      []byte // of evidence
}

func (c *chain) add(r *record.Record, place Place) {
	c.entries = append(c.entries, entry{
		seq: r.Seq, hash: r.Hash, previous: r.Previous, stamp: r.Timestamp.UnixMilli(), place: place, event: r.Event, hasHash: true,
	})
}

// standIn takes the place of a record that is no good, with the hash that it claims.
func (c *chain) standIn(seq int64, id record.Identity, place Place) {
	c.bads = append(c.bads, entry{seq: seq, hash: id.Hash, place: place, bad: true, hasHash: id.HasHash})
}

// order sorts the records and picks for each number the one that the chain goes through.
func (c *chain) order(v *Verifier) {
	// Sound records first, so that a stand-in counts only where there is no other.
	all := append(c.entries, c.bads...)
	c.entries, c.bads = nil, nil
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.seq, b.seq) })
	var before hashes // of the records of the number before
	for from := 0; from < len(all); {
		to := numberEnd(all, from)
		group := distinct(v, all[from:to])
		var next hashes // to which the records of the next number link
		if to < len(all) && all[to].seq == all[from].seq+1 {
			for _, e := range all[to:numberEnd(all, to)] {
				if !e.bad {
					next.add(e.previous)
				}
			}
		}
		c.step(v, &before, group, &next)
		before = hashes{}
		for _, e := range group {
			before.add(e.hash)
			before.any = before.any || !e.hasHash
		}
		from = to
	}
	c.hole = int64(len(c.path))
	for i := range c.path {
		if c.path[i].seq != int64(i) || !c.path[i].hasHash {
			c.hole = int64(i)
			break
		}
	}
}

func numberEnd(all []entry, from int) int {
	to := from + 1
	for to < len(all) && all[to].seq == all[from].seq {
		to++
	}
	return to
}

// hashes is a set that costs nothing for the usual one hash, and little for very many.
type hashes struct {
	few  []record.Hash
	many map[record.Hash]bool
	any  bool // one of them is not known, so it can be any
}

func (h *hashes) add(hash record.Hash) {
	if h.few = append(h.few, hash); len(h.few) == 16 {
		h.many = map[record.Hash]bool{}
	}
	if h.many != nil {
		for _, hash := range h.few {
			h.many[hash] = true
		}
		h.few = h.few[:0]
	}
}

func (h *hashes) has(hash record.Hash) bool {
	return h.any || h.many[hash] || slices.Contains(h.few, hash)
}

func (h *hashes) empty() bool { return !h.any && len(h.few) == 0 && len(h.many) == 0 }

// distinct leaves out the second and later copies of a record, and counts them.
func distinct(v *Verifier, group []entry) []entry {
	if len(group) == 1 {
		return group
	}
	kept := group[:0:0]
	sound := map[record.Hash]any{}
	for _, e := range group { // sound records come first
		event, known := sound[e.hash]
		switch {
		case e.bad && known && e.hasHash: // its own finding says what is wrong with it
		case !e.bad && known && sameOuter(event, e.event):
			v.duplicates++
		default:
			kept = append(kept, e)
			if !e.bad {
				sound[e.hash] = e.event
			}
		}
	}
	return kept
}

// sameOuter compares what the hash of a record does not cover.
func sameOuter(a, b any) bool {
	first, ok := a.(*record.Checkpoint)
	second, both := b.(*record.Checkpoint)
	if !ok || !both {
		return ok == both
	}
	return first.Root == second.Root && first.Signature == second.Signature && first.Mac == second.Mac &&
		first.HasMac == second.HasMac && slices.Equal(first.Proof, second.Proof)
}

// step adds the records of one number.
func (c *chain) step(v *Verifier, before *hashes, group []entry, next *hashes) {
	var previous *entry
	if n := len(c.path); n > 0 {
		previous = &c.path[n-1]
	}
	seq := group[0].seq
	if expected := c.length(); seq > expected {
		v.findings.chain(Missing, c.id, expected, group[0].place, "number %d is missing", expected)
		previous, before = nil, &hashes{}
	}
	chosen := choose(previous, group, next)
	for i := range group {
		e := &group[i]
		if e.bad {
			continue
		}
		if e.hash != group[0].hash { // the first is sound if one is
			v.findings.chain(Fork, c.id, seq, e.place, "two records have this number")
		}
		if e.hash == chosen.hash && !sameOuter(e.event, chosen.event) {
			v.findings.chain(Tampered, c.id, seq, e.place, "two checkpoints differ outside of their hash")
		}
		if seq == 0 && e.previous != record.Zero || seq > 0 && !before.empty() && !before.has(e.previous) {
			v.findings.chain(Tampered, c.id, seq, e.place, "auditPrevious is not the hash of the record before")
		}
		if closes(previous) {
			v.findings.chain(Tampered, c.id, seq, e.place, "a record follows the one that closed the chain")
		}
		if _, heads := e.event.(*record.Heads); heads && previous != nil && !previous.bad && !isStart(previous.event) {
			v.findings.chain(Tampered, c.id, seq, e.place, "heads that do not follow the opening of the chain")
		}
	}
	c.path = append(c.path, chosen)
}

// length is the number that comes next.
func (c *chain) length() int64 {
	if len(c.path) == 0 {
		return 0
	}
	return c.path[len(c.path)-1].seq + 1
}

func closes(previous *entry) bool {
	if previous == nil {
		return false
	}
	point, ok := previous.event.(*record.Checkpoint)
	return ok && point.Closed
}

func isStart(event any) bool {
	switch event.(type) {
	case *record.Opened, *record.Heads:
		return true
	}
	return false
}

// choose takes the record that links both ways, else the one that links to the record before.
func choose(previous *entry, group []entry, next *hashes) entry {
	best, most := group[0], -1
	for _, e := range group {
		links := 0
		if previous == nil || !previous.hasHash || e.previous == previous.hash {
			links += 2
		}
		if next.has(e.hash) {
			links++
		}
		if e.bad {
			links = 0
		}
		if links > most {
			best, most = e, links
		}
	}
	return best
}

// trust looks at number 0: who vouches for the key of this chain.
func (c *chain) trust(v *Verifier) {
	if len(c.path) == 0 || c.path[0].seq != 0 || c.path[0].bad {
		return
	}
	opened, ok := c.path[0].event.(*record.Opened)
	if !ok {
		return
	}
	c.trustKey = opened
	place := c.path[0].place
	if opened.Algorithm == record.HMAC {
		if _, known := v.keys.Secret(opened.KeyID); !known {
			v.findings.chain(NotVerified, c.id, 0, place, "its HMAC key is not among the trusted keys")
			return
		}
		v.secretOnly, c.trusted = true, true
		return
	}
	if !note.Endorses(c.id, opened) {
		v.findings.chain(Tampered, c.id, 0, place, "the endorsement of the chain's key is wrong")
		return
	}
	if !v.keys.Trusts(opened.NodeKey, time.UnixMilli(c.path[0].stamp)) {
		v.findings.chain(NotVerified, c.id, 0, place, "its node key %s is not among the trusted keys of that time", note.NodeName(opened.NodeKey))
		return
	}
	c.trusted = true
}

// walk computes the tree and checks each checkpoint.
func (c *chain) walk(v *Verifier) {
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	tree := factory.NewEmptyRange(0)
	last := &record.Checkpoint{} // size 0: none; nil where that is not known
	for i := range c.path {
		e := &c.path[i]
		known := int64(i) < c.hole
		var root record.Hash
		if known {
			if err := tree.Append(e.hash[:], nil); err != nil {
				c.hole, known = int64(i), false
			}
		}
		point, isPoint := e.event.(*record.Checkpoint)
		_, wanted := c.roots[int64(i)+1]
		if known && (isPoint || wanted) {
			computed, err := tree.GetRootHash(nil)
			if err != nil {
				c.hole, known = int64(i), false
			}
			copy(root[:], computed)
			if wanted {
				c.roots[int64(i)+1] = root
			}
		}
		if e.bad { // it may have been a checkpoint
			last = nil
		}
		if !isPoint || e.bad {
			continue
		}
		if reason := c.check(v, point, known, root, last); reason != "" {
			v.findings.chain(Tampered, c.id, e.seq, e.place, "%s", reason)
		} else if known && c.trusted {
			c.proven = point.Size
		}
		last = &record.Checkpoint{Size: point.Size, Root: root}
	}
	for size := range c.roots {
		if size > c.hole {
			delete(c.roots, size)
		}
	}
}

// check says what is wrong with a checkpoint; what needs a record that is missing is not looked at.
func (c *chain) check(v *Verifier, point *record.Checkpoint, known bool, root record.Hash, last *record.Checkpoint) string {
	if c.trustKey != nil {
		text := note.Text(c.id, point.Size, point.Root)
		switch {
		case (c.trustKey.Algorithm == record.HMAC) != point.HasMac:
			return "a checkpoint is not signed as its chain is"
		case point.HasMac:
			secret, ok := v.keys.Secret(c.trustKey.KeyID)
			if ok && note.Mac(secret, c.id, text) != point.Mac {
				return "the MAC of a checkpoint is wrong"
			}
		case !note.SignedByChain(c.trustKey.Key, text, point.Signature):
			return "the signature of a checkpoint is wrong"
		}
	}
	if !known {
		return ""
	}
	if point.Root != root {
		return "the root of a checkpoint is not that of the records"
	}
	if last == nil {
		return ""
	}
	if point.ProofSize != last.Size {
		return "auditProofSize is not the size of the checkpoint before"
	}
	if last.Size == 0 {
		if len(point.Proof) > 0 {
			return "the first checkpoint has a proof"
		}
		return ""
	}
	nodes := make([][]byte, len(point.Proof))
	for i := range point.Proof {
		nodes[i] = point.Proof[i][:]
	}
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(last.Size), uint64(point.Size), nodes, last.Root[:], root[:])
	if err != nil {
		return "the consistency proof of a checkpoint is wrong"
	}
	return ""
}
