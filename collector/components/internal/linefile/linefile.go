// Package linefile appends whole lines to a private file and rotates it by size.
//
// What was written is on disk when Write returns. A write that fails, and one that was under way when
// the process died, leave no part of a line behind.
package linefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	fileMode      = 0o600
	directoryMode = 0o700

	// StampFormat sorts by time and holds nothing that a file name must not.
	StampFormat = "20060102T150405.000000000Z"
)

// Options of a File.
type Options struct {
	Path     string // of the file that is being written, as in dir/logs.jsonl
	MaxBytes int64  // rotate before the file grows beyond
	MaxFiles int    // rotated files kept, the newest; 0 keeps all
	Sync     bool   // fsync before Write returns

	MaxAge  time.Duration // rotated files are removed so long after they were full; 0 keeps them
	Index   string        // rotated files get a sidecar of the texts behind this JSON key; "" makes none
	OnError func(error)   // hears of what goes wrong in the background
}

// File is a rotated file of lines. It is safe for concurrent use.
type File struct {
	options Options

	mu     sync.Mutex
	file   *os.File // nil after Close, and between a failure and the next try
	size   int64
	closed bool

	upkeep *upkeep // nil where nothing is to be done in the background
}

// Open creates the file and its directory where they are absent, and goes on at its end.
func Open(options Options) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(options.Path), directoryMode); err != nil {
		return nil, err
	}
	f := &File{options: options}
	if err := f.open(); err != nil {
		return nil, err
	}
	if options.Index != "" || options.MaxAge > 0 {
		f.startUpkeep()
	}
	return f, nil
}

func (f *File) open() error {
	file, err := os.OpenFile(f.options.Path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	if err := file.Chmod(fileMode); err != nil {
		return errors.Join(err, file.Close())
	}
	size, err := endOfLines(file)
	if err == nil {
		err = file.Truncate(size)
	}
	if err == nil {
		_, err = file.Seek(size, io.SeekStart)
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	f.file, f.size = file, size
	return nil
}

// endOfLines returns the position after the last whole line: a rest beyond was never acknowledged.
func endOfLines(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	block := make([]byte, 64<<10)
	for end := info.Size(); end > 0; {
		start := max(0, end-int64(len(block)))
		n, err := file.ReadAt(block[:end-start], start)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if at := bytes.LastIndexByte(block[:n], '\n'); at >= 0 {
			return start + int64(at) + 1, nil
		}
		end = start
	}
	return 0, nil
}

// Write appends lines, which must end with a line feed, all or none.
func (f *File) Write(lines []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return os.ErrClosed
	}
	if f.file == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if f.size > 0 && f.size+int64(len(lines)) > f.options.MaxBytes {
		if err := f.rotate(); err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
	}
	_, err := f.file.Write(lines)
	if err == nil && f.options.Sync {
		err = f.file.Sync()
	}
	if err != nil {
		return errors.Join(err, f.undo())
	}
	f.size += int64(len(lines))
	return nil
}

// undo cuts off what a failed write left. Where not even that works the file is opened anew next time,
// which cuts off a torn line.
func (f *File) undo() error {
	err := f.file.Truncate(f.size)
	if err == nil {
		_, err = f.file.Seek(f.size, io.SeekStart)
	}
	if err != nil {
		err = errors.Join(err, f.file.Close())
		f.file = nil
	}
	return err
}

func (f *File) rotate() error {
	closed := f.file.Close()
	f.file = nil
	if closed != nil {
		return closed
	}
	stem, suffix := f.nameParts()
	rotated := stem + "-" + time.Now().UTC().Format(StampFormat) + suffix
	renamed := os.Rename(f.options.Path, rotated)
	if err := f.open(); err != nil || renamed != nil {
		return errors.Join(renamed, err)
	}
	f.upkeep.soon()
	return f.prune()
}

func (f *File) prune() error {
	if f.options.MaxFiles <= 0 {
		return nil
	}
	rotated, err := f.rotated()
	if err != nil {
		return err
	}
	for len(rotated) > f.options.MaxFiles {
		if err := removeWithSidecar(rotated[0]); err != nil {
			return err
		}
		rotated = rotated[1:]
	}
	return nil
}

// rotated returns the rotated files, the oldest first.
func (f *File) rotated() ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(f.options.Path))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		path := filepath.Join(filepath.Dir(f.options.Path), entry.Name())
		if _, ok := f.stampOf(path); ok {
			names = append(names, path)
		}
	}
	slices.Sort(names)
	return names, nil
}

// stampOf returns when a rotated file was full; false where it is none.
func (f *File) stampOf(path string) (time.Time, bool) {
	stem, suffix := f.nameParts()
	stamp, ok := strings.CutPrefix(path, stem+"-")
	if !ok {
		return time.Time{}, false
	}
	full, err := time.Parse(StampFormat, strings.TrimSuffix(stamp, suffix))
	return full, err == nil
}

func (f *File) nameParts() (stem, suffix string) {
	suffix = filepath.Ext(f.options.Path)
	return strings.TrimSuffix(f.options.Path, suffix), suffix
}

// Reopen lets the next Write open the file by its name, as someone may have moved it away.
func (f *File) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// Close closes the file; Write fails from then on.
func (f *File) Close() error {
	f.upkeep.stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
