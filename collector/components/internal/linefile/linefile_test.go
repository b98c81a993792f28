package linefile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func open(t *testing.T, options Options) *File {
	t.Helper()
	file, err := Open(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	return file
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

func TestFileAndDirectoryAreForTheirOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store", "logs.jsonl")
	open(t, Options{Path: path, MaxBytes: 100})
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	info, err = os.Stat(filepath.Dir(path))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestAnOpenFileIsMadePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("a\n"), 0o644))
	open(t, Options{Path: path, MaxBytes: 100})
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestATornLastLineIsCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("whole\n"+string(bytes.Repeat([]byte("x"), 200_000))), 0o600))
	file := open(t, Options{Path: path, MaxBytes: 1 << 20, Sync: true})
	require.NoError(t, file.Write([]byte("next\n")))
	require.Equal(t, "whole\nnext\n", read(t, path))
}

func TestAFileWithoutAnyWholeLineBecomesEmpty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("torn"), 0o600))
	open(t, Options{Path: path, MaxBytes: 100})
	require.Empty(t, read(t, path))
}

func TestRotationKeepsTheNewestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.jsonl")
	other := filepath.Join(filepath.Dir(path), "logs-of-someone.jsonl")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	file := open(t, Options{Path: path, MaxBytes: 10, MaxFiles: 2})
	for _, line := range []string{"11111111\n", "22222222\n", "33333333\n", "44444444\n"} {
		require.NoError(t, file.Write([]byte(line)))
	}
	require.Equal(t, "44444444\n", read(t, path))
	rotated, err := file.rotated()
	require.NoError(t, err)
	require.Len(t, rotated, 2)
	require.Equal(t, "22222222\n", read(t, rotated[0]))
	require.Equal(t, "33333333\n", read(t, rotated[1]))
	require.FileExists(t, other)
}

func TestALineLongerThanTheLimitIsStillWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.jsonl")
	file := open(t, Options{Path: path, MaxBytes: 4})
	require.NoError(t, file.Write([]byte("longer than that\n")))
	require.Equal(t, "longer than that\n", read(t, path))
}

func TestWriteAfterCloseFails(t *testing.T) {
	file := open(t, Options{Path: filepath.Join(t.TempDir(), "logs.jsonl"), MaxBytes: 10})
	require.NoError(t, file.Close())
	require.ErrorIs(t, file.Write([]byte("x\n")), os.ErrClosed)
}
