package diskqueue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	fileMode      = 0o600
	directoryMode = 0o700
	segmentSuffix = ".segment"

	// headerBytes come before each entry: its length, the CRC-32C of all that follows the CRC, and the
	// number of records, each in 4 bytes, little endian.
	headerBytes = 12

	// positionBytes are a segment's id, an offset in it, and the CRC-32C of both.
	positionBytes = 20

	maxEntryBytes = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendFrame(b, entry []byte, records int) []byte {
	var header [headerBytes]byte
	binary.LittleEndian.PutUint32(header[0:], uint32(len(entry)))
	binary.LittleEndian.PutUint32(header[8:], uint32(records))
	binary.LittleEndian.PutUint32(header[4:], crc32.Update(crc32.Checksum(header[8:], castagnoli), castagnoli, entry))
	return append(append(b, header[:]...), entry...)
}

// errTorn is the error of a frame that is not whole or not what was written.
var errTorn = errors.New("damaged entry")

// errNoRoom is the error of a frame that is more than what is wanted.
var errNoRoom = errors.New("entry is too large")

// room is what an entry may have at most.
type room struct{ bytes, records int }

var anyRoom = room{bytes: maxEntryBytes, records: math.MaxInt}

// readFrame appends the entry at offset to b, if there is room for it; end is where the next one starts.
func readFrame(file *os.File, offset, limit int64, b []byte, most room) (out []byte, records int, end int64, err error) {
	var header [headerBytes]byte
	if offset+headerBytes > limit {
		return b, 0, 0, errTorn
	}
	if _, err := file.ReadAt(header[:], offset); err != nil {
		return b, 0, 0, errors.Join(errTorn, err)
	}
	length := int64(binary.LittleEndian.Uint32(header[0:]))
	end = offset + headerBytes + length
	if length > maxEntryBytes || end > limit {
		return b, 0, 0, errTorn
	}
	records = int(binary.LittleEndian.Uint32(header[8:]))
	if length > int64(most.bytes) || records > most.records {
		return b, 0, 0, errNoRoom
	}
	start := len(b)
	b = slices.Grow(b, int(length))[:start+int(length)]
	if _, err := file.ReadAt(b[start:], offset+headerBytes); err != nil {
		return b[:start], 0, 0, errors.Join(errTorn, err)
	}
	sum := crc32.Update(crc32.Checksum(header[8:], castagnoli), castagnoli, b[start:])
	if sum != binary.LittleEndian.Uint32(header[4:]) {
		return b[:start], 0, 0, errTorn
	}
	return b, records, end, nil
}

func segmentPath(directory string, id uint64) string {
	return filepath.Join(directory, fmt.Sprintf("%016x%s", id, segmentSuffix))
}

func listSegments(directory string) ([]segment, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var segments []segment
	for _, entry := range entries {
		name, found := strings.CutSuffix(entry.Name(), segmentSuffix)
		if !found {
			continue
		}
		id, err := strconv.ParseUint(name, 16, 64)
		if err != nil {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return nil, err
		}
		segments = append(segments, segment{id: id, bytes: info.Size()})
	}
	slices.SortFunc(segments, func(a, b segment) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return segments, nil
}

// openActive opens the segment that is written to and cuts off an entry that a crash left unfinished.
func openActive(path string) (*os.File, int64, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	var buffer []byte
	valid := int64(0)
	for valid < info.Size() {
		_, _, end, err := readFrame(file, valid, info.Size(), buffer[:0], anyRoom)
		if err != nil {
			break
		}
		valid = end
	}
	if err := file.Truncate(valid); err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, valid, nil
}

// openPosition opens the file that says where to go on; one that cannot be read says: at the beginning.
func openPosition(path string) (*os.File, cursor, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, cursor{}, err
	}
	var b [positionBytes]byte
	if _, err := file.ReadAt(b[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, cursor{}, errors.Join(err, file.Close())
	}
	at := cursor{
		segment: binary.LittleEndian.Uint64(b[0:]),
		offset:  int64(binary.LittleEndian.Uint64(b[8:])),
	}
	if crc32.Checksum(b[:16], castagnoli) != binary.LittleEndian.Uint32(b[16:]) || at.offset < 0 {
		at = cursor{}
	}
	return file, at, nil
}

func writePosition(file *os.File, at cursor) error {
	var b [positionBytes]byte
	binary.LittleEndian.PutUint64(b[0:], at.segment)
	binary.LittleEndian.PutUint64(b[8:], uint64(at.offset))
	binary.LittleEndian.PutUint32(b[16:], crc32.Checksum(b[:16], castagnoli))
	_, err := file.WriteAt(b[:], 0)
	return err
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
