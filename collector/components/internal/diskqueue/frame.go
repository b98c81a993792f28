package diskqueue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// The formats are described in docs/formats.md, byte by byte.
const (
	frameHeader = 32
	maxEntry    = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// mark begins each frame of a segment. It is random, so no sender can put a frame into a record that would be found
// there after damage.
type mark [8]byte

// frame is the header of an entry.
type frame struct {
	length  int64
	records int
	first   uint64 // number of its first record, counted since the queue was made
	sum     uint32 // CRC-32C of the entry
}

// behind is the number of the record after the entry's.
func (f frame) behind() uint64 { return f.first + uint64(f.records) }

func (f frame) bytes() int64 { return frameHeader + f.length }

func appendFrame(b, entry []byte, m mark, first uint64, records int) []byte {
	start := len(b)
	b = append(b, m[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(entry)))
	b = binary.LittleEndian.AppendUint32(b, uint32(records))
	b = binary.LittleEndian.AppendUint64(b, first)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(entry, castagnoli))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
	return append(b, entry...)
}

func parseFrame(header []byte, m mark) (frame, bool) {
	if mark(header[:8]) != m || !isWhole(header[:frameHeader]) {
		return frame{}, false
	}
	f := frame{
		length:  int64(binary.LittleEndian.Uint32(header[8:])),
		records: int(binary.LittleEndian.Uint32(header[12:])),
		first:   binary.LittleEndian.Uint64(header[16:]),
		sum:     binary.LittleEndian.Uint32(header[24:]),
	}
	return f, f.length <= maxEntry
}

// isWhole says whether the last four bytes are the CRC-32C of those before.
func isWhole(b []byte) bool {
	end := len(b) - 4
	return crc32.Checksum(b[:end], castagnoli) == binary.LittleEndian.Uint32(b[end:])
}

// repairFrame parses a header of which one bit may be wrong: the checksum tells which.
func repairFrame(header []byte, m mark) (frame, bool) {
	if f, ok := parseFrame(header, m); ok {
		return f, true
	}
	for bit := range 8 * frameHeader {
		header[bit/8] ^= 1 << (bit % 8)
		if f, ok := parseFrame(header, m); ok {
			return f, true
		}
		header[bit/8] ^= 1 << (bit % 8)
	}
	return frame{}, false
}

var (
	errHeader = fmt.Errorf("%w: the header of an entry", disk.ErrDamaged)
	errEntry  = fmt.Errorf("%w: an entry's checksum differs", disk.ErrDamaged)
	errCut    = fmt.Errorf("%w: the file ends within an entry", disk.ErrDamaged)
	errGone   = fmt.Errorf("%w: the segments behind are gone", disk.ErrDamaged)
	errNoRoom = errors.New("the entry is larger than wanted")
)

// room is the most that an entry may have.
type room struct{ bytes, records int }

var anyRoom = room{bytes: maxEntry, records: math.MaxInt}

// headerAt reads the header at an offset; the entry ends at limit at most.
func (s *segment) headerAt(file disk.File, offset, limit int64) (frame, error) {
	var header [frameHeader]byte
	if offset+frameHeader > limit {
		return frame{}, errCut
	}
	if _, err := file.ReadAt(header[:], offset); err != nil {
		return frame{}, readError(err)
	}
	f, ok := repairFrame(header[:], s.mark)
	if !ok {
		return frame{}, errHeader
	}
	if offset+f.bytes() > limit {
		return f, errCut
	}
	return f, nil
}

// readFrame appends the entry at offset to b, if there is room for it; end is where the next one starts. With errEntry, f
// and end hold as well.
func (s *segment) readFrame(
	file disk.File, offset, limit int64, b []byte, most room,
) (out []byte, f frame, end int64, err error) {
	if s.version == 1 {
		return readFrame1(file, offset, limit, b, most)
	}
	if f, err = s.headerAt(file, offset, limit); err != nil {
		return b, f, 0, err
	}
	end = offset + f.bytes()
	if f.length > int64(most.bytes) || f.records > most.records {
		return b, f, end, errNoRoom
	}
	start := len(b)
	b = slices.Grow(b, int(f.length))[:start+int(f.length)]
	if _, err := file.ReadAt(b[start:], offset+frameHeader); err != nil {
		return b[:start], f, end, readError(err)
	}
	if crc32.Checksum(b[start:], castagnoli) != f.sum {
		return b[:start], f, end, errEntry
	}
	return b, f, end, nil
}

// readError is the error of a read. A file that ends too early is damaged; everything else is the disk's fault.
func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w (%w)", errCut, err)
	}
	return disk.Typed(err)
}
