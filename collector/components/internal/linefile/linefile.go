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

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

const (
	// StampFormat sorts by time and holds nothing that a file name must not.
	StampFormat = "20060102T150405.000000000Z"

	damagedSuffix = ".damaged"
)

// Options of a File.
type Options struct {
	Path     string // of the file that is being written, as in dir/logs.jsonl
	MaxBytes int64  // rotate before the file grows beyond
	MaxFiles int    // rotated files kept, the newest; 0 keeps all
	Sync     bool   // fsync before Write returns

	MaxAge  time.Duration // rotated files are removed so long after they were full; 0 keeps them
	Index   string        // rotated files get a sidecar of the texts behind this JSON key; "" makes none
	OnError func(error)   // hears of what goes wrong in the background, what is cut off, and a failed fsync
}

// File is a rotated file of lines. It is safe for concurrent use.
type File struct {
	options Options
	system  disk.System

	mu        sync.Mutex
	file      disk.File // nil after Close, and between a failure and the next try
	size      int64
	abandoned bool // its fsync failed
	closed    bool

	upkeep *upkeep // nil where nothing is to be done in the background
}

// Open creates the file and its directory where they are absent, and goes on at its end.
func Open(options Options) (*File, error) {
	return openOn(disk.OS, options)
}

func openOn(system disk.System, options Options) (*File, error) {
	if err := system.MakeDirectories(filepath.Dir(options.Path)); err != nil {
		return nil, disk.Typed(err)
	}
	f := &File{options: options, system: system}
	if err := f.open(); err != nil {
		return nil, err
	}
	if options.Index != "" || options.MaxAge > 0 {
		f.startUpkeep()
	}
	return f, nil
}

func (f *File) open() error {
	file, err := f.system.OpenFile(f.options.Path, os.O_RDWR|os.O_CREATE, disk.FileMode)
	if err != nil {
		return disk.Typed(err)
	}
	size, err := f.prepare(file)
	if err != nil {
		if held, unknown := file.Size(); unknown == nil && held == 0 {
			// The next try needs a new entry in the directory: a second fsync of this one may succeed without it.
			err = errors.Join(err, f.system.Remove(f.options.Path))
		}
		return disk.Typed(errors.Join(err, file.Close()))
	}
	f.file, f.size = file, size
	return nil
}

// prepare makes an open file ready to go on, and returns where.
func (f *File) prepare(file disk.File) (int64, error) {
	if err := file.Chmod(disk.FileMode); err != nil {
		return 0, err
	}
	held, err := file.Size()
	if err != nil {
		return 0, err
	}
	size, err := endOfLines(file, held)
	if err != nil {
		return 0, err
	}
	if size < held {
		f.keepRest(file, size, held)
		if err := file.Truncate(size); err != nil {
			return 0, err
		}
	}
	return size, f.syncDirectory()
}

// keepRest copies a last line that does not end to a file beside. A crash leaves such a line, which nobody was told is safe;
// so does damage to a line feed.
func (f *File) keepRest(file disk.File, from, to int64) {
	path := f.options.Path + damagedSuffix
	rest := make([]byte, to-from, to-from+1)
	_, err := file.ReadAt(rest, from)
	if err == nil {
		err = f.appendTo(path, append(rest, '\n'))
	}
	told := fmt.Errorf("%w: the last line of %s has no end, as after a crash; its %d bytes from byte %d on are cut off, and kept in %s",
		disk.ErrDamaged, f.options.Path, to-from, from, path)
	f.tell(errors.Join(told, disk.Typed(err)))
}

func (f *File) appendTo(path string, content []byte) error {
	file, err := f.system.OpenFile(path, os.O_RDWR|os.O_CREATE, disk.FileMode)
	if err != nil {
		return err
	}
	end, err := file.Size()
	if err == nil {
		_, err = file.WriteAt(content, end)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func (f *File) tell(err error) {
	if f.options.OnError != nil {
		f.options.OnError(err)
	}
}

func (f *File) syncDirectory() error {
	if !f.options.Sync {
		return nil
	}
	return f.system.SyncDirectory(filepath.Dir(f.options.Path))
}

// endOfLines returns the position after the last whole line: a rest beyond was never acknowledged.
func endOfLines(file disk.File, size int64) (int64, error) {
	block := make([]byte, 64<<10)
	for end := size; end > 0; {
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

// Write appends lines, which must end with a line feed, all or none. The errors of a disk are disk.ErrFull and disk.ErrIO.
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
	if f.abandoned || f.size > 0 && f.size+int64(len(lines)) > f.options.MaxBytes {
		if err := f.rotate(); err != nil {
			return fmt.Errorf("rotate: %w", disk.Typed(err))
		}
	}
	if _, err := f.file.WriteAt(lines, f.size); err != nil {
		return disk.Typed(errors.Join(err, f.undo()))
	}
	if f.options.Sync {
		if err := f.file.Sync(); err != nil {
			return f.abandon(len(lines), err)
		}
	}
	f.size += int64(len(lines))
	return nil
}

// abandon leaves a file whose fsync failed: a second one may succeed without the pages that the first one dropped.
func (f *File) abandon(bytes int, cause error) error {
	err := fmt.Errorf("fsync of %s failed, so the last %d bytes are refused and their sender has to send them again; the next go to a new file: %w",
		f.options.Path, bytes, disk.Typed(cause))
	f.abandoned = true
	err = errors.Join(err, f.undo())
	f.tell(err)
	return err
}

// undo cuts off what a failed write left. Where not even that works the file is opened anew next time,
// which cuts off a torn line.
func (f *File) undo() error {
	err := f.file.Truncate(f.size)
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
	if f.size == 0 { // abandoned before it held anything
		err := f.system.Remove(f.options.Path)
		if err == nil {
			f.abandoned = false
			err = f.open()
		}
		return err
	}
	stem, suffix := f.nameParts()
	rotated := stem + "-" + time.Now().UTC().Format(StampFormat) + suffix
	if err := f.system.Rename(f.options.Path, rotated); err != nil {
		return errors.Join(err, f.open())
	}
	if err := f.open(); err != nil {
		// The next try takes another name, as the directory may have lost this one.
		return errors.Join(err, f.system.Rename(rotated, f.options.Path))
	}
	f.abandoned = false
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
		if err := f.removeWithSidecar(rotated[0]); err != nil {
			return err
		}
		rotated = rotated[1:]
	}
	return f.syncDirectory()
}

// rotated returns the rotated files, the oldest first.
func (f *File) rotated() ([]string, error) {
	found, err := f.system.ReadDirectory(filepath.Dir(f.options.Path))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range found {
		path := filepath.Join(filepath.Dir(f.options.Path), name)
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
