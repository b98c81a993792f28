// Package disktest is a disk in memory whose faults a test chooses: writes that fail or stop half-way, an fsync that
// fails and loses what it should have made safe, a crash that loses what no fsync made safe.
package disktest

import (
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// Fault is how a step fails.
type Fault int

// The faults. Each ends in an error of the call.
const (
	None       Fault = iota
	Full             // ENOSPC: nothing is done
	IO               // EIO: nothing is done; an fsync loses what it should have made safe
	ShortWrite       // ENOSPC after the first half of a write; as Full elsewhere
	FailUndone       // ShortWrite, and the next step fails with EIO
	Dead             // EIO: nothing is done, and an fsync loses nothing: the machine has stopped
)

// Crash is what a crash leaves of that which no fsync made safe.
type Crash int

// The kinds of crash. Entries are those of directories: files made, renamed, removed.
const (
	LoseAll     Crash = iota
	LoseData          // entries stay
	LoseEntries       // data stay
	TearData          // the first half of the last write to each file stays, and all before it; entries stay
	Kill              // of the process only: all stays
)

// Crashes are all kinds.
var Crashes = []Crash{LoseAll, LoseData, LoseEntries, TearData, Kill}

// Disk is a disk.System. Paths have one directory level below the root; directories are always there.
type Disk struct {
	mu      sync.Mutex
	files   map[string]*inode
	durable map[string]*inode // as the directories on disk know them
	lost    map[string]*inode // entries that no fsync makes safe any more, because one has failed
	locked  map[string]bool

	// Steps counts calls that change something.
	Steps int
	// Fails says how a step goes, by its number.
	Fails func(step int) Fault
}

type inode struct {
	content, durable []byte
	dirty            []extent // what the next fsync has to write
	resized          bool
}

type extent struct{ from, to int }

// New returns an empty disk without faults.
func New() *Disk {
	return &Disk{files: map[string]*inode{}, durable: map[string]*inode{}, lost: map[string]*inode{}, locked: map[string]bool{}}
}

// After returns the disk as it is found after a crash. The old one stays as it is.
func (d *Disk) After(crash Crash) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := New()
	entries := d.files
	if crash == LoseAll || crash == LoseEntries {
		entries = d.durable
	}
	for path, node := range entries {
		content := slices.Clone(node.durable)
		switch crash {
		case Kill, LoseEntries:
			content = slices.Clone(node.content)
		case TearData:
			content = node.torn()
		}
		copied := &inode{content: content, durable: slices.Clone(content)}
		found.files[path], found.durable[path] = copied, copied
	}
	return found
}

func (n *inode) torn() []byte {
	content := slices.Clone(n.durable)
	for i, e := range n.dirty {
		if i == len(n.dirty)-1 {
			e.to = e.from + (e.to-e.from)/2
		}
		e.to = min(e.to, len(n.content))
		if e.from < e.to {
			content = grow(content, e.to)
			copy(content[e.from:e.to], n.content[e.from:e.to])
		}
	}
	return content
}

// Paths are the files, in order.
func (d *Disk) Paths() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.files))
}

// Content returns what is in a file.
func (d *Disk) Content(path string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.files[path].content)
}

// Put makes a file, or replaces one, safe at once.
func (d *Disk) Put(path string, content []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	node := &inode{content: slices.Clone(content), durable: slices.Clone(content)}
	d.files[path], d.durable[path] = node, node
}

// step counts a change and says how it goes. The mutex is held.
func (d *Disk) step() Fault {
	fault := None
	if d.Fails != nil {
		fault = d.Fails(d.Steps)
		if d.Steps > 0 && d.Fails(d.Steps-1) == FailUndone {
			fault = IO
		}
	}
	d.Steps++
	return fault
}

func (f Fault) err(operation, path string) error {
	switch f {
	case None:
		return nil
	case IO, Dead:
		return &fs.PathError{Op: operation, Path: path, Err: syscall.EIO}
	}
	return &fs.PathError{Op: operation, Path: path, Err: syscall.ENOSPC}
}

// OpenFile implements disk.System.
func (d *Disk) OpenFile(path string, flag int, _ fs.FileMode) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	node, found := d.files[path]
	switch {
	case found && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrExist}
	case !found && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	case !found:
		if err := d.step().err("open", path); err != nil {
			return nil, err
		}
		node = &inode{}
		d.files[path] = node
	}
	return &file{disk: d, node: node, path: path}, nil
}

