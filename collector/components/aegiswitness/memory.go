package aegiswitness

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// Names in the witness' directory.
const (
	originSuffix = ".origin"
	newSuffix    = ".new"
	evidenceFile = "evidence.notes"
	lockFile     = "lock"
)

// maxOrigin is the largest file of one chain that is read.
const maxOrigin = 4 << 20

// memory is what the witness remembers, on disk. A chain has one file, which is replaced as a whole.
type memory struct {
	disk      disk.System
	directory string
	lock      disk.File
}

// openMemory locks the directory and reads all that is remembered. A file that cannot be read makes its chain damaged:
// as if nothing were known of it would let it go back.
func openMemory(system disk.System, directory string) (*memory, map[record.Hash]*origin, error) {
	if err := system.MakeDirectories(directory); err != nil {
		return nil, nil, err
	}
	m := &memory{disk: system, directory: directory}
	lock, err := system.OpenFile(m.path(lockFile), os.O_RDWR|os.O_CREATE, disk.FileMode)
	if err != nil {
		return nil, nil, err
	}
	if err := lock.Lock(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", directory, err), lock.Close())
	}
	m.lock = lock
	names, err := system.ReadDirectory(directory)
	if err != nil {
		return nil, nil, errors.Join(err, m.close())
	}
	origins := map[record.Hash]*origin{}
	for _, name := range names {
		chain, ok := record.ParseHash(strings.TrimSuffix(name, originSuffix))
		if !ok || !strings.HasSuffix(name, originSuffix) {
			continue
		}
		known, err := m.load(chain)
		if err != nil {
			known = &origin{chain: chain, damaged: true}
		}
		origins[chain] = known
	}
	return m, origins, nil
}

func (m *memory) path(name string) string { return filepath.Join(m.directory, name) }

func (m *memory) close() error { return m.lock.Close() }

// originFile is the form in which a chain is kept. Behind it, on a line of its own, is its SHA-256.
type originFile struct {
	Format  int          `json:"format"`
	Chain   record.Hash  `json:"chain"`
	Key     record.Hash  `json:"key"`
	Size    int64        `json:"size"`
	Root    record.Hash  `json:"root"`
	Closed  bool         `json:"closed"`
	Note    []byte       `json:"note"`
	History []taking     `json:"history"`
	Waiting []waiterFile `json:"waiting"`
}

type waiterFile struct {
	Point *record.Checkpoint `json:"point"`
	Until time.Time          `json:"until"`
}

func encodeOrigin(o *origin) ([]byte, error) {
	file := originFile{
		Format: 1, Chain: o.chain, Key: o.key, Size: o.size, Root: o.root, Closed: o.closed, Note: o.note, History: o.history,
	}
	for _, w := range o.waiting {
		file.Waiting = append(file.Waiting, waiterFile{w.point, w.until})
	}
	content, err := json.Marshal(file)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	return append(hex.AppendEncode(append(content, '\n'), sum[:]), '\n'), nil
}

func decodeOrigin(chain record.Hash, content []byte) (*origin, error) {
	body, sum, found := bytes.Cut(content, []byte("\n"))
	wanted := sha256.Sum256(body)
	var file originFile
	if !found || string(sum) != hex.EncodeToString(wanted[:])+"\n" {
		return nil, disk.ErrDamaged
	}
	if err := json.Unmarshal(body, &file); err != nil || file.Format != 1 || file.Chain != chain {
		return nil, disk.ErrDamaged
	}
	known := &origin{
		chain: chain, key: file.Key, size: file.Size, root: file.Root, closed: file.Closed, note: file.Note, history: file.History,
	}
	for _, w := range file.Waiting {
		if w.Point != nil {
			known.waiting = append(known.waiting, waiter{w.Point, w.Until})
		}
	}
	return known, nil
}

func (m *memory) load(chain record.Hash) (*origin, error) {
	file, err := m.disk.OpenFile(m.path(chain.String()+originSuffix), os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	size, err := file.Size()
	if err == nil && size > maxOrigin {
		err = disk.ErrDamaged
	}
	content := make([]byte, max(0, min(size, maxOrigin)))
	if err == nil {
		_, err = file.ReadAt(content, 0)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return decodeOrigin(chain, content)
}

// save makes chains safe: when it returns nil, no crash takes anything back.
func (m *memory) save(origins []*origin) error {
	for _, o := range origins {
		content, err := encodeOrigin(o)
		if err != nil {
			return err
		}
		if err := m.replace(o.chain.String()+originSuffix, content); err != nil {
			return err
		}
	}
	return m.disk.SyncDirectory(m.directory)
}

// replace writes a new file and puts it in the place of the old one.
func (m *memory) replace(name string, content []byte) error {
	file, err := m.disk.OpenFile(m.path(name+newSuffix), os.O_RDWR|os.O_CREATE|os.O_TRUNC, disk.FileMode)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(content, 0)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return disk.Typed(err)
	}
	return m.disk.Rename(m.path(name+newSuffix), m.path(name))
}

// publish writes the evidence: the newest signed note of each chain, in the order of their names.
func (m *memory) publish(notes map[record.Hash][]byte) error {
	chains := make([]record.Hash, 0, len(notes))
	for chain := range notes {
		chains = append(chains, chain)
	}
	slices.SortFunc(chains, func(a, b record.Hash) int { return bytes.Compare(a[:], b[:]) })
	var content []byte
	for _, chain := range chains {
		content = append(content, notes[chain]...)
	}
	if err := m.replace(evidenceFile, content); err != nil {
		return err
	}
	return m.disk.SyncDirectory(m.directory)
}
