// Package diskqueue is a bounded first-in first-out queue of byte strings on disk, with one consumer.
//
// Entries are appended to segment files; what Append returned for is on disk. The consumer reads batches
// and commits them; only a batch that was read and not committed comes again after a crash. A commit
// overwrites a few bytes in place, so the queue can be emptied on a disk that is full.
//
// After damage, entries are found again by the mark before each; what is lost is kept aside, and told.
package diskqueue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
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
	system   disk.System
	reported func(error)
	lock     disk.File
	position disk.File

	syncMu sync.Mutex // taken before mu; held during an fsync and a change of the active segment

	mu       sync.Mutex
	changed  chan struct{} // closed, and replaced, when entries come or go
	segments []segment     // the oldest first
	active   *writer       // of the last one; nil where it could not be made
	scratch  []byte
	lastID   uint64
	number   uint64 // of the next record
	size     int64  // bytes of all entries that are not committed
	unsynced int64  // bytes of entries that nobody reads yet
	closed   bool

	// The consumer's.
	reader   disk.File
	readerOf uint64
	next     cursor
	failed   int // reads in a row
}

// Open opens the queue in a directory, creating it where it is absent. What a crash left unfinished is passed over.
// Reported is told of what goes wrong beside a call: a *DamageError of entries that the disk has damaged, and what
// happened to a segment. It must not use the queue.
func Open(options Options, reported func(error)) (*Queue, error) {
	return openOn(disk.OS, options, reported)
}

func openOn(system disk.System, options Options, reported func(error)) (*Queue, error) {
	q := &Queue{options: options, system: system, changed: make(chan struct{}), reported: reported}
	if err := q.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("queue in %s: %w", options.Directory, disk.Typed(err)), q.closeFiles())
	}
	return q, nil
}

func (q *Queue) open() error {
	err := q.system.MakeDirectories(q.options.Directory)
	if err != nil {
		return err
	}
	q.lock, err = q.system.OpenFile(filepath.Join(q.options.Directory, "lock"), os.O_RDWR|os.O_CREATE, disk.FileMode)
	if err != nil {
		return err
	}
	if err := q.lock.Lock(); err != nil {
		return err
	}
	if err := q.openSegments(); err != nil {
		return err
	}
	if err := q.openActive(); err != nil {
		return err
	}
	if err := q.openPosition(); err != nil {
		return err
	}
	q.placeCursor()
	// Written now, because a commit must not need a block of a full disk.
	if err := q.writePosition(q.next); err != nil {
		return err
	}
	if q.options.Sync {
		if err := q.system.SyncDirectory(q.options.Directory); err != nil {
			return err
		}
	}
	for _, s := range q.segments {
		q.size += s.bytes - s.start()
	}
	q.size -= q.next.offset - q.segments[0].start()
	return nil
}

// openActive begins a new segment: nothing is appended to what another process wrote. An empty one is made anew.
func (q *Queue) openActive() error {
	if count := len(q.segments); count > 0 {
		last := &q.segments[count-1]
		var err error
		if q.number, err = q.tail(last); err != nil {
			return err
		}
		if count > 1 && last.version == version && !last.unmarked && last.bytes == segmentStart {
			empty := *last
			q.segments = q.segments[:count-1]
			if err := q.system.Remove(q.path(empty)); err != nil {
				return err
			}
		}
	}
	return q.begin()
}

// Item is an entry to append, and for how many records it counts.
type Item struct {
	Data    []byte
	Records int
}

// Append adds entries, all made safe at once. It waits while the queue is full. When it fails, the first ones may be in.
// The errors of a disk are disk.ErrFull and disk.ErrIO.
func (q *Queue) Append(ctx context.Context, items ...Item) error {
	var last place
	for _, item := range items {
		at, err := q.write(ctx, item)
		if err != nil {
			return err
		}
		if last.writer != nil && last.writer != at.writer {
			if err := q.syncTo(last); err != nil {
				return err
			}
		}
		last = at
	}
	if last.writer == nil {
		return nil
	}
	return q.syncTo(last)
}

// write waits for room and writes an entry; it is not safe yet.
func (q *Queue) write(ctx context.Context, item Item) (place, error) {
	n := int64(frameHeader + len(item.Data))
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		active := q.active
		switch {
		case len(item.Data) > maxEntry:
			return place{}, fmt.Errorf("an entry of %d bytes is too large for the queue", len(item.Data))
		case q.closed:
			return place{}, ErrClosed
		case q.size > 0 && q.size+n > q.options.MaxBytes:
			if q.unsynced > 0 { // which the consumer does not see yet
				all := place{active, active.written}
				_ = q.without(func() error { return q.syncTo(all) })
			} else if err := q.wait(ctx); err != nil {
				return place{}, fmt.Errorf("the queue is full: %w", err)
			}
		case active == nil || active.untidy || active.written > segmentStart && active.written+n > q.options.SegmentBytes:
			if err := q.without(func() error { return q.rotate(active) }); err != nil {
				return place{}, err
			}
		default:
			return q.writeFrame(item)
		}
	}
}

// without calls f without the mutex.
func (q *Queue) without(f func() error) error {
	q.mu.Unlock()
	defer q.mu.Lock()
	return f()
}

func (q *Queue) writeFrame(item Item) (place, error) {
	w := q.active
	q.scratch = appendFrame(q.scratch[:0], item.Data, w.segment.mark, q.number, item.Records)
	if _, err := w.file.WriteAt(q.scratch, w.written); err != nil {
		cut := w.file.Truncate(w.written)
		w.untidy = cut != nil
		return place{}, disk.Typed(errors.Join(err, cut))
	}
	n := int64(len(q.scratch))
	w.written += n
	q.number += uint64(item.Records)
	q.size += n
	q.unsynced += n
	if !q.options.Sync {
		q.markSynced(w, w.written, q.number)
	}
	return place{w, w.written}, nil
}

// Size returns how many bytes are queued.
func (q *Queue) Size() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size
}

// waitForBytes waits until so many bytes can be read, or the time is over, or ctx is done.
func (q *Queue) waitForBytes(ctx context.Context, bytes int64, limit time.Duration) error {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.size-q.unsynced < bytes && !q.closed {
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
	return q.without(func() error {
		select {
		case <-changed:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

func (q *Queue) notify() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// Close ends all waiting and closes the files; the entries stay.
func (q *Queue) Close() error {
	q.syncMu.Lock()
	defer q.syncMu.Unlock()
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
	if q.active != nil {
		failures = append(failures, q.active.file.Close())
	}
	for _, file := range []disk.File{q.reader, q.position, q.lock} {
		if file != nil {
			failures = append(failures, file.Close())
		}
	}
	q.reader = nil
	return errors.Join(failures...)
}
