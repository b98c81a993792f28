package trail

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	sumdb "golang.org/x/mod/sumdb/note"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/canonical"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trailtest"
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

func requireVectors(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(vectors); err != nil {
		t.Fatal("the published vectors are not there:", err)
	}
}

// TestThePublishedVectors compares this verifier with the expectations of the program that writes trails.
func TestThePublishedVectors(t *testing.T) {
	requireVectors(t)
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

func readVectors[T any](t *testing.T, name string) T {
	t.Helper()
	requireVectors(t)
	var read T
	content, err := os.ReadFile(filepath.Join(vectors, name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &read))
	require.NotEmpty(t, read)
	return read
}

func TestThePublishedCanonicalBytes(t *testing.T) {
	for _, vector := range readVectors[[]struct {
		Value     json.RawMessage
		Canonical string
	}](t, "canonical.json") {
		value, err := canonical.Read(vector.Value)
		require.NoError(t, err)
		out, ok := canonical.Append(nil, &value, nil)
		require.True(t, ok)
		require.Equal(t, vector.Canonical, string(out))
	}
	for _, vector := range readVectors[[]struct{ JSON, Why string }](t, "refused.json") {
		value, err := canonical.Read([]byte(vector.JSON))
		_, ok := canonical.Append(nil, &value, nil)
		require.False(t, err == nil && ok, "%s: %s", vector.JSON, vector.Why)
	}
}

func TestThePublishedLeaves(t *testing.T) {
	for _, vector := range readVectors[[]struct {
		Record json.RawMessage
		Hash   record.Hash
	}](t, "leaf.json") {
		value, err := canonical.Read(vector.Record)
		require.NoError(t, err)
		hash, err := record.Leaf(record.Claims(&value).Chain, &value)
		require.NoError(t, err)
		require.Equal(t, vector.Hash, hash)
	}
}

func TestThePublishedNotes(t *testing.T) {
	for _, vector := range readVectors[[]struct {
		Note, Vkey string
		Good       bool
	}](t, "notes.json") {
		// Keys of chains are no trusted keys, so sumdb's own verifier takes these.
		verifier, err := sumdb.NewVerifier(vector.Vkey)
		if err != nil {
			keys, err := note.ReadKeys(strings.NewReader(vector.Vkey))
			require.NoError(t, err)
			verifier = keys.Witnesses()[0]
		}
		opened, err := sumdb.Open([]byte(vector.Note), sumdb.VerifierList(verifier))
		if err == nil {
			_, _, _, err = note.ParseText(opened.Text)
		}
		require.Equal(t, vector.Good, err == nil, "%s: %v", vector.Note, err)
	}
}

func TestThePublishedTrees(t *testing.T) {
	tree := readVectors[struct {
		Leaves    []record.Hash
		Roots     map[int]record.Hash
		Inclusion []struct {
			Index, Size uint64
			Proof       []record.Hash
		}
		Consistency []struct {
			From, To uint64
			Proof    []record.Hash
		}
	}](t, "merkle.json")
	raw := func(hashes []record.Hash) [][]byte {
		list := make([][]byte, len(hashes))
		for i := range hashes {
			list[i] = hashes[i][:]
		}
		return list
	}
	root := func(size uint64) []byte { hash := tree.Roots[int(size)]; return hash[:] }
	for size := range tree.Roots {
		require.Equal(t, trailtest.Root(raw(tree.Leaves[:size])), root(uint64(size)))
	}
	for _, v := range tree.Inclusion {
		require.NoError(t, proof.VerifyInclusion(rfc6962.DefaultHasher, v.Index, v.Size, tree.Leaves[v.Index][:], raw(v.Proof), root(v.Size)))
	}
	for _, v := range tree.Consistency {
		require.NoError(t, proof.VerifyConsistency(rfc6962.DefaultHasher, v.From, v.To, raw(v.Proof), root(v.From), root(v.To)))
	}
}
