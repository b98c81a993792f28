package trail

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/canonical"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/verify"
)

// maxLine is the longest line of a record that is read, in bytes; a writer refuses records of more than 65,536.
const maxLine = 1 << 20

// reader reads the file of one chain and hands its records to the verifier.
type reader struct {
	verifier *verify.Verifier
	file     io.ReaderAt
	size     int64
	chain    record.Hash
	live     bool
	place    verify.Place // of the line at hand
	expected int64        // the number that comes next
	buffer   []byte
	lines    *bufio.Reader
	scratch  []byte
}

func newReader(v *verify.Verifier, file io.ReaderAt, size int64, chain record.Hash, live bool, number int32) *reader {
	buffer := int(min(1<<16, size+1))
	return &reader{
		verifier: v, file: file, size: size, chain: chain, live: live,
		place: verify.Place{File: number, Line: 1}, buffer: make([]byte, buffer), lines: bufio.NewReaderSize(nil, buffer),
	}
}

func (r *reader) fail(state verify.State, seq int64, reason string, details ...any) {
	r.verifier.Fail(state, r.chain, seq, r.place, fmt.Sprintf(reason, details...))
}

var otherVersion = regexp.MustCompile(`^aegis-otel-audit (0|[1-9][0-9]{0,9}) [0-9a-f]{64}\n`)

// read reads the file once, to its end.
func (r *reader) read() error {
	header := fmt.Sprintf("aegis-otel-audit 1 %s\n", r.chain)
	first := make([]byte, min(int64(len(header)), r.size))
	if _, err := r.file.ReadAt(first, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	at := int64(len(header))
	switch {
	case string(first) == header:
		r.place.Line++
	case len(first) < len(header) && bytes.HasPrefix([]byte(header), first):
		return r.finish(0, r.size)
	case otherVersion.Match(first) && !bytes.HasPrefix(first, []byte("aegis-otel-audit 1 ")):
		r.fail(verify.NotVerified, 0, "the file has an unknown version")
		return nil
	default:
		r.fail(verify.Tampered, 0, "the first line of the file is not that of this chain")
		at = 0
	}
	for at < r.size {
		found, err := readBatchLine(r.file, at, r.size)
		if err == nil {
			err = found.check(r.file, r.buffer)
		}
		if err == nil {
			r.place.Line++
			if err = r.batch(&found); err != nil {
				return err
			}
			at = found.to
			continue
		}
		if !errors.Is(err, errNoBatch) {
			return err
		}
		next, err := nextBatch(r.file, at+1, r.size, r.buffer)
		if err != nil && !errors.Is(err, errSearch) {
			return err
		}
		if next < 0 && err == nil {
			return r.finish(at, r.size)
		}
		if next < 0 {
			next = r.size
		}
		bad, err := r.salvage(at, next)
		if err != nil {
			return err
		}
		r.fail(verify.Tampered, bad, "bytes that are no whole batch, with a whole batch behind them")
		at = next
	}
	return r.finish(at, at)
}

// batch hands on the records of a whole batch.
func (r *reader) batch(b *batch) error {
	first := true
	return r.each(b.from, b.to, func(line []byte) {
		begins := first
		first = false
		value, err := readLine(line, &r.scratch)
		if err != nil {
			r.fail(verify.Tampered, r.expected, "%s", err)
			r.expected++
			return
		}
		seq, err := r.verifier.RecordAt(r.chain, r.expected, &value, r.place)
		switch {
		case err != nil:
			r.expected++
		case seq < r.expected || begins && seq != b.number || !begins && seq != r.expected:
			r.fail(verify.Tampered, min(seq, r.expected), "number %d is not where it belongs", seq)
			r.expected = max(r.expected, seq+1)
		default:
			r.expected = seq + 1 // a gap between batches is found with all others
		}
	})
}

// salvage takes the sound records of bytes that are no whole batch, so that only what is wrong is told, and returns
// the first number that is not there or no good.
func (r *reader) salvage(from, to int64) (bad int64, err error) {
	bad = -1
	begin := r.expected
	err = r.each(from, to, func(line []byte) {
		value, err := readLine(line, &r.scratch)
		if err == nil {
			parsed, err := record.Parse(&value, record.Claims(&value))
			if err == nil && parsed.Chain == r.chain {
				if bad < 0 && parsed.Seq != r.expected {
					bad = r.expected
				}
				_, _ = r.verifier.RecordAt(r.chain, parsed.Seq, &value, r.place)
				r.expected = max(r.expected, parsed.Seq+1)
				return
			}
		}
		if bad < 0 && !bytes.HasPrefix(line, []byte("# ")) {
			bad = r.expected
		}
	})
	if bad < 0 && r.expected > begin { // all records are sound, so the batch's own line is not
		bad = begin
	}
	return max(bad, begin), err
}

// finish notes what is behind the last whole batch.
func (r *reader) finish(from, to int64) error {
	tail := verify.Tail{Live: r.live, Seq: r.expected, Bytes: to - from, Place: r.place}
	bad, err := r.salvage(from, to)
	tail.Bad = bad
	r.verifier.Tail(r.chain, tail)
	return err
}

// each calls take for each line of a part of the file, without its line feed. A last line without one is none.
func (r *reader) each(from, to int64, take func(line []byte)) error {
	r.lines.Reset(io.NewSectionReader(r.file, from, to-from))
	for {
		line, err := readUpTo(r.lines, maxLine)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, errLong) {
			return err
		}
		take(line)
		r.place.Line++
	}
}

var errLong = errors.New("a line is longer than any record may be")

// readLine reads a line that must be the canonical bytes of a record.
func readLine(line []byte, scratch *[]byte) (canonical.Value, error) {
	value, err := canonical.Read(line)
	if err != nil {
		return value, fmt.Errorf("a line is %w", err)
	}
	bytesOf, ok := canonical.Append((*scratch)[:0], &value, nil)
	*scratch = bytesOf
	if !ok || value.Kind != canonical.Map || !bytes.Equal(bytesOf, line) {
		return value, errors.New("a line is not the canonical bytes of a record")
	}
	return value, nil
}

// readUpTo returns the next line without its line feed. Of a line that is too long it returns the beginning, and errLong.
func readUpTo(in *bufio.Reader, limit int) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err == nil {
		return line[:len(line)-1], nil
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	long := bytes.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = in.ReadSlice('\n')
		if len(long) <= limit {
			long = append(long, line...)
		}
	}
	if err != nil {
		return long, err
	}
	if len(long) > limit+1 {
		return long[:limit], errLong
	}
	return long[:len(long)-1], nil
}
