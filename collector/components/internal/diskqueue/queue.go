// Package diskqueue is a bounded first-in first-out queue of byte strings on disk, with one consumer.
//
// Entries are appended to segment files; what Append returned for is on disk. The consumer reads batches
// and commits them; only a batch that was read and not committed comes again after a crash. A commit
// overwrites a few bytes in place, so the queue can be emptied on a disk that is full.
package diskqueue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Queue.
type Options struct {
	Directory    string
	MaxBytes     int64 // Append waits while the queue holds more
	SegmentBytes int64 // a segment is closed, and can be deleted once it is consumed, at this size
	Sync         bool  // fsync before Append returns
}

// ErrClosed is returned by the methods of a closed queue.
var ErrClosed = errors.New("the queue is closed")

// Queue is safe for concurrent use, but for Read and Commit, which are for its one consumer.
type Queue struct {
	options  Options
	lock     *os.File
	position *os.File

	mu       sync.Mutex
	changed  chan struct{} // closed, and replaced, when entries come or go
	segments []segment     // the oldest first; the last one is written to
	active   *os.File
	scratch  []byte
	size     int64 // bytes of all entries that are not committed
	appended int64 // bytes of all entries since Open
	closed   bool

	syncMu sync.Mutex
	synced atomic.Int64 // of appended, what is on disk for sure

	// The consumer's.
	reader   *os.File
	next     cursor
	reported func(error)
}

// segment is a file of entries.
type segment struct {
	id    uint64
	bytes int64
}

// cursor is a place in the queue: before the entry that starts there.
type cursor struct {
	segment uint64
	offset  int64
}

// Open opens the queue in a directory, creating it where it is absent. What a crash tore off is cut away;
// corrupt is told of entries that the disk has damaged, which are set aside.
func Open(options Options, corrupt func(error)) (*Queue, error) {
	if err := os.MkdirAll(options.Directory, directoryMode); err != nil {
		return nil, err
	}
	q := &Queue{options: options, changed: make(chan struct{}), reported: corrupt}
	if err := q.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("queue in %s: %w", options.Directory, err), q.closeFiles())
	}
	return q, nil
}

func (q *Queue) open() error {
	var err error
	if q.lock, err = os.OpenFile(filepath.Join(q.options.Directory, "lock"), os.O_RDWR|os.O_CREATE, fileMode); err != nil {
		return err
	}
	if err := lockFile(q.lock); err != nil {
		return fmt.Errorf("another process uses it: %w", err)
	}
	if q.segments, err = listSegments(q.options.Directory); err != nil {
		return err
	}
	if len(q.segments) == 0 {
		q.segments = []segment{{id: 1}}
	}
	last := &q.segments[len(q.segments)-1]
	if q.active, last.bytes, err = openActive(q.path(last.id)); err != nil {
		return err
	}
	if q.position, q.next, err = openPosition(filepath.Join(q.options.Directory, "position")); err != nil {
		return err
	}
	q.placeCursor()
	// Written now, because a commit must not need a block of a full disk.
	if err := writePosition(q.position, q.next); err != nil {
		return err
	}
	for _, s := range q.segments {
		q.size += s.bytes
	}
	q.size -= q.next.offset
	return nil
}

// placeCursor drops segments before the position, and moves a position whose segment is gone to the
// oldest one there is.
func (q *Queue) placeCursor() {
	for len(q.segments) > 1 && q.segments[0].id < q.next.segment {
		_ = os.Remove(q.path(q.segments[0].id))
		q.segments = q.segments[1:]
	}
	first := q.segments[0]
	if q.next.segment != first.id || q.next.offset > first.bytes {
		q.next = cursor{segment: first.id}
	}
}

// Item is an entry to append, and for how many records it counts.
type Item struct {
	Data    []byte
	Records int
}

