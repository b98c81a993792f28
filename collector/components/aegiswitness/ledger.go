package aegiswitness

import (
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// Bounds of checkpoints that came before the opening of their chain: nothing proves yet that they are of a chain.
const (
	maxOrphans      = 1_024
	maxOrphansChain = 16
)

// ledger decides on what comes, and remembers it in memory. It is used by one goroutine.
type ledger struct {
	origins map[record.Hash]*origin
	orphans map[record.Hash][]waiter
	orphan  int
	trust   *trust
	witness *note.Witness
	hold    time.Duration
	tell    func(chain record.Hash, size int64, v verdict)
	changed map[record.Hash]*origin
}

// take decides on one sighting.
func (l *ledger) take(s sighting, now time.Time) {
	if s.opened != nil {
		l.open(s, now)
		return
	}
	o := l.origins[s.chain]
	if o == nil {
		l.adopt(s, now)
		return
	}
	l.offer(o, s.point, now)
	l.settle(o, now)
}

// open lets a chain begin, if a trusted node key endorses its key.
func (l *ledger) open(s sighting, now time.Time) {
	known := l.origins[s.chain]
	if known != nil && (known.damaged || known.key == s.opened.Key) {
		return
	}
	endorsed := false
	for _, s.opened.Timestamp = range s.stamps {
		if endorsed = note.Endorses(s.chain, s.opened); endorsed {
			break
		}
	}
	stamp, err := record.ParseTime(s.opened.Timestamp)
	switch {
	case !endorsed || err != nil:
		l.tell(s.chain, 0, endorsement)
		return
	case !l.trust.trusts(s.opened.NodeKey, stamp, now):
		l.tell(s.chain, 0, untrusted)
		return
	case known != nil:
		l.tell(s.chain, 0, otherKey)
		return
	}
	o := &origin{chain: s.chain, key: s.opened.Key}
	l.origins[s.chain] = o
	l.changed[s.chain] = o
	waiting := l.orphans[s.chain]
	delete(l.orphans, s.chain)
	l.orphan -= len(waiting)
	for _, w := range waiting {
		l.offer(o, w.point, now)
	}
	l.settle(o, now)
}

func (l *ledger) offer(o *origin, point *record.Checkpoint, now time.Time) {
	v := o.offer(point, now.Add(l.hold), l.witness)
	if v == taken || v == held {
		l.changed[o.chain] = o
	}
	l.tell(o.chain, point.Size, v)
}

// settle decides on checkpoints that need not wait any longer.
func (l *ledger) settle(o *origin, now time.Time) {
	for {
		point, late := o.ready(now)
		if point == nil {
			return
		}
		l.changed[o.chain] = o
		if late {
			l.tell(o.chain, point.Size, unproven)
		} else {
			l.offer(o, point, now)
		}
	}
}

// adopt keeps a checkpoint until the opening of its chain comes.
func (l *ledger) adopt(s sighting, now time.Time) {
	if l.orphan >= maxOrphans || len(l.orphans[s.chain]) >= maxOrphansChain {
		l.tell(s.chain, s.point.Size, crowded)
		return
	}
	l.orphans[s.chain] = append(l.orphans[s.chain], waiter{s.point, now.Add(l.hold)})
	l.orphan++
	l.tell(s.chain, s.point.Size, held)
}

// expire gives up on what has waited too long.
func (l *ledger) expire(now time.Time) {
	for _, o := range l.origins {
		if len(o.waiting) > 0 {
			l.settle(o, now)
		}
	}
	for chain, waiting := range l.orphans {
		for len(waiting) > 0 && !now.Before(waiting[0].until) {
			l.tell(chain, waiting[0].point.Size, unproven)
			waiting = waiting[1:]
			l.orphan--
		}
		if len(waiting) == 0 {
			delete(l.orphans, chain)
		} else {
			l.orphans[chain] = waiting
		}
	}
}
