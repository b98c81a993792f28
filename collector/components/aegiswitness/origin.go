package aegiswitness

import (
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// verdict is what became of a checkpoint.
type verdict string

// The verdicts. The first four are fine; all others are refusals, and the reason for them.
const (
	taken       verdict = "taken"    // remembered and cosigned
	same        verdict = "same"     // as remembered
	repeated    verdict = "repeated" // one that was taken before; a sender sends again what got no answer
	held        verdict = "held"     // waits for the one before it
	fork        verdict = "fork"     // another root or history than that which was taken
	rollback    verdict = "rollback" // smaller than what was taken, and never taken itself
	signature   verdict = "signature"
	endorsement verdict = "endorsement"
	untrusted   verdict = "untrusted" // the node key is not among the trusted keys
	otherKey    verdict = "key"       // the chain is opened again, with another key
	unproven    verdict = "unproven"  // what it follows, or the opening of its chain, did not come in time
	crowded     verdict = "crowded"   // too many wait
	damaged     verdict = "damaged"   // what is remembered of the chain cannot be read
)

// Bounds of what is kept of one chain.
const (
	maxHistory = 64
	maxHeld    = 64
)

// origin is what the witness remembers of a chain.
type origin struct {
	chain   record.Hash
	key     record.Hash
	size    int64
	root    record.Hash
	closed  bool
	note    []byte
	history []taking // what was taken before, the newest last
	waiting []waiter
	damaged bool
}

// taking is a checkpoint that was taken.
type taking struct {
	Size int64       `json:"size"`
	Root record.Hash `json:"root"`
}

// waiter is a checkpoint that is held back.
type waiter struct {
	point *record.Checkpoint
	until time.Time
}

// offer decides on a checkpoint that has just come. The signature must be the chain's before anything else counts.
func (o *origin) offer(point *record.Checkpoint, until time.Time, witness *note.Witness) verdict {
	if o.damaged {
		return damaged
	}
	text := note.Text(o.chain, point.Size, point.Root)
	if !note.SignedByChain(o.key, text, point.Signature) {
		return signature
	}
	decided := o.compare(point)
	switch decided {
	case held:
		return o.hold(point, until)
	case taken:
		signed, err := witness.Cosign(o.chain, o.key, text, point.Signature)
		if err != nil {
			return signature
		}
		if o.size > 0 {
			o.history = append(o.history, taking{o.size, o.root})
			o.history = o.history[max(0, len(o.history)-maxHistory):]
		}
		o.size, o.root, o.closed, o.note = point.Size, point.Root, point.Closed, signed
	}
	return decided
}

// compare tells how a checkpoint fits to the one that was taken last. In an unforked chain each checkpoint has the size
// of the one before it as auditProofSize, so one that is larger and has a smaller auditProofSize is of another history.
func (o *origin) compare(point *record.Checkpoint) verdict {
	switch {
	case point.Size == o.size:
		if point.Root == o.root {
			return same
		}
		return fork
	case point.Size < o.size:
		for _, before := range o.history {
			if before.Size == point.Size && before.Root == point.Root {
				return repeated
			} else if before.Size == point.Size {
				return fork
			}
		}
		return rollback
	case o.closed || point.ProofSize < o.size || point.ProofSize >= point.Size:
		return fork
	case point.ProofSize > o.size:
		return held
	case o.size == 0:
		if len(point.Proof) > 0 {
			return fork
		}
		return taken
	}
	nodes := make([][]byte, len(point.Proof))
	for i := range point.Proof {
		nodes[i] = point.Proof[i][:]
	}
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(o.size), uint64(point.Size), nodes, o.root[:], point.Root[:])
	if err != nil {
		return fork
	}
	return taken
}

func (o *origin) hold(point *record.Checkpoint, until time.Time) verdict {
	for _, other := range o.waiting {
		if other.point.Size == point.Size && other.point.Root == point.Root {
			return held
		}
	}
	if len(o.waiting) >= maxHeld {
		return crowded
	}
	o.waiting = append(o.waiting, waiter{point, until})
	return held
}

// ready takes out of those that wait one which need not wait any longer, or nil.
func (o *origin) ready(now time.Time) (point *record.Checkpoint, late bool) {
	for i, w := range o.waiting {
		if w.point.ProofSize <= o.size || !now.Before(w.until) {
			o.waiting = append(o.waiting[:i:i], o.waiting[i+1:]...)
			return w.point, w.point.ProofSize > o.size
		}
	}
	return nil, false
}
