package trail

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/verify"
)

// maxExportLine is the longest line of an export that is read, in bytes.
const maxExportLine = 8 << 20

// VerifyExports verifies an export that consists of these files of JSON lines; those whose names end in .gz are packed.
// Evidence is that of witnesses; it may be nil. It fails if a file cannot be opened.
func VerifyExports(paths []string, options verify.Options, evidence []byte) (*Result, error) {
	v := verify.New(options)
	result := &Result{}
	for _, path := range paths {
		result.Files = append(result.Files, filepath.Base(path))
		if err := readExportFile(v, path, int32(len(result.Files))); err != nil {
			return nil, err
		}
	}
	v.Evidence(evidence)
	result.Report = v.Finish()
	return result, nil
}

func readExportFile(v *verify.Verifier, path string, number int32) error {
	file, err := os.Open(path) // named by the user, who may name a link or a pipe
	if err != nil {
		return err
	}
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		packed, err := gzip.NewReader(file)
		if err != nil {
			v.FailAll(verify.NotVerified, verify.Place{File: number}, fmt.Sprintf("the file cannot be unpacked: %v", err))
			return nil
		}
		in = packed
	}
	readLines(v, in, number)
	return nil
}

func readLines(v *verify.Verifier, in io.Reader, number int32) {
	lines := bufio.NewReaderSize(in, 1<<16)
	for place := (verify.Place{File: number, Line: 1}); ; place.Line++ {
		line, err := readUpTo(lines, maxExportLine)
		switch {
		case errors.Is(err, errLong):
			v.FailAll(verify.NotVerified, place, fmt.Sprintf("a line has more than %d bytes", maxExportLine))
			continue
		case err != nil && !errors.Is(err, io.EOF):
			v.FailAll(verify.NotVerified, place, fmt.Sprintf("the file cannot be read to its end: %v", reason(err)))
			return
		case err != nil && len(bytes.TrimSpace(line)) == 0:
			return
		}
		v.Line(line, place)
		if err != nil {
			return
		}
	}
}
