package diskqueue

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// frame1Header are an entry's length, the CRC-32C of all that follows the CRC, and the number of records, each in 4
// bytes. Segments of version 1 are only read.
const frame1Header = 12

// readFrame1 is readFrame for version 1, in which nothing tells where the next entry begins after damage.
func readFrame1(
	file disk.File, offset, limit int64, b []byte, most room,
) (out []byte, f frame, end int64, err error) {
	var header [frame1Header]byte
	if offset+frame1Header > limit {
		return b, f, limit, errCut
	}
	if _, err := file.ReadAt(header[:], offset); err != nil {
		return b, f, limit, readError(err)
	}
	f.length = int64(binary.LittleEndian.Uint32(header[0:]))
	f.records = int(binary.LittleEndian.Uint32(header[8:]))
	if f.length > maxEntry || offset+frame1Header+f.length > limit {
		return b, f, limit, errHeader
	}
	if f.length > int64(most.bytes) || f.records > most.records {
		return b, f, limit, errNoRoom
	}
	start := len(b)
	b = slices.Grow(b, int(f.length))[:start+int(f.length)]
	if _, err := file.ReadAt(b[start:], offset+frame1Header); err != nil {
		return b[:start], f, limit, readError(err)
	}
	sum := crc32.Update(crc32.Checksum(header[8:], castagnoli), castagnoli, b[start:])
	if sum != binary.LittleEndian.Uint32(header[4:]) {
		return b[:start], f, limit, errEntry
	}
	return b, f, offset + frame1Header + f.length, nil
}
