package trail

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/verify"
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
	AsOf       time.Time `json:"as_of"`
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
			compare(t, path, func(options verify.Options, evidence []byte) (*Result, error) {
				return VerifyFolder(filepath.Join(folder, "trail"), options, evidence)
			})
		})
	}
	exports, err := filepath.Glob(filepath.Join(vectors, "exports", "*.expect.json"))
	require.NoError(t, err)
	require.NotEmpty(t, append(folders, exports...))
	for _, path := range exports {
		name := strings.TrimSuffix(path, ".expect.json")
		t.Run("export "+filepath.Base(name), func(t *testing.T) {
			compare(t, path, func(options verify.Options, evidence []byte) (*Result, error) {
				found, err := filepath.Glob(name + ".jsonl*")
				require.NoError(t, err)
				return VerifyExports(found, options, evidence)
			})
		})
	}
}

func compare(t *testing.T, path string, verified func(options verify.Options, evidence []byte) (*Result, error)) {
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
	options := optionsOf(t, string(keys))
	options.AsOf = wanted.AsOf
	result, err := verified(options, evidence)
	require.NoError(t, err)
	require.Equal(t, wanted.State, result.State.String(), explain(result))
	require.Equal(t, wanted.Exit, result.State.Exit())
	require.Equal(t, wanted.Duplicates, result.Duplicates)
	if wanted.First != nil {
		requireNamed(t, wanted.First.Chain, wanted.First.Seq, result)
	}
}

// requireNamed fails unless the report names this record as the first bad one of its chain.
func requireNamed(t *testing.T, chain string, seq int64, result *Result) {
	t.Helper()
	for i := range result.Chains {
		if row := &result.Chains[i]; row.Chain.String() == chain {
			require.NotNil(t, row.First, explain(result))
			require.Equal(t, seq, row.First.Seq, explain(result))
			return
		}
	}
	require.Fail(t, "the chain is not named", "%s%s", chain, explain(result))
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
