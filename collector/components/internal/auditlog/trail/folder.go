// Package trail reads the folder of an audit trail, and exports of it (docs/audit-format.md, sections 6 and 7), and
// hands the records to a verifier. Whatever it reads may have been made by an attacker.
package trail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/verify"
)

// Result is a report and the names of the files to which its places point.
type Result struct {
	*verify.Report
	Files []string
}

// attempts is how often a folder in which a process writes is read at most.
const attempts = 5

// pause is the time between two of them.
var pause = 200 * time.Millisecond

// VerifyFolder verifies the folder of a trail. While a process writes there, a file can end in half a batch, or be
// named by a chain that was read later; so a folder with a live chain is read again before anything is said against it.
//
// Evidence is that of witnesses; it may be nil. It fails if the folder cannot be read.
func VerifyFolder(folder string, options verify.Options, evidence []byte) (*Result, error) {
	options.Folder = true
	for attempt := 1; ; attempt++ {
		v := verify.New(options)
		f := folderReader{folder: folder, verifier: v}
		if err := f.read(); err != nil {
			return nil, err
		}
		v.Evidence(evidence)
		result := &Result{v.Finish(), f.files}
		if !f.live || attempt == attempts || !mayPass(result.Report) {
			return result, nil
		}
		time.Sleep(pause)
	}
}

// mayPass reports whether a finding can come from the fact that a process writes.
func mayPass(report *verify.Report) bool {
	for i := range report.Chains {
		for _, finding := range report.Chains[i].Found {
			if finding.State < verify.NotVerified || finding.State == verify.TailUnproven && report.Chains[i].HalfBatch {
				return true
			}
		}
	}
	return false
}

type folderReader struct {
	folder   string
	verifier *verify.Verifier
	files    []string
	live     bool
}

// kinds are the suffixes of a chain's file.
var kinds = map[string]bool{".live": true, ".ended": true, ".audit": true}

func (f *folderReader) read() error {
	entries, err := os.ReadDir(f.folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		suffix := filepath.Ext(name)
		chain, isChain := record.ParseHash(strings.TrimSuffix(name, suffix))
		switch {
		case isChain && kinds[suffix]:
			f.live = f.live || suffix == ".live"
			if err := f.file(chain, name, suffix == ".live"); err != nil {
				return err
			}
		case name == "lock", isChain && suffix == ".cut":
		default:
			f.verifier.Warn(fmt.Sprintf("%.100q is not part of the trail, and is not read", name))
		}
	}
	return nil
}

func (f *folderReader) file(chain record.Hash, name string, live bool) error {
	path := filepath.Join(f.folder, name)
	file, size, err := openRegular(path)
	if live && errors.Is(err, fs.ErrNotExist) { // its process has ended it meanwhile
		for _, suffix := range []string{".ended", ".audit"} {
			renamed := strings.TrimSuffix(path, ".live") + suffix
			if file, size, err = openRegular(renamed); err == nil {
				name, live = filepath.Base(renamed), false
				break
			}
		}
	}
	f.files = append(f.files, name)
	number := int32(len(f.files))
	if err != nil {
		f.verifier.Fail(verify.NotVerified, chain, 0, verify.Place{File: number}, fmt.Sprintf("the file cannot be read: %v", reason(err)))
		return nil
	}
	defer file.Close()
	f.verifier.File(chain, name)
	if err := newReader(f.verifier, file, size, chain, live, number).read(); err != nil {
		f.verifier.Fail(verify.NotVerified, chain, 0, verify.Place{File: number}, fmt.Sprintf("the file cannot be read: %v", reason(err)))
	}
	return nil
}

// reason is the error without the path, which the report has in another place.
func reason(err error) error {
	var failure *fs.PathError
	if errors.As(err, &failure) {
		return failure.Err
	}
	return err
}

var errNoFile = errors.New("it is no regular file")

// openRegular opens a regular file and does not follow a symbolic link.
func openRegular(path string) (*os.File, int64, error) {
	if info, err := os.Lstat(path); err != nil {
		return nil, 0, err
	} else if !info.Mode().IsRegular() {
		return nil, 0, errNoFile
	}
	file, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}
