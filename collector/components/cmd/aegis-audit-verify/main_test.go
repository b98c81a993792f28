package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trailtest"
)

var node = trailtest.Seed("node")

func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func called(t *testing.T, arguments ...string) (int, string, error) {
	t.Helper()
	var out, usage bytes.Buffer
	code, err := run(arguments, &out, &usage)
	return code, out.String(), err
}

func TestTheReportNamesTheFirstBadRecord(t *testing.T) {
	keys := write(t, []byte(trailtest.NodeVkey(node)))
	c := trailtest.NewChain("c", node).Add(4).Close()
	code, out, err := called(t, "--keys", keys, trailtest.Folder(t, c))
	require.NoError(t, err)
	require.Equal(t, 0, code, out)
	require.Contains(t, out, "OK: 6 records in 1 chains, 6 proven")

	c.Records[2]["patient"] = "another"
	code, out, err = called(t, "--json", "--keys", keys, trailtest.Folder(t, c))
	require.NoError(t, err)
	require.Equal(t, 20, code)
	var report struct {
		State string
		Exit  int
		First struct {
			Chain, File string
			Seq, Line   int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, "TAMPERED", report.State)
	require.Equal(t, 20, report.Exit)
	require.Equal(t, c.ID, report.First.Chain)
	require.Equal(t, c.ID+".audit", report.First.File)
	require.Equal(t, []int{2, 5}, []int{report.First.Seq, report.First.Line})
}

func TestTheExportAndTheEvidenceAreRead(t *testing.T) {
	witness := trailtest.Seed("witness")
	keys := write(t, []byte(trailtest.NodeVkey(node)+"\n"+trailtest.Vkey("w", 4, witness)+"\n"))
	c := trailtest.NewChain("c", node).Add(4).Close()
	evidence := write(t, c.Evidence(6, "w", witness))
	code, out, err := called(t, "--keys", keys, "--evidence", evidence, write(t, trailtest.Export(c)))
	require.NoError(t, err)
	require.Equal(t, 0, code, out)
	gone := trailtest.NewChain("d", node).Close()
	code, out, err = called(t, "--keys", keys, "--evidence", evidence, write(t, trailtest.Export(gone)))
	require.NoError(t, err)
	require.Equal(t, 22, code, out)
	require.Contains(t, out, "MISSING at record 0")
}

func TestMistakesOfTheCommandHaveCodesOfTheirOwn(t *testing.T) {
	folder := trailtest.Folder(t)
	keys := write(t, []byte("nonsense"))
	for _, arguments := range [][]string{
		{}, {"--unknown", folder}, {"--keys", "/nowhere", folder}, {"--keys", keys, folder}, {"/nowhere"}, {folder, folder},
		{"--evidence", "/nowhere", folder},
	} {
		code, _, _ := called(t, arguments...)
		require.Equal(t, 2, code, arguments)
	}
	code, _, err := called(t, folder)
	require.NoError(t, err)
	require.Equal(t, 24, code)
}
