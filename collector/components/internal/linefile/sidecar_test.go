package linefile

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const key = "correlationId"

// offsetsIn reads a sidecar as docs/formats.md says.
func offsetsIn(t *testing.T, path, id string) []uint64 {
	t.Helper()
	content, err := os.ReadFile(path + SidecarSuffix)
	require.NoError(t, err)
	require.Zero(t, len(content)%pageBytes)
	var offsets []uint64
	for at := 0; at < len(content); at += pageBytes {
		page := content[at : at+pageBytes]
		require.Equal(t, crc32.ChecksumIEEE(page[:4092]), binary.LittleEndian.Uint32(page[4092:]))
		if at == 0 {
			require.Equal(t, "AEGISIDX", string(page[:8]))
			continue
		}
		require.Equal(t, uint32(at/pageBytes-1), binary.LittleEndian.Uint32(page[4080:]))
		for i := range int(binary.LittleEndian.Uint32(page[4084:])) {
			if binary.LittleEndian.Uint64(page[i*16:]) == hashOf([]byte(id)) {
				offsets = append(offsets, binary.LittleEndian.Uint64(page[i*16+8:]))
			}
		}
	}
	return offsets
}

func written(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logs-x.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	require.NoError(t, writeSidecar(context.Background(), path, key))
	return path
}

func TestASidecarLeadsToTheLinesOfAnID(t *testing.T) {
	var content strings.Builder
	want := map[string][]uint64{}
	for i := range 1000 {
		id := fmt.Sprintf("id-%d", i%300)
		want[id] = append(want[id], uint64(content.Len()))
		fmt.Fprintf(&content, `{"n":%d,"correlationId":"%s","x":"%s"}`+"\n", i, id, strings.Repeat("x", rand.Intn(50)))
	}
	path := written(t, content.String())
	require.True(t, hasSidecar(path))
	for id, offsets := range want {
		require.Equal(t, offsets, offsetsIn(t, path, id))
	}
	require.Empty(t, offsetsIn(t, path, "other"))
	info, err := os.Stat(path + SidecarSuffix)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.EqualValues(t, 4096*(1+4), info.Size())
}

func TestEveryFormOfAnIDIsFound(t *testing.T) {
	odd := "a\"\\ü\u2028\n/"
	text, err := json.Marshal(odd)
	require.NoError(t, err)
	path := written(t, strings.Join([]string{
		`{"correlationId":` + string(text) + `}`,
		`{"correlationId" : "spaced"}`,
		`{"correlationId":"twice","a":{"correlationId":"inner"},"correlationId":"last"}`,
		`{"correlationId":7,"correlationId":null}`,
		`{"correlationId":"\u0061scii"}`,
		`no JSON "correlationId":"torn`,
		`{"message":"` + strings.Repeat("x", 3*scanBytes) + `","correlationId":"long"}`,
		`{"correlationId":"no line feed at the end"}`,
	}, "\n"))
	for _, id := range []string{odd, "spaced", "twice", "inner", "last", "ascii", "long", "no line feed at the end"} {
		require.Len(t, offsetsIn(t, path, id), 1, id)
	}
}

func TestAnEmptyFileHasASidecarWithoutEntries(t *testing.T) {
	path := written(t, "")
	require.True(t, hasSidecar(path))
	require.Empty(t, offsetsIn(t, path, ""))
}

func TestASidecarOfAnotherFileDoesNotFit(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"longer":   func(path string) error { return os.WriteFile(path, []byte("{}\n{}\n"), 0o600) },
		"touched":  func(path string) error { return os.Chtimes(path, time.Now(), time.Unix(1, 0)) },
		"damaged":  func(path string) error { return os.WriteFile(path+SidecarSuffix, make([]byte, 4096), 0o600) },
		"torn":     func(path string) error { return os.Truncate(path+SidecarSuffix, 4096) },
		"absent":   func(path string) error { return os.Remove(path + SidecarSuffix) },
		"replaced": replace,
	} {
		t.Run(name, func(t *testing.T) {
			path := written(t, `{"correlationId":"a"}`+"\n")
			require.True(t, hasSidecar(path))
			require.NoError(t, change(path))
			require.False(t, hasSidecar(path))
		})
	}
}

// replace puts a copy with the same size and time in the place of the file.
func replace(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	return errors.Join(err, os.WriteFile(path+".new", content, 0o600),
		os.Chtimes(path+".new", info.ModTime(), info.ModTime()), os.Rename(path+".new", path))
}

