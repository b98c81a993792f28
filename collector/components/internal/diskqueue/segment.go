package diskqueue

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

const (
	version       = 2
	segmentSuffix = ".segment"
	suffix2       = ".v2" + segmentSuffix // a program that knows version 1 only leaves these files alone
	damagedSuffix = ".damaged"

	// first2 is the lowest id of version 2, so that all of version 1 come before.
	first2 = 1 << 63

	magic         = "AEGISQUE"
	segmentHeader = 64
	segmentStart  = 2 * segmentHeader // the header is there twice
)

// segment is a file of entries.
type segment struct {
	id      uint64
	version int
	bytes   int64 // where what can be read ends

	mark     mark
	unmarked bool   // the header is damaged, and so is where to find entries
	first    uint64 // number of the first record
	previous uint64 // id of the last segment before that has entries, and where that one ends; 0: there is none
	end      int64
	missing  *DamageError // what was there once, behind bytes
}

// start is where the first entry begins.
func (s *segment) start() int64 {
	if s.version == 1 {
		return 0
	}
	return segmentStart
}

func (s *segment) name() string {
	if s.version == 1 {
		return fmt.Sprintf("%016x%s", s.id, segmentSuffix)
	}
	return fmt.Sprintf("%016x%s", s.id, suffix2)
}

func (q *Queue) path(s segment) string { return filepath.Join(q.options.Directory, s.name()) }

