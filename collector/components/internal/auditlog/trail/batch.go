package trail

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"strconv"
)

// maxBatchLine is longer than any line that begins a batch.
const maxBatchLine = 80

// batch is one batch of a file: where its lines are, and what its first line says.
type batch struct {
	number, count int64
	from, to      int64 // of its lines in the file
	crc           uint32
	signed        []byte // what the crc covers of the first line
}

var batchLine = regexp.MustCompile(`^# (0|[1-9][0-9]{0,15}) ([1-9][0-9]{0,15}) ([1-9][0-9]{0,15}) ([0-9a-f]{8})\n`)

// readBatchLine reads the line at an offset. It fails if there is none, or if the file has fewer bytes than it says.
func readBatchLine(file io.ReaderAt, at, size int64) (batch, error) {
	var buffer [maxBatchLine]byte
	n, err := file.ReadAt(buffer[:min(maxBatchLine, size-at)], at)
	if err != nil && !errors.Is(err, io.EOF) {
		return batch{}, err
	}
	parts := batchLine.FindSubmatch(buffer[:n])
	if parts == nil {
		return batch{}, errNoBatch
	}
	number, _ := strconv.ParseInt(string(parts[1]), 10, 64)
	count, _ := strconv.ParseInt(string(parts[2]), 10, 64)
	length, _ := strconv.ParseInt(string(parts[3]), 10, 64)
	sum, _ := hex.DecodeString(string(parts[4]))
	from := at + int64(len(parts[0]))
	if length > size-from || count > length {
		return batch{}, errNoBatch
	}
	return batch{
		number: number, count: count, from: from, to: from + length, crc: binary.BigEndian.Uint32(sum),
		signed: bytes.Clone(parts[0][:len(parts[0])-len("xxxxxxxx\n")]), // with the space
	}, nil
}

var errNoBatch = errors.New("no whole batch")

// check reads the lines once: the crc and the number of lines must be those that the batch says.
func (b *batch) check(file io.ReaderAt, buffer []byte) error {
	sum := crc32.NewIEEE()
	sum.Write(b.signed)
	lines, last := int64(0), byte(0)
	for at := b.from; at < b.to; {
		chunk := buffer[:min(int64(len(buffer)), b.to-at)]
		n, err := file.ReadAt(chunk, at)
		if n < len(chunk) {
			if err == nil || errors.Is(err, io.EOF) { // it got shorter
				return errNoBatch
			}
			return err
		}
		sum.Write(chunk)
		lines += int64(bytes.Count(chunk, []byte{'\n'}))
		last = chunk[n-1]
		at += int64(n)
	}
	if sum.Sum32() != b.crc || lines != b.count || last != '\n' {
		return errNoBatch
	}
	return nil
}

// maxSearch is how many bytes, as a multiple of the file, the search for the next whole batch may read: in a file that
// is made to look like very many batches it must end some time.
const maxSearch = 16

var errSearch = errors.New("it looks like too many batches")

// nextBatch returns the offset of the next whole batch from an offset on, or -1. errSearch says that it gave up.
func nextBatch(file io.ReaderAt, from, size int64, buffer []byte) (int64, error) {
	left := maxSearch*size + 1<<20
	window := make([]byte, min(1<<16, size))
	for at := from; at < size; {
		n, err := file.ReadAt(window[:min(int64(len(window)), size-at)], at)
		if n == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				return -1, nil
			}
			return -1, err
		}
		here := bytes.IndexByte(window[:n], '#')
		if here < 0 {
			at += int64(n)
			continue
		}
		at += int64(here)
		left -= maxBatchLine
		found, err := readBatchLine(file, at, size)
		if err == nil {
			left -= found.to - found.from
			err = found.check(file, buffer)
		}
		switch {
		case err == nil:
			return at, nil
		case !errors.Is(err, errNoBatch):
			return -1, fmt.Errorf("read: %w", err)
		case left < 0:
			return -1, errSearch
		}
		at++
	}
	return -1, nil
}
