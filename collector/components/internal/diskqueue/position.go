package diskqueue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// positionBytes are a segment's id, an offset in it, and the CRC-32C of both.
const positionBytes = 20

// cursor is a place in the queue: before the entry that starts there.
type cursor struct {
	segment uint64
	offset  int64
}

// openPosition opens the file that says where to go on; one that cannot be read says: at the beginning.
func (q *Queue) openPosition() error {
	path := filepath.Join(q.options.Directory, "position")
	var err error
	if q.position, err = q.system.OpenFile(path, os.O_RDWR|os.O_CREATE, disk.FileMode); err != nil {
		return err
	}
	var b [positionBytes]byte
	n, err := q.position.ReadAt(b[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	q.next = cursor{segment: binary.LittleEndian.Uint64(b[0:]), offset: int64(binary.LittleEndian.Uint64(b[8:]))}
	if !isWhole(b[:]) || q.next.offset < 0 {
		q.next = cursor{}
		if n == positionBytes {
			q.reported(fmt.Errorf("%w: %s; all that is in the queue is sent, and so records may come twice", disk.ErrDamaged, path))
		}
	}
	return nil
}

func (q *Queue) writePosition(at cursor) error {
	var b [positionBytes]byte
	binary.LittleEndian.PutUint64(b[0:], at.segment)
	binary.LittleEndian.PutUint64(b[8:], uint64(at.offset))
	binary.LittleEndian.PutUint32(b[16:], crc32.Checksum(b[:16], castagnoli))
	_, err := q.position.WriteAt(b[:], 0)
	return disk.Typed(err)
}

// placeCursor drops segments before the position, and moves a position whose segment is gone to the
// oldest one there is.
func (q *Queue) placeCursor() {
	q.removeBefore(q.next.segment)
	first := q.segments[0]
	if q.next.segment != first.id || q.next.offset > first.bytes || q.next.offset < first.start() {
		q.next = cursor{segment: first.id, offset: first.start()}
	}
}

// removeBefore removes segments that are consumed. Where that fails, it is tried again later, or by the next start.
func (q *Queue) removeBefore(id uint64) {
	if len(q.segments) < 2 || q.segments[0].id >= id {
		return
	}
	var failures error
	if q.options.Sync {
		// Otherwise a crash might bring back some of the segments, and a position from which others lack.
		failures = q.position.Sync()
	}
	for failures == nil && len(q.segments) > 1 && q.segments[0].id < id {
		failures = errors.Join(failures, q.system.Remove(q.path(q.segments[0])))
		q.segments = q.segments[1:]
	}
	if failures == nil && q.options.Sync {
		failures = errors.Join(failures, q.system.SyncDirectory(q.options.Directory))
	}
	if failures != nil {
		q.reported(fmt.Errorf("consumed segments still take up space; removing them is tried again, at the next start at the latest: %w", disk.Typed(failures)))
	}
}