func TestNothingIsLeftOfASidecarThatCannotBeWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs-x.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"correlationId":"a"}`+"\n"), 0o600))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, writeSidecar(ctx, path, key), context.Canceled)
	require.NoError(t, os.Mkdir(path+SidecarSuffix, 0o700)) // the rename fails
	require.Error(t, writeSidecar(context.Background(), path, key))
	require.False(t, hasSidecar(path))
}

func TestRotationMakesASidecarAndPruningTakesItAway(t *testing.T) {
	folder := t.TempDir()
	file := open(t, Options{Path: filepath.Join(folder, "logs.jsonl"), MaxBytes: 30, MaxFiles: 2, Index: key})
	for i := range 6 {
		require.NoError(t, file.Write(fmt.Appendf(nil, `{"correlationId":"id-%d"}`+"\n", i)))
		require.Eventually(t, func() bool {
			rotated, err := file.rotated()
			return err == nil && !slices.ContainsFunc(rotated, func(path string) bool { return !hasSidecar(path) })
		}, 30*time.Second, 5*time.Millisecond)
	}
	rotated, err := file.rotated()
	require.NoError(t, err)
	require.Len(t, rotated, 2)
	sidecars, err := filepath.Glob(filepath.Join(folder, "*.idx*"))
	require.NoError(t, err)
	require.Equal(t, []string{rotated[0] + SidecarSuffix, rotated[1] + SidecarSuffix}, sidecars)
	require.Equal(t, []uint64{0}, offsetsIn(t, rotated[1], "id-4"))
}

func TestTheStartMakesWhatACrashPrevented(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "logs.jsonl")
	rotated := filepath.Join(folder, "logs-20260101T000000.000000000Z.jsonl")
	orphan := filepath.Join(folder, "logs-20250101T000000.000000000Z.jsonl")
	mine := filepath.Join(folder, "logs-mine.idx")
	require.NoError(t, os.WriteFile(rotated, []byte(`{"correlationId":"a"}`+"\n"), 0o600))
	for _, left := range []string{rotated + SidecarSuffix + sidecarTemp, orphan + SidecarSuffix, mine} {
		require.NoError(t, os.WriteFile(left, []byte("torn"), 0o600))
	}
	open(t, Options{Path: path, MaxBytes: 100, Index: key})
	require.Eventually(t, func() bool { return hasSidecar(rotated) }, 30*time.Second, 5*time.Millisecond)
	require.NoFileExists(t, rotated+SidecarSuffix+sidecarTemp)
	require.NoFileExists(t, orphan+SidecarSuffix)
	require.FileExists(t, mine)
}

func TestFilesAreKeptByAge(t *testing.T) {
	folder := t.TempDir()
	name := func(age time.Duration) string {
		return filepath.Join(folder, "audit-"+time.Now().Add(-age).UTC().Format(StampFormat)+".jsonl")
	}
	young, old := name(47*time.Hour), name(49*time.Hour)
	for _, path := range []string{young, old} {
		require.NoError(t, os.WriteFile(path, []byte("{}\n"), 0o600))
	}
	file := open(t, Options{Path: filepath.Join(folder, "audit.jsonl"), MaxBytes: 3, MaxAge: 48 * time.Hour})
	require.Eventually(t, func() bool {
		_, err := os.Stat(old)
		return errors.Is(err, os.ErrNotExist)
	}, 30*time.Second, 5*time.Millisecond)
	for range 30 {
		require.NoError(t, file.Write([]byte("{}\n")))
	}
	rotated, err := file.rotated()
	require.NoError(t, err)
	require.Len(t, rotated, 30)
	require.Equal(t, young, rotated[0])
}

func TestTroubleInTheBackgroundIsTold(t *testing.T) {
	folder := t.TempDir()
	rotated := filepath.Join(folder, "logs-20260101T000000.000000000Z.jsonl")
	require.NoError(t, os.WriteFile(rotated, []byte(`{"correlationId":"a"}`+"\n"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(rotated+SidecarSuffix, "in the way"), 0o700))
	heard := make(chan error, 1)
	file := open(t, Options{Path: filepath.Join(folder, "logs.jsonl"), MaxBytes: 9, Index: key, OnError: func(err error) { heard <- err }})
	require.Error(t, <-heard)
	require.NoError(t, file.Write([]byte("{}\n")))
}

func FuzzNoIDIsMissed(f *testing.F) {
	f.Add([]byte(`{"correlationId":"a","b":[{"correlationId":"\u00e9"}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var record map[string]any
		if bytes.ContainsAny(line, "\n") || !bytes.Contains(line, []byte(`"correlationId"`)) || json.Unmarshal(line, &record) != nil {
			return
		}
		if id, ok := record[key].(string); ok {
			entries := appendIDs(nil, line, []byte(`"correlationId"`), 7)
			require.Contains(t, entries, entry{hashOf([]byte(id)), 7})
		}
	})
}

func BenchmarkSidecar(b *testing.B) {
	path := filepath.Join(b.TempDir(), "logs-x.jsonl")
	var content bytes.Buffer
	const records = 100_000
	for range records {
		fmt.Fprintf(&content, `{"timestamp":"2026-01-31T12:00:00.000Z","level":"info","correlationId":"%032x","rest":"%s"}`+"\n",
			rand.Uint64(), strings.Repeat("x", 300))
	}
	require.NoError(b, os.WriteFile(path, content.Bytes(), 0o600))
	b.ResetTimer()
	for b.Loop() {
		require.NoError(b, writeSidecar(context.Background(), path, key))
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*records), "µs/record")
}
