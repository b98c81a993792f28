package linefile

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"slices"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// A sidecar says at which lines of a rotated file an id stands, so that a look-up needs not read the file.
// Its format is in docs/formats.md. It is never needed: without one, or with one that does not fit the
// file, a reader looks through the file.
const (
	SidecarSuffix = ".idx"

	sidecarMagic    = "AEGISIDX"
	sidecarVersion  = 1
	pageBytes       = 4096
	entryBytes      = 16
	entriesPerPage  = 255
	checksumAt      = pageBytes - 4
	sidecarTemp     = ".tmp"
	scanBytes       = 256 << 10
	maxSidecarLines = 8 << 20 // entries that are sorted in memory, 16 bytes each
)

var errTooMany = errors.New("more entries than a sidecar takes")

// entry is one line that holds an id.
type entry struct {
	hash   uint64
	offset uint64
}

// writeSidecar makes the sidecar of a file that does not change any more. Afterwards it is there, whole,
// or it is not there.
func writeSidecar(ctx context.Context, path, key string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	entries, err := scanIDs(ctx, file, key)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.offset, b.offset))
	})
	temp := path + SidecarSuffix + sidecarTemp
	if err := writeSynced(temp, info, entries); err != nil {
		_ = os.Remove(temp) // or else the next start does
		return err
	}
	return os.Rename(temp, path+SidecarSuffix)
}

func writeSynced(path string, info os.FileInfo, entries []entry) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, disk.FileMode)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 64*pageBytes)
	err = writePages(out, info, entries)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func writePages(out io.Writer, info os.FileInfo, entries []entry) error {
	page := make([]byte, pageBytes)
	appendHeader(page, info, uint64(len(entries)))
	if _, err := out.Write(page); err != nil {
		return err
	}
	for number := uint32(0); len(entries) > 0; number++ {
		here := entries[:min(entriesPerPage, len(entries))]
		entries = entries[len(here):]
		clear(page)
		for i, e := range here {
			binary.LittleEndian.PutUint64(page[i*entryBytes:], e.hash)
			binary.LittleEndian.PutUint64(page[i*entryBytes+8:], e.offset)
		}
		binary.LittleEndian.PutUint32(page[4080:], number)
		binary.LittleEndian.PutUint32(page[4084:], uint32(len(here)))
		seal(page)
		if _, err := out.Write(page); err != nil {
			return err
		}
	}
	return nil
}

func appendHeader(page []byte, info os.FileInfo, count uint64) {
	copy(page, sidecarMagic)
	binary.LittleEndian.PutUint32(page[8:], sidecarVersion)
	binary.LittleEndian.PutUint64(page[16:], uint64(info.Size()))
	binary.LittleEndian.PutUint64(page[24:], uint64(info.ModTime().UnixNano()))
	binary.LittleEndian.PutUint64(page[32:], inode(info))
	binary.LittleEndian.PutUint64(page[40:], count)
	binary.LittleEndian.PutUint64(page[48:], (count+entriesPerPage-1)/entriesPerPage)
	seal(page)
}

func seal(page []byte) {
	binary.LittleEndian.PutUint32(page[checksumAt:], crc32.ChecksumIEEE(page[:checksumAt]))
}

// hasSidecar says whether there is a sidecar whose header and length fit the file.
func hasSidecar(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	file, err := os.Open(path + SidecarSuffix)
	if err != nil {
		return false
	}
	defer file.Close()
	have, want := make([]byte, pageBytes), make([]byte, pageBytes)
	if _, err := io.ReadFull(file, have); err != nil {
		return false
	}
	appendHeader(want, info, binary.LittleEndian.Uint64(have[40:]))
	length, err := file.Stat()
	return err == nil && bytes.Equal(have, want) &&
		uint64(length.Size()) == pageBytes*(1+binary.LittleEndian.Uint64(have[48:]))
}

// scanIDs reads the lines and gives an entry for each text that stands behind the key, at whatever depth: one
// too many costs a look at the line, one too few would hide a record.
func scanIDs(ctx context.Context, file io.Reader, key string) ([]entry, error) {
	var entries []entry
	in := bufio.NewReaderSize(file, scanBytes)
	quoted := []byte(`"` + key + `"`)
	var long []byte // a line that is longer than the buffer
	for offset := uint64(0); ; {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, line...)
			continue
		}
		if len(long) > 0 {
			long = append(long, line...)
			line, long = long, long[:0]
		}
		entries = appendIDs(entries, line, quoted, offset)
		offset += uint64(len(line))
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case len(entries) > maxSidecarLines:
			return nil, errTooMany
		case errors.Is(err, io.EOF):
			return entries, nil
		case err != nil:
			return nil, err
		}
	}
}

func appendIDs(entries []entry, line, quoted []byte, offset uint64) []entry {
	for rest := line; ; {
		at := bytes.Index(rest, quoted)
		if at < 0 {
			return entries
		}
		rest = rest[at+len(quoted):]
		value := bytes.TrimLeft(rest, " \t\r")
		if len(value) == 0 || value[0] != ':' {
			continue
		}
		value = bytes.TrimLeft(value[1:], " \t\r")
		if id, ok := leadingString(value); ok {
			entries = append(entries, entry{hashOf(id), offset})
		}
	}
}

// leadingString returns the text of the JSON string at the start.
func leadingString(value []byte) ([]byte, bool) {
	if len(value) == 0 || value[0] != '"' {
		return nil, false
	}
	end := bytes.IndexByte(value[1:], '"') + 1
	if end > 0 && bytes.IndexByte(value[:end], '\\') < 0 {
		return value[1:end], true
	}
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case '"':
			var text string
			err := json.Unmarshal(value[:i+1], &text)
			return []byte(text), err == nil
		}
	}
	return nil, false
}

// hashOf is the first eight bytes of SHA-256: nobody can choose ids that fall together.
func hashOf(id []byte) uint64 {
	sum := sha256.Sum256(id)
	return binary.LittleEndian.Uint64(sum[:8])
}
