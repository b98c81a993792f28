package trail

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vectors is the folder of published test vectors (docs/audit-format.md, section 10).
const vectors = "../../../../../tests/audit/testvectors"

type expectation struct {
	State string
	Exit  int
	First *struct {
		Chain string
		Seq   int64
	}
	Duplicates int64
	Keys       string
	Evidence   *string
}

// TestThePublishedVectors compares this verifier with the expectations of the program that writes trails.
func TestThePublishedVectors(t *testing.T) {
	if _, err := os.Stat(vectors); err != nil {
		t.Skip("there are no published vectors yet")
	}
	folders, err := filepath.Glob(filepath.Join(vectors, "trails", "*", "expect.json"))
	require.NoError(t, err)
	for _, path := range folders {
		folder := filepath.Dir(path)
		t.Run("trail "+filepath.Base(folder), func(t *testing.T) {
			compare(t, path, func(keys string, evidence []byte) *Result {
				return verifyFolder(t, filepath.Join(folder, "trail"), keys, evidence)
			})
		})
	}
	exports, err := filepath.Glob(filepath.Join(vectors, "exports", "*.expect.json"))
	require.NoError(t, err)
	require.NotEmpty(t, append(folders, exports...))
	for _, path := range exports {
		name := strings.TrimSuffix(path, ".expect.json")
		t.Run("export "+filepath.Base(name), func(t *testing.T) {
			compare(t, path, func(keys string, evidence []byte) *Result {
				found, err := filepath.Glob(name + ".jsonl*")
				require.NoError(t, err)
				result, err := VerifyExports(found, optionsOf(t, keys), evidence)
				require.NoError(t, err)
				return result
			})
		})
	}
}

func compare(t *testing.T, path string, verified func(keys string, evidence []byte) *Result) {
	t.Helper()
	var wanted expectation
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &wanted))
	keys := named(t, path, wanted.Keys)
	var evidence []byte
	if wanted.Evidence != nil {
		evidence = named(t, path, *wanted.Evidence)
	}
	result := verified(string(keys), evidence)
	require.Equal(t, wanted.State, result.State.String(), explain(result))
	require.Equal(t, wanted.Exit, result.State.Exit())
	require.Equal(t, wanted.Duplicates, result.Duplicates)
	if wanted.First != nil {
		require.NotNil(t, result.First(), explain(result))
		require.Equal(t, wanted.First.Chain, result.First().Chain.String(), explain(result))
		require.Equal(t, wanted.First.Seq, result.First().Seq, explain(result))
	}
}

// named reads a file that an expectation names: beside it, or in the folder of all vectors.
func named(t *testing.T, path, name string) []byte {
	t.Helper()
	if name == "" {
		return nil
	}
	content, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
	if err != nil {
		content, err = os.ReadFile(filepath.Join(vectors, name))
	}
	require.NoError(t, err)
	return content
}
