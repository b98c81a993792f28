package diskqueue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// maxReadFailures are reads in a row that a disk may fail before the place is taken for damaged.
const maxReadFailures = 3

// Batch is some entries in a row, one after the other in Data.
type Batch struct {
	Data    []byte
	Entries []Entry
	Records int

	end   cursor
	bytes int64
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
	*batch = Batch{Data: batch.Data[:0], Entries: batch.Entries[:0]}
	at := q.next
	s, following := q.find(at.segment)
	for len(batch.Entries) == 0 || len(batch.Data) < limits.MaxBytes {
		if at.offset >= s.bytes { // by what was known so far
			s, following = q.find(at.segment)
		}
		if at.offset >= s.bytes {
			if following == nil || s.missing != nil && len(batch.Entries) > 0 {
				break
			}
			if s.missing != nil {
				q.reportMissing(s, following)
			}
			at = cursor{following.id, following.start()}
			s, following = q.find(at.segment)
			continue
		}
		most := anyRoom
		if len(batch.Entries) > 0 {
			most.bytes = limits.MaxBytes - len(batch.Data)
			if limits.MaxRecords > 0 {
				most.records = limits.MaxRecords - batch.Records
			}
		}
		file, err := q.openToRead(s)
		var f frame
		var end int64
		start := len(batch.Data)
		if err == nil {
			batch.Data, f, end, err = s.readFrame(file, at.offset, s.bytes, batch.Data, most)
		}
		if err != nil && len(batch.Entries) > 0 {
			break // no room, or damaged: deliver what is good first
		}
		if err != nil {
			return q.passOver(at, f, end, err)
		}
		q.failed = 0
		batch.Entries = append(batch.Entries, Entry{Start: start, End: len(batch.Data), Records: f.records})
		batch.Records += f.records
		batch.bytes += end - at.offset
		at.offset = end
		batch.end = at
	}
	return nil
}

// passOver goes on behind what is damaged, or gone, or cannot be read for good. Other failures may be over at the next try.
func (q *Queue) passOver(at cursor, f frame, end int64, err error) error {
	switch {
	case errors.Is(err, ErrClosed):
		return err
	case errors.Is(err, disk.ErrDamaged), errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, disk.ErrIO):
		if q.failed++; q.failed < maxReadFailures {
			return err
		}
	default:
		return err
	}
	q.failed = 0
	return q.skip(at, f, end, err)
}

// reportMissing says that a segment is shorter than it was.
func (q *Queue) reportMissing(s segment, following *segment) {
	damage := s.missing
	damage.Records = -1
	if file, err := q.openToRead(s); err == nil {
		damage.Records = s.lost(file, s.bytes, s.bytes, following)
	}
	q.mu.Lock()
	for i := range q.segments {
		if q.segments[i].id == s.id {
			q.segments[i].missing = nil
		}
	}
	q.mu.Unlock()
	q.reported(damage)
}

// Commit removes the batch from the queue.
func (q *Queue) Commit(batch *Batch) error {
	return q.moveTo(batch.end, batch.bytes)
}

func (q *Queue) moveTo(to cursor, bytes int64) error {
	if err := q.setPosition(to, bytes); err != nil {
		return err
	}
	q.reclaim()
	return nil
}

func (q *Queue) setPosition(to cursor, bytes int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if err := q.writePosition(to); err != nil {
		return err
	}
	q.next = to
	q.size -= bytes
	q.removeBefore(to.segment)
	q.notify()
	return nil
}

// find returns a segment and the one behind it, nil where there is none. They are copies.
func (q *Queue) find(id uint64) (segment, *segment) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, s := range q.segments {
		if s.id == id {
			if i+1 < len(q.segments) {
				following := q.segments[i+1]
				return s, &following
			}
			return s, nil
		}
	}
	panic(fmt.Sprintf("segment %x of the queue is unknown", id)) // the consumer alone removes segments
}

func (q *Queue) openToRead(s segment) (disk.File, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, ErrClosed
	}
	if q.reader != nil && q.readerOf == s.id {
		return q.reader, nil
	}
	file, err := q.system.OpenFile(q.path(s), os.O_RDONLY, 0)
	if err != nil {
		return nil, disk.Typed(err)
	}
	if q.reader != nil {
		_ = q.reader.Close()
	}
	q.reader, q.readerOf = file, s.id
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
