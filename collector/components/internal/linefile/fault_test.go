package linefile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk/disktest"
)

const onFakeDisk = "/store/logs.jsonl"

func optionsOnFakeDisk(tell func(error)) Options {
	return Options{Path: onFakeDisk, MaxBytes: 300, Sync: true, OnError: tell}
}

const tries = 4

func try(do func() error) bool {
	for range tries {
		if do() == nil {
			return true
		}
	}
	return false
}

// writeOn writes 50 lines, one after the other, and returns those that are acknowledged.
func writeOn(d disk.System) (acknowledged []string) {
	var file *File
	if !try(func() (err error) { file, err = openOn(d, optionsOnFakeDisk(nil)); return err }) {
		return nil
	}
	for i := range 50 {
		line := fmt.Sprintf("%d:%s", i, strings.Repeat("x", i))
		if try(func() error { return file.Write([]byte(line + "\n")) }) {
			acknowledged = append(acknowledged, line)
		}
	}
	return acknowledged
}

// linesOn opens the file again and returns the lines of all files.
func linesOn(t *testing.T, d *disktest.Disk) map[string]bool {
	t.Helper()
	file, err := openOn(d, optionsOnFakeDisk(nil))
	require.NoError(t, err)
	require.NoError(t, file.Close())
	lines := map[string]bool{}
	for _, path := range d.Paths() {
		if !strings.HasSuffix(path, damagedSuffix) {
			for line := range strings.Lines(string(d.Content(path))) {
				lines[strings.TrimSuffix(line, "\n")] = true
			}
		}
	}
	return lines
}

func TestNoFaultAtAnyStepLosesAnAcknowledgedLine(t *testing.T) {
	count := disktest.New()
	require.Len(t, writeOn(count), 50)
	for name, kind := range map[string]struct {
		fault disktest.Fault
		steps int
	}{
		"disk full":         {disktest.Full, 1},
		"disk stays full":   {disktest.Full, 1000},
		"i/o error":         {disktest.IO, 1},
		"i/o errors go on":  {disktest.IO, 1000},
		"short write":       {disktest.ShortWrite, 1},
		"short, not undone": {disktest.FailUndone, 1},
		"the power fails":   {disktest.Dead, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			for step := range count.Steps {
				d := disktest.New()
				d.Fails = func(n int) disktest.Fault {
					if n >= step && n < step+kind.steps {
						return kind.fault
					}
					return disktest.None
				}
				acknowledged := writeOn(d)
				for _, crash := range disktest.Crashes {
					found := d.After(crash)
					lines := linesOn(t, found)
					for _, line := range acknowledged {
						require.True(t, lines[line], "lost at step %d, crash %d: %.8s", step, crash, line)
					}
					require.Equal(t, lines, linesOn(t, found), "opened twice")
				}
			}
		})
	}
}

func TestAFailedFsyncIsToldAndTheNextLinesGoToANewFile(t *testing.T) {
	d := disktest.New()
	var told []error
	file, err := openOn(d, optionsOnFakeDisk(func(err error) { told = append(told, err) }))
	require.NoError(t, err)
	require.NoError(t, file.Write([]byte("safe\n")))
	failing := d.Steps + 1
	d.Fails = func(step int) disktest.Fault {
		if step == failing {
			return disktest.IO
		}
		return disktest.None
	}
	refused := file.Write([]byte("refused\n"))
	require.ErrorIs(t, refused, disk.ErrIO)
	require.Equal(t, []error{refused}, told)
	require.NoError(t, file.Write([]byte("sent again\n")))
	require.Equal(t, "sent again\n", string(d.Content(onFakeDisk)))
	rotated, err := file.rotated()
	require.NoError(t, err)
	require.Len(t, rotated, 1)
	require.Equal(t, "safe\n", string(d.Content(rotated[0])))
}

func TestAFullDiskHasAType(t *testing.T) {
	d := disktest.New()
	file, err := openOn(d, optionsOnFakeDisk(nil))
	require.NoError(t, err)
	d.Fails = func(int) disktest.Fault { return disktest.Full }
	require.ErrorIs(t, file.Write([]byte("x\n")), disk.ErrFull)
}

func TestALineWithoutEndIsKeptBesideAndTold(t *testing.T) {
	d := disktest.New()
	d.Put(onFakeDisk, []byte("whole\nits line feed has a wrong bit\x0b"))
	var told error
	_, err := openOn(d, optionsOnFakeDisk(func(err error) { told = err }))
	require.NoError(t, err)
	require.ErrorIs(t, told, disk.ErrDamaged)
	require.ErrorContains(t, told, "30 bytes from byte 6")
	require.Equal(t, "whole\n", string(d.Content(onFakeDisk)))
	require.Equal(t, "its line feed has a wrong bit\x0b\n", string(d.Content(onFakeDisk+".damaged")))
}

func TestWhatIsKeptIsForItsOwnerOnly(t *testing.T) {
	path := t.TempDir() + "/logs.jsonl"
	require.NoError(t, os.WriteFile(path, []byte("torn"), 0o600))
	open(t, Options{Path: path, MaxBytes: 100})
	info, err := os.Stat(path + damagedSuffix)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// FuzzOpen opens a file of any content: no byte of it may vanish, and the next line must stand alone.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("whole\ntorn"))
	f.Add([]byte{})
	f.Add([]byte("\n\n\x00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		d := disktest.New()
		d.Put(onFakeDisk, content)
		var told error
		options := optionsOnFakeDisk(func(err error) { told = errors.Join(told, err) })
		options.MaxBytes = 1 << 30
		file, err := openOn(d, options)
		require.NoError(t, err)
		require.NoError(t, file.Write([]byte("next\n")))
		lines, whole := bytes.CutSuffix(d.Content(onFakeDisk), []byte("next\n"))
		require.True(t, whole)
		require.True(t, len(lines) == 0 || lines[len(lines)-1] == '\n')
		if len(lines) < len(content) {
			require.ErrorIs(t, told, disk.ErrDamaged)
			lines = append(lines, bytes.TrimSuffix(d.Content(onFakeDisk+damagedSuffix), []byte("\n"))...)
		}
		require.True(t, bytes.Equal(content, lines))
	})
}