func appendSegmentHeader(b []byte, s segment) []byte {
	start := len(b)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint64(b, version) // 4 bytes, and 4 that are 0
	b = binary.LittleEndian.AppendUint64(b, s.id)
	b = binary.LittleEndian.AppendUint64(b, s.first)
	b = binary.LittleEndian.AppendUint64(b, s.previous)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.end))
	b = append(b, s.mark[:]...)
	b = append(b, 0, 0, 0, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

func (s *segment) parseHeader(b []byte) bool {
	if string(b[:8]) != magic || !isWhole(b) || binary.LittleEndian.Uint64(b[16:]) != s.id {
		return false
	}
	s.version = int(binary.LittleEndian.Uint32(b[8:]))
	s.first = binary.LittleEndian.Uint64(b[24:])
	s.previous = binary.LittleEndian.Uint64(b[32:])
	s.end = int64(binary.LittleEndian.Uint64(b[40:]))
	s.mark = mark(b[48:])
	return true
}

// readHeader reads the segment's header, by its copy where it is damaged, and by the first entry where both are.
func (s *segment) readHeader(file disk.File) error {
	var b [segmentStart + frameHeader]byte
	if n, err := file.ReadAt(b[:], 0); err != nil && n < segmentStart {
		if !errors.Is(readError(err), disk.ErrDamaged) {
			return disk.Typed(err)
		}
	}
	if !s.parseHeader(b[:segmentHeader]) && !s.parseHeader(b[segmentHeader:segmentStart]) {
		s.mark = mark(b[segmentStart:])
		f, ok := parseFrame(b[segmentStart:], s.mark)
		s.unmarked, s.first = !ok, f.first
	}
	if s.version != version {
		return fmt.Errorf("%s has version %d; this program knows 1 and %d. Use the one that wrote it", s.name(), s.version, version)
	}
	return nil
}

// listSegments returns the segments, the oldest first, without what their headers say.
func listSegments(system disk.System, directory string) ([]segment, error) {
	names, err := system.ReadDirectory(directory)
	if err != nil {
		return nil, err
	}
	var segments []segment
	for _, name := range names {
		s := segment{version: 1}
		digits, found := strings.CutSuffix(name, suffix2)
		if found {
			s.version = version
		} else if digits, found = strings.CutSuffix(name, segmentSuffix); !found {
			continue
		}
		if s.id, err = strconv.ParseUint(digits, 16, 64); err == nil && name == s.name() && (s.id >= first2) == (s.version == version) {
			segments = append(segments, s)
		}
	}
	slices.SortFunc(segments, func(a, b segment) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return segments, nil
}

// openSegments reads what there is. A segment that was made and never written to is removed.
func (q *Queue) openSegments() error {
	listed, err := listSegments(q.system, q.options.Directory)
	if err != nil {
		return err
	}
	for _, s := range listed {
		unused, err := q.openSegment(&s)
		if err != nil {
			return err
		}
		q.lastID = max(q.lastID, s.id)
		if unused {
			if err := q.system.Remove(q.path(s)); err != nil {
				return err
			}
			continue
		}
		q.endPrevious(s)
		q.segments = append(q.segments, s)
	}
	return nil
}

// endPrevious ends the segment before where s says: what is behind was refused to its sender, and what lacks is lost.
// Segments of version 1 are left as they are: the program of that version may have been used again meanwhile.
func (q *Queue) endPrevious(s segment) {
	for i := len(q.segments) - 1; i >= 0 && q.segments[i].version == version && !s.unmarked; i-- {
		before := &q.segments[i]
		if before.id > s.previous {
			before.bytes = before.start()
			continue
		}
		damage := &DamageError{Segment: q.path(*before), Offset: before.bytes, Bytes: s.end - before.bytes, Cause: errCut}
		if before.id < s.previous {
			damage.Bytes, damage.Cause = 0, errGone
		}
		if damage.Bytes > 0 || before.id < s.previous {
			before.missing = damage
		} else {
			before.bytes = s.end
		}
		return
	}
}

func (q *Queue) openSegment(s *segment) (unused bool, err error) {
	file, err := q.system.OpenFile(q.path(*s), os.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer file.Close()
	if s.bytes, err = file.Size(); err != nil || s.version == 1 {
		return false, err
	}
	if err := s.readHeader(file); err != nil {
		return false, err
	}
	if s.unmarked && s.bytes <= segmentStart {
		return true, nil
	}
	if s.unmarked {
		return isZero(file, 0, s.bytes)
	}
	s.bytes = max(s.bytes, segmentStart)
	return false, nil
}

// isZero says whether a part of a file is all zero, as a crash leaves what was never written.
func isZero(file disk.File, from, to int64) (bool, error) {
	block := make([]byte, 64<<10)
	for ; from < to; from += int64(len(block)) {
		part := block[:min(int64(len(block)), to-from)]
		if _, err := file.ReadAt(part, from); err != nil {
			return false, disk.Typed(err)
		}
		if slices.ContainsFunc(part, func(b byte) bool { return b != 0 }) {
			return false, nil
		}
	}
	return true, nil
}

// tail looks through the last segment. It sets where it ends, without an entry that a crash left unfinished, and returns
// the number of the next record. Other damage stays inside: the reader finds it.
func (q *Queue) tail(s *segment) (number uint64, err error) {
	if s.version == 1 {
		return 0, nil
	}
	number = s.first
	if s.unmarked {
		return number + 1, nil
	}
	file, err := q.system.OpenFile(q.path(*s), os.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for at := int64(segmentStart); at < s.bytes; {
		f, err := s.headerAt(file, at, s.bytes)
		switch {
		case err == nil:
			at, number = at+f.bytes(), f.behind()
			continue
		case errors.Is(err, errCut):
			s.bytes = at
			return number, nil
		case !errors.Is(err, disk.ErrDamaged):
			return 0, err
		}
		next, err := s.search(file, at+1)
		if err != nil {
			return 0, err
		}
		if next == s.bytes {
			if torn, err := isZero(file, at, s.bytes); torn || err != nil {
				s.bytes = at
				return number, err
			}
			return number + 1, nil // at least one record is lost here
		}
		at = next
	}
	return number, nil
}

// begin makes the next segment. It is called with both mutexes held, and without an active segment.
func (q *Queue) begin() error {
	s := segment{id: max(q.lastID+1, first2), version: version, first: q.number}
	q.lastID = s.id // also where it fails: a directory whose sync failed needs a new entry
	for _, before := range slices.Backward(q.segments) {
		if before.bytes > before.start() { // one without entries may never reach the disk
			s.previous, s.end = before.id, before.bytes
			break
		}
	}
	if _, err := rand.Read(s.mark[:]); err != nil {
		return err
	}
	s.bytes = segmentStart
	// From here on nothing must be added to the segment before, as the new one says where that ends.
	file, err := q.system.OpenFile(q.path(s), os.O_RDWR|os.O_CREATE|os.O_EXCL, disk.FileMode)
	if err != nil {
		return disk.Typed(err)
	}
	_, err = file.WriteAt(appendSegmentHeader(appendSegmentHeader(nil, s), s), 0)
	if err == nil && q.options.Sync {
		err = q.system.SyncDirectory(q.options.Directory)
	}
	if err != nil {
		return disk.Typed(errors.Join(err, file.Close(), q.system.Remove(q.path(s))))
	}
	q.active = &writer{file: file, segment: s, written: segmentStart, syncedNumber: q.number}
	q.active.synced.Store(segmentStart)
	q.segments = append(q.segments, s)
	return nil
}