// Append adds entries, all made safe at once. It waits while the queue is full. When it fails, the first ones may be in.
func (q *Queue) Append(ctx context.Context, items ...Item) error {
	var mark int64
	for _, item := range items {
		var err error
		if mark, err = q.write(ctx, item.Data, item.Records); err != nil {
			return err
		}
	}
	if !q.options.Sync {
		return nil
	}
	return q.syncTo(mark)
}

func (q *Queue) write(ctx context.Context, entry []byte, records int) (int64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := int64(headerBytes + len(entry))
	for !q.closed && q.size > 0 && q.size+n > q.options.MaxBytes {
		if err := q.wait(ctx); err != nil {
			return 0, fmt.Errorf("the queue is full: %w", err)
		}
	}
	if q.closed {
		return 0, ErrClosed
	}
	if last := q.last(); last.bytes > 0 && last.bytes+n > q.options.SegmentBytes {
		if err := q.rotate(); err != nil {
			return 0, err
		}
	}
	q.scratch = appendFrame(q.scratch[:0], entry, records)
	last := q.last()
	if _, err := q.active.WriteAt(q.scratch, last.bytes); err != nil {
		// Whatever got written lies beyond the end, where the next entry overwrites it.
		return 0, errors.Join(err, q.active.Truncate(last.bytes))
	}
	last.bytes += n
	q.size += n
	q.appended += n
	q.notify()
	return q.appended, nil
}

// syncTo makes all that was appended up to mark safe. Appends at the same time share one fsync.
func (q *Queue) syncTo(mark int64) error {
	if q.synced.Load() >= mark {
		return nil
	}
	q.syncMu.Lock()
	defer q.syncMu.Unlock()
	if q.synced.Load() >= mark {
		return nil
	}
	q.mu.Lock()
	target, active := q.appended, q.active
	q.mu.Unlock()
	if err := active.Sync(); err != nil {
		if q.synced.Load() >= mark { // rotated meanwhile, which syncs as well
			return nil
		}
		return err
	}
	q.raiseSynced(target)
	return nil
}

func (q *Queue) raiseSynced(target int64) {
	for {
		old := q.synced.Load()
		if old >= target || q.synced.CompareAndSwap(old, target) {
			return
		}
	}
}

// rotate closes the active segment and begins the next one.
func (q *Queue) rotate() error {
	next := segment{id: q.last().id + 1}
	file, _, err := openActive(q.path(next.id))
	if err != nil {
		return err
	}
	if q.options.Sync {
		if err := q.active.Sync(); err != nil {
			return errors.Join(err, file.Close())
		}
		q.raiseSynced(q.appended)
		if err := syncDirectory(q.options.Directory); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	_ = q.active.Close()
	q.active = file
	q.segments = append(q.segments, next)
	return nil
}

// Size returns how many bytes are queued.
func (q *Queue) Size() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size
}

// waitForBytes waits until so many bytes are queued, or the time is over, or ctx is done.
func (q *Queue) waitForBytes(ctx context.Context, bytes int64, limit time.Duration) error {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.size < bytes && !q.closed {
		if err := q.wait(ctx); err != nil {
			return err
		}
	}
	if q.closed {
		return ErrClosed
	}
	return nil
}

// wait gives up the mutex until something changes.
func (q *Queue) wait(ctx context.Context) error {
	changed := q.changed
	q.mu.Unlock()
	defer q.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q *Queue) notify() {
	close(q.changed)
	q.changed = make(chan struct{})
}

func (q *Queue) last() *segment { return &q.segments[len(q.segments)-1] }

func (q *Queue) path(id uint64) string { return segmentPath(q.options.Directory, id) }

// Close ends all waiting and closes the files; the entries stay.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil
	}
	q.closed = true
	q.notify()
	return q.closeFiles()
}

func (q *Queue) closeFiles() error {
	var failures []error
	for _, file := range []*os.File{q.active, q.reader, q.position, q.lock} {
		if file != nil {
			failures = append(failures, file.Close())
		}
	}
	q.reader = nil
	return errors.Join(failures...)
}
