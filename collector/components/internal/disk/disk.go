// Package disk is what the queues and line files need of a file system: an interface, so that tests can put a
// disk with faults in its place (package disktest), and the errors of a disk by type.
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// Mode is who may do what with a file.
type Mode = fs.FileMode

// Modes of all that is created: for its owner only.
const (
	FileMode      Mode = 0o600
	DirectoryMode Mode = 0o700
)

var (
	// ErrFull is the error of a write for which there is no space.
	ErrFull = errors.New("the disk is full")
	// ErrIO is the error of a disk that failed to write, read or sync.
	ErrIO = errors.New("the disk failed")
	// ErrDamaged is the error of data that are not what was written.
	ErrDamaged = errors.New("damaged on disk")
	// ErrInUse is the error of a lock that another process holds.
	ErrInUse = errors.New("another process uses it")
)

// Typed wraps an error of a file in ErrFull or ErrIO, where it is one of these.
func Typed(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrFull), errors.Is(err, ErrIO), errors.Is(err, ErrDamaged):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, syscall.EIO), errors.Is(err, io.ErrShortWrite):
		return fmt.Errorf("%w: %w", ErrIO, err)
	}
	return err
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Chmod(mode Mode) error
	Sync() error
	Lock() error // exclusive; ends with the process. ErrInUse where another one holds it
}

// System is a file system.
type System interface {
	OpenFile(path string, flag int, mode Mode) (File, error)
	// MakeDirectories creates a directory and those above it, and makes their entries safe.
	MakeDirectories(path string) error
	ReadDirectory(path string) (names []string, err error)
	Rename(from, to string) error
	Remove(path string) error
	// SyncDirectory makes safe which files a directory has.
	SyncDirectory(path string) error
}

// OS is the operating system's.
var OS System = system{}

type system struct{}

type file struct{ *os.File }

func (system) OpenFile(path string, flag int, mode Mode) (File, error) {
	opened, err := os.OpenFile(path, flag, mode)
	if err != nil {
		return nil, err
	}
	return file{opened}, nil
}

func (s system) MakeDirectories(path string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(path, DirectoryMode)
	}
	parent := filepath.Dir(path)
	if err := s.MakeDirectories(parent); err != nil {
		return err
	}
	if err := os.Mkdir(path, DirectoryMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return s.SyncDirectory(parent)
}

func (system) ReadDirectory(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, err
}

func (system) Rename(from, to string) error { return os.Rename(from, to) }

func (system) Remove(path string) error { return os.Remove(path) }

func (system) SyncDirectory(path string) error {
	if runtime.GOOS == "windows" { // which has no such thing
		return nil
	}
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	err = directory.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil // a file system that has no such thing
	}
	return errors.Join(err, directory.Close())
}

func (f file) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
