package diskqueue

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// DamageError tells what the disk has damaged. It is an ErrDamaged.
type DamageError struct {
	Segment string // path
	Offset  int64  // in the segment, of the bytes that cannot be read as entries
	Bytes   int64
	Kept    string // file that has these bytes, at the same offset; empty where there is none
	Records int64  // lost for sure; -1: not known
	Behind  int    // entries after these bytes in the segment, which are delivered
	Cause   error
}

func (e *DamageError) Error() string {
	lost := "an unknown number of records"
	if e.Records >= 0 {
		lost = fmt.Sprintf("%d records", e.Records)
	}
	kept := "not kept"
	if e.Kept != "" {
		kept = "kept in " + e.Kept
	}
	return fmt.Sprintf("queue segment %s: %d bytes from byte %d on cannot be read (%s) and are lost: %s. They are %s. "+
		"The segment's %d entries behind them go on", e.Segment, e.Bytes, e.Offset, lost, e.Cause, kept, e.Behind)
}

func (e *DamageError) Unwrap() []error { return []error{disk.ErrDamaged, e.Cause} }

// searchBytes are read at once while the next entry is looked for.
const searchBytes = 64 << 10

// search returns where the next entry begins, at from or later; the segment's end where there is none.
func (s *segment) search(file disk.File, from int64) (int64, error) {
	if s.version == 1 || s.unmarked {
		return s.bytes, nil
	}
	block := make([]byte, searchBytes)
	for from+frameHeader <= s.bytes {
		part := block[:min(int64(len(block)), s.bytes-from)]
		if _, err := file.ReadAt(part, from); err != nil {
			return 0, readError(err)
		}
		for at := 0; ; at++ {
			found := bytes.Index(part[at:], s.mark[:])
			if found < 0 || at+found+frameHeader > len(part) {
				break
			}
			at += found
			if f, ok := parseFrame(part[at:], s.mark); ok && from+int64(at)+f.bytes() <= s.bytes {
				return from + int64(at), nil
			}
		}
		from += int64(len(part)) - frameHeader + 1
	}
	return s.bytes, nil
}

// walk goes over the headers from start to limit, over damage too. It returns the number after the last record, and
// how many entries there are.
func (s *segment) walk(file disk.File, start, limit int64) (number uint64, entries int) {
	number = s.first
	if s.version == 1 || s.unmarked {
		return number, 0
	}
	for at := start; at < limit; {
		f, err := s.headerAt(file, at, limit)
		if err != nil {
			if at, err = s.search(file, at+1); err != nil {
				break
			}
			continue
		}
		at, number = at+f.bytes(), f.behind()
		entries++
	}
	return number, entries
}

// skip passes over damage: it keeps the bytes, says what is lost, and goes on behind. Where the header is whole, the
// damaged entry ends at end; 0: nobody knows where.
func (q *Queue) skip(at cursor, f frame, end int64, cause error) error {
	if err := q.leave(at.segment); err != nil {
		return err
	}
	s, following := q.find(at.segment)
	damage := &DamageError{Segment: q.path(s), Offset: at.offset, Bytes: s.bytes - at.offset, Records: -1, Cause: cause}
	to := cursor{at.segment, s.bytes}
	file, err := q.openToRead(s)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if following != nil && following.previous == s.id && at.offset == s.start() {
			damage.Records = int64(following.first - s.first)
		}
	case err != nil:
		return err
	default:
		if end == 0 {
			if end, err = s.search(file, at.offset+1); err != nil {
				end = s.bytes
			}
		}
		to.offset = end
		damage.Bytes = end - at.offset
		if damage.Kept, err = q.keep(s, file, at.offset, end); err != nil {
			damage.Cause = errors.Join(cause, fmt.Errorf("keeping them failed: %w", err))
		}
		if errors.Is(cause, errEntry) && s.version == version {
			damage.Records = int64(f.records)
		} else {
			damage.Records = s.lost(file, at.offset, end, following)
		}
		_, damage.Behind = s.walk(file, end, s.bytes)
	}
	q.reported(damage)
	q.closeReader()
	return q.moveTo(to, damage.Bytes)
}

// lost returns how many records were between two offsets, by the numbers of those before and after; -1: not known.
func (s *segment) lost(file disk.File, from, to int64, following *segment) int64 {
	if s.version == 1 || s.unmarked {
		return -1
	}
	before, _ := s.walk(file, segmentStart, from)
	if f, err := s.headerAt(file, to, s.bytes); err == nil {
		return int64(f.first - before)
	}
	if to == s.bytes && following != nil && following.version == version && !following.unmarked {
		return int64(following.first - before)
	}
	return -1
}

// keep copies damaged bytes to the file beside the segment, at the same offset, so that doing it twice is doing it once.
func (q *Queue) keep(s segment, from disk.File, offset, end int64) (string, error) {
	path := q.path(s) + damagedSuffix
	file, err := q.system.OpenFile(path, os.O_RDWR|os.O_CREATE, disk.FileMode)
	if err != nil {
		return "", disk.Typed(err)
	}
	block := make([]byte, 4<<10)
	for ; err == nil && offset < end; offset += int64(len(block)) {
		part := block[:min(int64(len(block)), end-offset)]
		if _, unreadable := from.ReadAt(part, offset); unreadable == nil {
			_, err = file.WriteAt(part, offset)
		}
	}
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = q.system.SyncDirectory(q.options.Directory)
	}
	return path, disk.Typed(err)
}
