package diskqueue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Batch is some entries in a row, one after the other in Data.
type Batch struct {
	Data    []byte
	Entries []Entry
	Records int

	start, end cursor
	bytes      int64
}

// Entry is a part of a batch's data.
type Entry struct {
	Start, End int // in Data
	Records    int
}

// Limits say how much a batch holds.
type Limits struct {
	MinBytes   int           // wait for so many bytes …
	Linger     time.Duration // … but not longer than this after the first entry
	MaxBytes   int           // no further entry beyond; a single one may be larger
	MaxRecords int           // the same for the records that the entries count for; 0: any number
}

// Read waits for entries and fills batch with them, using its memory again. They stay in the queue until
// Commit; another Read without that returns the same ones.
func (q *Queue) Read(ctx context.Context, batch *Batch, limits Limits) error {
	for {
		if err := q.waitForBytes(ctx, 1, 0); err != nil {
			return err
		}
		if limits.Linger > 0 {
			err := q.waitForBytes(ctx, int64(limits.MinBytes), limits.Linger)
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if err := q.fill(batch, limits); err != nil {
			return err
		}
		if len(batch.Entries) > 0 {
			return nil
		}
	}
}

func (q *Queue) fill(batch *Batch, limits Limits) error {
	*batch = Batch{Data: batch.Data[:0], Entries: batch.Entries[:0], start: q.next}
	at := q.next
	for {
		end, exists := q.endOf(at.segment)
		if at.offset >= end {
			following, ok := q.after(at.segment)
			if !ok {
				break
			}
			at = cursor{segment: following}
			continue
		}
		file, err := q.openToRead(at.segment)
		if err != nil {
			if !exists || errors.Is(err, fs.ErrNotExist) {
				return q.skip(at, err)
			}
			return err
		}
		start := len(batch.Data)
		most := anyRoom
		if len(batch.Entries) > 0 {
			most.bytes = limits.MaxBytes - start
			if limits.MaxRecords > 0 {
				most.records = limits.MaxRecords - batch.Records
			}
		}
		data, records, next, err := readFrame(file, at.offset, end, batch.Data, most)
		if err != nil {
			if len(batch.Entries) > 0 {
				break // no room, or damaged: deliver what is good first
			}
			return q.skip(at, err)
		}
		batch.Data = data
		batch.Entries = append(batch.Entries, Entry{Start: start, End: len(data), Records: records})
		batch.Records += records
		batch.bytes += next - at.offset
		at.offset = next
		batch.end = at
		if len(data) >= limits.MaxBytes {
			break
		}
	}
	if len(batch.Entries) > 0 {
		batch.Data = batch.Data[:batch.Entries[len(batch.Entries)-1].End]
	}
	return nil
}

// Commit removes the batch from the queue.
func (q *Queue) Commit(batch *Batch) error {
	return q.moveTo(batch.end, batch.bytes)
}

func (q *Queue) moveTo(to cursor, bytes int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if err := writePosition(q.position, to); err != nil {
		return err
	}
	q.next = to
	q.size -= bytes
	for len(q.segments) > 1 && q.segments[0].id < to.segment {
		_ = os.Remove(q.path(q.segments[0].id)) // the next Open tries again
		q.segments = q.segments[1:]
	}
	q.reclaim()
	q.notify()
	return nil
}

// reclaim empties the active segment once all of it is consumed, so that an idle queue takes no room.
func (q *Queue) reclaim() {
	last := q.last()
	if q.size > 0 || last.bytes < q.options.SegmentBytes/2 || q.next.segment != last.id {
		return
	}
	consumed := last.id
	if err := q.rotate(); err != nil {
		return
	}
	at := cursor{segment: q.last().id}
	if err := writePosition(q.position, at); err != nil {
		return
	}
	q.next = at
	_ = os.Remove(q.path(consumed))
	q.segments = q.segments[1:]
}

// skip sets the rest of a damaged segment aside, and says so.
func (q *Queue) skip(at cursor, cause error) error {
	if err := q.leave(at.segment); err != nil {
		return err
	}
	end, _ := q.endOf(at.segment)
	aside := q.path(at.segment) + ".damaged"
	renamed := os.Rename(q.path(at.segment), aside)
	q.reported(fmt.Errorf("queue segment %s is damaged at byte %d, %d bytes are set aside: %w",
		aside, at.offset, end-at.offset, errors.Join(cause, renamed)))
	q.closeReader()
	following, _ := q.after(at.segment)
	return q.moveTo(cursor{segment: following}, end-at.offset)
}

// leave makes sure that nothing more is written to a segment.
func (q *Queue) leave(id uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.last().id != id {
		return nil
	}
	return q.rotate()
}

func (q *Queue) endOf(id uint64) (int64, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range q.segments {
		if s.id == id {
			return s.bytes, true
		}
	}
	return 0, false
}

func (q *Queue) after(id uint64) (uint64, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range q.segments {
		if s.id > id {
			return s.id, true
		}
	}
	return 0, false
}

func (q *Queue) openToRead(id uint64) (*os.File, error) {
	path := q.path(id)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, ErrClosed
	}
	if q.reader != nil && q.reader.Name() == path {
		return q.reader, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if q.reader != nil {
		_ = q.reader.Close()
	}
	q.reader = file
	return file, nil
}

func (q *Queue) closeReader() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.reader != nil {
		_ = q.reader.Close()
		q.reader = nil
	}
}
