package diskqueue

import (
	"fmt"
	"sync/atomic"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// writer is the segment that is written to.
type writer struct {
	segment segment
	file    disk.File

	synced       atomic.Int64 // where what is safe ends
	written      int64        // where the next entry goes; mu
	syncedNumber uint64       // of the record after what is safe; mu
	failed       error        // why the rest never will be safe; syncMu
	untidy       bool         // something lies behind written; mu
}

// place is the end of an entry that was written.
type place struct {
	writer *writer
	end    int64
}

// syncTo makes safe what was written up to a place. Appends at the same time share one fsync. One that failed is never
// tried again: the kernel may have dropped the pages, and a second fsync would succeed without them.
func (q *Queue) syncTo(to place) error {
	w := to.writer
	if w.synced.Load() >= to.end {
		return nil
	}
	q.syncMu.Lock()
	defer q.syncMu.Unlock()
	if w.synced.Load() >= to.end {
		return nil
	}
	if w.failed != nil {
		return w.failed
	}
	q.mu.Lock()
	end, number, closed := w.written, q.number, q.closed
	q.mu.Unlock()
	if closed {
		return ErrClosed
	}
	err := w.file.Sync()
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil {
		return q.abandon(w, err)
	}
	q.markSynced(w, end, number)
	return nil
}

// markSynced is called with the mutex held.
func (q *Queue) markSynced(w *writer, end int64, number uint64) {
	q.unsynced -= end - w.synced.Load()
	w.synced.Store(end)
	w.syncedNumber = number
	q.segments[len(q.segments)-1].bytes = end
	q.notify()
}

// abandon ends the active segment where it is safe, and begins another one. The entries behind are refused to those who
// append them. It is called with both mutexes held.
func (q *Queue) abandon(w *writer, cause error) error {
	safe := w.synced.Load()
	w.failed = fmt.Errorf("fsync of queue segment %s failed, so its last %d bytes are refused and its senders have to send them again: %w",
		q.path(w.segment), w.written-safe, disk.Typed(cause))
	q.size -= w.written - safe
	q.unsynced = 0
	q.number = w.syncedNumber
	_ = w.file.Truncate(safe) // the next segment says as well where this one ends
	_ = w.file.Close()
	q.active = nil
	q.reported(w.failed)
	if err := q.begin(); err != nil {
		q.reported(fmt.Errorf("a new queue segment cannot be made; it is tried again at the next record: %w", err))
	}
	q.notify()
	return w.failed
}

// rotate ends a segment, if it still is the active one, and begins the next.
func (q *Queue) rotate(w *writer) error {
	q.syncMu.Lock()
	defer q.syncMu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if q.active != w {
		return nil
	}
	if w != nil && q.unsynced > 0 {
		if err := w.file.Sync(); err != nil {
			return q.abandon(w, err)
		}
		q.markSynced(w, w.written, q.number)
	}
	if w != nil {
		_ = w.file.Close()
		q.active = nil
	}
	return q.begin()
}

// leave makes sure that nothing more is written to a segment.
func (q *Queue) leave(id uint64) error {
	q.mu.Lock()
	active := q.active
	q.mu.Unlock()
	if active == nil || active.segment.id != id {
		return nil
	}
	return q.rotate(active)
}

// reclaim ends the active segment once all of it is consumed, so that an idle queue takes no room.
func (q *Queue) reclaim() {
	q.mu.Lock()
	w := q.active
	idle := w != nil && q.size == 0 && w.written >= q.options.SegmentBytes/2 && q.next == cursor{w.segment.id, w.written}
	q.mu.Unlock()
	if !idle || q.rotate(w) != nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.active == nil || q.next.offset < w.written {
		return
	}
	at := cursor{q.active.segment.id, segmentStart}
	if q.active.segment.id <= w.segment.id || q.writePosition(at) != nil {
		return
	}
	q.next = at
	q.removeBefore(at.segment)
}