// MakeDirectories implements disk.System.
func (d *Disk) MakeDirectories(string) error { return nil }

// ReadDirectory implements disk.System.
func (d *Disk) ReadDirectory(path string) ([]string, error) {
	var names []string
	for _, file := range d.Paths() {
		if filepath.Dir(file) == filepath.Clean(path) {
			names = append(names, filepath.Base(file))
		}
	}
	return names, nil
}

// Rename implements disk.System.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	node, found := d.files[from]
	if !found {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	if err := d.step().err("rename", from); err != nil {
		return err
	}
	delete(d.files, from)
	d.files[to] = node
	return nil
}

// Remove implements disk.System.
func (d *Disk) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, found := d.files[path]; !found {
		return &fs.PathError{Op: "remove", Path: path, Err: fs.ErrNotExist}
	}
	if err := d.step().err("remove", path); err != nil {
		return err
	}
	delete(d.files, path)
	return nil
}

// SyncDirectory implements disk.System. What one that fails should have made safe, no later one does.
func (d *Disk) SyncDirectory(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	inside := func(name string) bool { return filepath.Dir(name) == filepath.Clean(path) }
	fault := d.step()
	if fault == Dead {
		return fault.err("fsync", path)
	}
	if err := fault.err("fsync", path); err != nil {
		for name, node := range d.files {
			if inside(name) && d.durable[name] != node {
				d.lost[name] = node
			}
		}
		return err
	}
	maps.DeleteFunc(d.durable, func(name string, _ *inode) bool { return inside(name) && d.files[name] == nil })
	for name, node := range d.files {
		if inside(name) && d.lost[name] != node {
			d.durable[name] = node
		}
	}
	return nil
}

type file struct {
	disk   *Disk
	node   *inode
	path   string
	closed bool
	holds  bool
}

func (f *file) ReadAt(b []byte, offset int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return 0, os.ErrClosed
	}
	if offset >= int64(len(f.node.content)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.content[offset:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, offset int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return 0, os.ErrClosed
	}
	fault := f.disk.step()
	if fault == ShortWrite || fault == FailUndone {
		b = b[:len(b)/2]
	}
	if fault == Full || fault == IO || fault == Dead {
		b = nil
	}
	if end := int(offset) + len(b); len(b) > 0 {
		f.node.content = grow(f.node.content, end)
		copy(f.node.content[offset:], b)
		f.node.dirty = append(f.node.dirty, extent{int(offset), end})
	}
	return len(b), fault.err("write", f.path)
}

func (f *file) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return os.ErrClosed
	}
	if err := f.disk.step().err("truncate", f.path); err != nil {
		return err
	}
	f.node.content = grow(f.node.content, int(size))[:size]
	f.node.resized = true
	return nil
}

func (f *file) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return os.ErrClosed
	}
	n := f.node
	fault := f.disk.step()
	if err := fault.err("fsync", f.path); err != nil {
		if fault == Dead {
			return err
		}
		n.dirty = nil // clean pages that are on no disk: the next fsync has nothing to do
		return err
	}
	for _, e := range n.dirty {
		if e.to = min(e.to, len(n.content)); e.from < e.to {
			n.durable = grow(n.durable, e.to)
			copy(n.durable[e.from:e.to], n.content[e.from:e.to])
		}
	}
	if n.dirty = nil; n.resized || len(n.durable) < len(n.content) {
		n.durable = grow(n.durable, len(n.content))[:len(n.content)]
		n.resized = false
	}
	return nil
}

func (f *file) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return 0, os.ErrClosed
	}
	return int64(len(f.node.content)), nil
}

func (f *file) Chmod(fs.FileMode) error { return nil }

func (f *file) Lock() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.locked[f.path] {
		return disk.ErrInUse
	}
	f.disk.locked[f.path], f.holds = true, true
	return nil
}

func (f *file) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return os.ErrClosed
	}
	if f.closed = true; f.holds {
		delete(f.disk.locked, f.path)
	}
	return nil
}

func grow(b []byte, size int) []byte {
	if size <= len(b) {
		return b
	}
	return append(b, make([]byte, size-len(b))...)
}
