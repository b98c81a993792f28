package trail

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trailtest"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/verify"
)

var (
	nodeKey    = trailtest.Seed("node")
	witnessKey = trailtest.Seed("witness")
	trusted    = trailtest.NodeVkey(nodeKey) + "\n" + trailtest.Vkey("witness.example", 4, witnessKey) + "\n"
)

// asOf is the time of the verifications: a minute after the chains were opened.
var asOf = time.Date(2026, 1, 31, 12, 1, 0, 0, time.UTC)

func init() { pause = time.Millisecond }

func optionsOf(t testing.TB, keys string) verify.Options {
	t.Helper()
	parsed, err := note.ReadKeys(strings.NewReader(keys))
	require.NoError(t, err)
	return verify.Options{Keys: parsed, AsOf: asOf}
}

func verifyFolder(t testing.TB, folder, keys string, evidence []byte) *Result {
	t.Helper()
	result, err := VerifyFolder(folder, optionsOf(t, keys), evidence)
	require.NoError(t, err)
	return result
}

func verifyExport(t testing.TB, content []byte, keys string, evidence []byte) *Result {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.jsonl")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	result, err := VerifyExports([]string{path}, optionsOf(t, keys), evidence)
	require.NoError(t, err)
	return result
}

// both verifies chains as a folder and as an export.
func both(t *testing.T, keys string, evidence []byte, chains []*trailtest.Chain, check func(t *testing.T, where string, result *Result)) {
	t.Helper()
	check(t, "folder", verifyFolder(t, trailtest.Folder(t, chains...), keys, evidence))
	check(t, "export", verifyExport(t, trailtest.Export(chains...), keys, evidence))
}

func requireState(t *testing.T, wanted verify.State, result *Result, what ...any) {
	t.Helper()
	require.Equal(t, wanted.String(), result.State.String(), "%v: %s", fmt.Sprint(what...), explain(result))
}

func requireFirst(t *testing.T, wanted verify.State, chain string, seq int, result *Result, what ...any) {
	t.Helper()
	requireState(t, wanted, result, what...)
	first := result.First()
	require.NotNil(t, first, explain(result))
	require.Equal(t, fmt.Sprintf("%s %d", chain, seq), fmt.Sprintf("%s %d", first.Chain, first.Seq), "%v: %s", fmt.Sprint(what...), explain(result))
}

// explain tells what was found, one finding on each line.
func explain(result *Result) string {
	var text strings.Builder
	for _, found := range result.Found {
		fmt.Fprintf(&text, "\n%s: %s", found.State, found.Reason)
	}
	for _, chain := range result.Chains {
		for _, found := range chain.Found {
			fmt.Fprintf(&text, "\n%.4s %s %d line %d: %s", chain.Chain, found.State, found.Seq, found.Place.Line, found.Reason)
		}
	}
	return text.String()
}

// a trail of two chains; the second names the first.
func twoChains() (first, second *trailtest.Chain) {
	first = trailtest.NewChain("a", nodeKey).Add(4).Checkpoint().Add(5).Checkpoint().Add(3).Close()
	second = trailtest.NewChain("b", nodeKey, first).Add(6).Checkpoint().Add(2).Close()
	return first, second
}

func TestAnUntouchedTrailIsOK(t *testing.T) {
	first, second := twoChains()
	both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.OK, result, where)
		require.EqualValues(t, len(first.Records)+len(second.Records), result.Proven)
		require.Nil(t, result.First())
	})
}

func TestSizesUpTo70HaveTheProofsOfTheRFC(t *testing.T) {
	c := trailtest.NewChain("sizes", nodeKey)
	for i := range 35 {
		c.Add(1 + i%3).Checkpoint()
	}
	both(t, trusted, nil, []*trailtest.Chain{c}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.OK, result, where)
	})
}

// tampering is one kind of it: what it does with the record at a place of the chain, the state that must come out, and
// the number that must be named.
type tampering struct {
	name string
	do   func(c *trailtest.Chain, at int)
	want verify.State
	bad  func(at int) int
}

func rehash(c *trailtest.Chain, from int) {
	for i := from; i < len(c.Records); i++ {
		if i > from {
			c.Records[i]["auditPrevious"] = c.Records[i-1]["auditHash"]
		}
		c.Records[i]["auditHash"] = trailtest.HashOf(c.ID, c.Records[i])
	}
}

func here(at int) int { return at }

// nextCheckpoint is the number of the first checkpoint of twoChains' first chain from a number on.
func nextCheckpoint(at int) int {
	for _, seq := range []int{5, 11, 15} {
		if seq >= at {
			return seq
		}
	}
	return -1
}

var changes = []tampering{
	{"edit a value", func(c *trailtest.Chain, at int) { c.Records[at]["service"] = "forged" }, verify.Tampered, here},
	{"add a member", func(c *trailtest.Chain, at int) { c.Records[at]["note"] = "x" }, verify.Tampered, here},
	{"remove a member", func(c *trailtest.Chain, at int) { delete(c.Records[at], "service") }, verify.Tampered, here},
	{"edit and rehash", func(c *trailtest.Chain, at int) {
		c.Records[at]["service"] = "forged"
		c.Records[at]["auditHash"] = trailtest.HashOf(c.ID, c.Records[at])
	}, verify.Tampered, func(at int) int {
		if nextCheckpoint(at) == at {
			return at // its root is not that of the records any more
		}
		return at + 1 // the next record names another hash
	}},
	{"edit and rehash all that follow", func(c *trailtest.Chain, at int) {
		c.Records[at]["service"] = "forged"
		rehash(c, at)
	}, verify.Tampered, nextCheckpoint},
	{"number it otherwise", func(c *trailtest.Chain, at int) { c.Records[at]["auditSeq"] = 1000 }, verify.Tampered, here},
	{"cut the link", func(c *trailtest.Chain, at int) { c.Records[at]["auditPrevious"] = strings.Repeat("ab", 32) }, verify.Tampered, here},
	{"another version", func(c *trailtest.Chain, at int) { c.Records[at]["auditFormat"] = 2 }, verify.NotVerified, here},
}

func TestAChangedRecordIsNamedWhereverItIs(t *testing.T) {
	size := func() int { first, _ := twoChains(); return len(first.Records) }()
	for _, kind := range changes {
		for at := range size {
			first, second := twoChains()
			kind.do(first, at)
			both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
				requireFirst(t, kind.want, first.ID, kind.bad(at), result, kind.name, at, where)
			})
		}
	}
}

func TestADeletedRecordIsMissing(t *testing.T) {
	size := func() int { first, _ := twoChains(); return len(first.Records) }()
	for at := range size {
		first, second := twoChains()
		first.Records = slices.Delete(first.Records, at, at+1)
		both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
			requireFirst(t, verify.Missing, first.ID, at, result, at, where)
		})
	}
}

func TestALineInAnotherFormThanCanonicalIsTampering(t *testing.T) {
	first, second := twoChains()
	for name, change := range map[string]func(line []byte) []byte{
		"white space":   func(line []byte) []byte { return append([]byte(" "), line...) },
		"order":         func(line []byte) []byte { return bytes.Replace(line, []byte(`{"actor":{"id":"u-1"},`), []byte(`{`), 1) },
		"escape":        func(line []byte) []byte { return bytes.Replace(line, []byte("chart"), []byte(`\u0063hart`), 1) },
		"no JSON":       func([]byte) []byte { return []byte("hello") },
		"another value": func([]byte) []byte { return []byte("[]") },
	} {
		content := fmt.Appendf(nil, "aegis-otel-audit 1 %s\n", first.ID)
		for i, record := range first.Records {
			line := trailtest.Canonical(record)
			if i == 1 {
				if line = change(line); name == "order" {
					line = append(line[:len(line)-1], `,"actor":{"id":"u-1"}}`...)
				}
			}
			content = append(content, trailtest.RawBatch(i, line)...)
		}
		folder := trailtest.Folder(t, second)
		trailtest.Put(t, folder, first.ID+".audit", content)
		requireFirst(t, verify.Tampered, first.ID, 1, verifyFolder(t, folder, trusted, nil), name)
	}
}

func TestAGapWithinABatchIsTampering(t *testing.T) {
	for at := 1; at < 3; at++ {
		first, second := twoChains()
		content := first.File()
		_, rest, _ := bytes.Cut(content, []byte("# 3 "))
		batch := slices.Delete(slices.Clone(first.Records[:4]), at, at+1)
		content = slices.Concat(fmt.Appendf(nil, "aegis-otel-audit 1 %s\n", first.ID), trailtest.Batch(0, batch...), []byte("# 3 "), rest)
		folder := trailtest.Folder(t, second)
		trailtest.Put(t, folder, first.ID+".audit", content)
		requireFirst(t, verify.Tampered, first.ID, at, verifyFolder(t, folder, trusted, nil), at)
	}
}

func TestATruncatedChainThatIsNamedIsMissing(t *testing.T) {
	size := func() int { first, _ := twoChains(); return len(first.Records) }()
	for at := 1; at < size; at++ {
		first, second := twoChains()
		first.Records = first.Records[:at]
		both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
			requireFirst(t, verify.Missing, first.ID, at, result, at, where)
		})
	}
}

func TestAChainThatIsGoneIsMissing(t *testing.T) {
	first, second := twoChains()
	both(t, trusted, nil, []*trailtest.Chain{second}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Missing, first.ID, 0, result, where)
	})
}

func TestTheLastChainIsHeldByEvidence(t *testing.T) {
	first, second := twoChains()
	whole := second.Evidence(len(second.Records), "witness.example", witnessKey)
	both(t, trusted, whole, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.OK, result, where)
	})
	both(t, trusted, whole, []*trailtest.Chain{first}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Missing, second.ID, 0, result, where)
	})
	second.Records = second.Records[:8] // back to its checkpoint, as if nothing had followed
	both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.OK, result, where, "without evidence nothing shows")
	})
	both(t, trusted, whole, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Missing, second.ID, 8, result, where)
	})
}

func TestAForkIsFoundByEvidenceAndInAnExport(t *testing.T) {
	first, second := twoChains()
	evidence := second.Evidence(8, "witness.example", witnessKey)
	other := trailtest.NewChain("b", nodeKey, first).Add(5)
	other.Seal(trailtest.Record{"patient": "P-forged"})
	other.Checkpoint()
	both(t, trusted, evidence, []*trailtest.Chain{first, other}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Fork, second.ID, 7, result, where)
	})
	result := verifyExport(t, trailtest.Export(first, second, other), trusted, nil)
	requireFirst(t, verify.Fork, second.ID, 6, result)
	folder := trailtest.Folder(t, first, second)
	trailtest.Put(t, folder, second.ID+".ended", other.File())
	requireState(t, verify.Fork, verifyFolder(t, folder, trusted, nil))
}

func TestAForgedRecordBesideTheTrueOneIsAFork(t *testing.T) {
	first, second := twoChains()
	forged := maps.Clone(first.Records[7])
	forged["patient"] = "P-forged"
	forged["auditHash"] = trailtest.HashOf(first.ID, forged)
	content := append(trailtest.Export(first, second), append(trailtest.Canonical(forged), '\n')...)
	requireFirst(t, verify.Fork, first.ID, 7, verifyExport(t, content, trusted, nil))
}

func TestTwoFilesOfOneChainAreAFork(t *testing.T) {
	first, second := twoChains()
	folder := trailtest.Folder(t, first, second)
	trailtest.Put(t, folder, first.ID+".ended", first.File())
	requireFirst(t, verify.Fork, first.ID, 0, verifyFolder(t, folder, trusted, nil))
}

func TestADoubleRecordIsAWarningInAnExport(t *testing.T) {
	first, second := twoChains()
	for at := range first.Records {
		content := append(trailtest.Export(first, second), append(trailtest.Canonical(first.Records[at]), '\n')...)
		result := verifyExport(t, content, trusted, nil)
		requireState(t, verify.OK, result, at)
		require.EqualValues(t, 1, result.Duplicates)
	}
}

func TestADoubleRecordInAFileIsTampering(t *testing.T) {
	for at := range 16 {
		first, second := twoChains()
		first.Records = slices.Insert(first.Records, at, first.Records[at])
		requireFirst(t, verify.Tampered, first.ID, at, verifyFolder(t, trailtest.Folder(t, first, second), trusted, nil), at)
	}
}

func TestSwappedRecordsInAFileAreTampering(t *testing.T) {
	for at := range 15 {
		first, second := twoChains()
		first.Records[at], first.Records[at+1] = first.Records[at+1], first.Records[at]
		requireFirst(t, verify.Tampered, first.ID, at, verifyFolder(t, trailtest.Folder(t, first, second), trusted, nil), at)
	}
}

func TestSwappedContentIsTampering(t *testing.T) {
	for at := 1; at < 15; at++ {
		first, second := twoChains()
		a, b := first.Records[at], first.Records[at+1]
		for _, name := range []string{"auditSeq", "auditPrevious", "auditHash"} {
			a[name], b[name] = b[name], a[name]
		}
		first.Records[at], first.Records[at+1] = b, a
		both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
			requireFirst(t, verify.Tampered, first.ID, at, result, at, where)
		})
	}
}

func TestARecordOfAnotherChainIsTampering(t *testing.T) {
	for at := 1; at < 9; at++ {
		first, second := twoChains()
		spliced := maps.Clone(second.Records[at])
		spliced["auditChain"] = first.ID
		first.Records[at] = spliced
		both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
			requireState(t, verify.Tampered, result, at, where)
		})
		first, second = twoChains()
		first.Records[at] = second.Records[at] // with its own chain and hash
		requireFirst(t, verify.Tampered, first.ID, at, verifyFolder(t, trailtest.Folder(t, first, second), trusted, nil), at)
	}
}

func TestAKeySwapIsNotVerifiedOrTampering(t *testing.T) {
	_, second := twoChains()
	thief := trailtest.Seed("thief")
	stolen := trailtest.NewChain("a", thief).Add(4).Checkpoint().Close()
	both(t, trusted, nil, []*trailtest.Chain{stolen}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.NotVerified, stolen.ID, 0, result, where)
	})
	both(t, trusted, nil, []*trailtest.Chain{stolen, second}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.Missing, result, where, "the other chain names more records")
	})
	claims := trailtest.NewChain("a", thief).Add(4).Checkpoint().Close()
	claims.Records[0]["auditNodeKey"] = trailtest.Public(nodeKey)
	rehash(claims, 0)
	both(t, trusted, nil, []*trailtest.Chain{claims}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, claims.ID, 0, result, where)
	})
}

func TestAResealWithANewerKeyOfTheSameNodeIsAFork(t *testing.T) {
	first, second := twoChains()
	resealed := &trailtest.Chain{}
	*resealed = *trailtest.NewChain("a", nodeKey)
	resealed.Add(13).Checkpoint().Close() // the node key is stolen, so all its own seals hold
	both(t, trusted, nil, []*trailtest.Chain{resealed, second}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Fork, first.ID, 15, result, where)
	})
}

func TestACheckpointThatIsReplayedIsTampering(t *testing.T) {
	first, second := twoChains()
	replayed := maps.Clone(first.Records[5])
	replayed["auditSeq"], replayed["auditPrevious"] = 11, first.Records[10]["auditHash"]
	replayed["auditHash"] = trailtest.HashOf(first.ID, replayed)
	first.Records[11] = replayed
	rehash(first, 11)
	both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, first.ID, 11, result, where)
	})
}

func TestOuterMembersOfACheckpointAreChecked(t *testing.T) {
	for _, name := range []string{"auditRoot", "auditSignature1", "auditSignature2"} {
		for _, at := range []int{5, 11, 15} {
			first, second := twoChains()
			first.Records[at][name] = strings.Repeat("12", 32)
			both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
				requireFirst(t, verify.Tampered, first.ID, at, result, name, where)
			})
		}
	}
	for name, proof := range map[string][]string{"empty": {}, "wrong": {trailtest.Zero}} {
		first, second := twoChains()
		first.Records[11]["auditProof"] = proof
		both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
			requireFirst(t, verify.Tampered, first.ID, 11, result, name, where)
		})
	}
	first, second := twoChains()
	first.Records[5]["auditProof"] = []string{trailtest.Zero}
	both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, first.ID, 5, result, where)
	})
}

func TestAnOuterMemberOnAnOrdinaryRecordIsTampering(t *testing.T) {
	for _, name := range []string{"auditRoot", "auditProof", "auditSignature1", "auditSignature2", "auditMac"} {
		first, second := twoChains()
		first.Records[3][name] = trailtest.Zero
		both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
			requireFirst(t, verify.Tampered, first.ID, 3, result, name, where)
		})
	}
}

func TestAGapWithAnotherEndIsFound(t *testing.T) {
	for at := 2; at < 12; at++ {
		first, second := twoChains()
		kept := first.Records[:at:at]
		first.Records = append(kept, first.Records[at+2:]...) // two are gone, and the rest goes on
		for i := at; i < len(first.Records); i++ {
			first.Records[i]["auditSeq"] = i
		}
		rehash(first, at)
		first.Records[at]["auditPrevious"] = first.Records[at-1]["auditHash"]
		rehash(first, at)
		both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
			requireState(t, verify.Tampered, result, at, where)
		})
	}
}

func TestARecordBehindTheClosingOneIsTampering(t *testing.T) {
	first, second := twoChains()
	first.Add(1)
	both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, first.ID, 16, result, where)
	})
}

// flips calls check with each bit of the content changed in turn; if it has many bytes, with some of them.
func flips(content []byte, check func(at int)) {
	for at := range content {
		for bit := range 8 {
			if len(content) > 3_000 && bit+at%4*8 != at/4%32 {
				continue
			}
			content[at] ^= 1 << bit
			check(at)
			content[at] ^= 1 << bit
		}
	}
}

func TestEveryBitOfAFileCounts(t *testing.T) {
	options := optionsOf(t, trusted)
	for _, c := range []*trailtest.Chain{
		trailtest.NewChain("bits", nodeKey).Add(1).Close(),
		trailtest.NewChain("more bits", nodeKey).Add(3).Checkpoint().Add(2).Checkpoint().Add(1).Close(),
	} {
		content := c.File()
		require.Equal(t, verify.OK, verifyBytes(options, c.ID, content).State)
		flips(content, func(at int) {
			require.NotEqual(t, verify.OK, verifyBytes(options, c.ID, content).State, "byte %d", at)
		})
	}
}

func TestEveryBitOfAnExportCounts(t *testing.T) {
	options := optionsOf(t, trusted)
	for _, c := range []*trailtest.Chain{
		trailtest.NewChain("bits", nodeKey).Add(1).Close(),
		trailtest.NewChain("more bits", nodeKey).Add(3).Checkpoint().Add(2).Checkpoint().Add(1).Close(),
	} {
		var content []byte
		for _, record := range c.Records {
			content = append(append(content, trailtest.Canonical(record)...), '\n')
		}
		content = content[:len(content)-1] // the last line feed may as well be another white space
		state := func() verify.State {
			v := verify.New(options)
			readLines(v, bytes.NewReader(content), 1)
			return v.Finish().State
		}
		require.Equal(t, verify.OK, state())
		flips(content, func(at int) { require.NotEqual(t, verify.OK, state(), "byte %d", at) })
	}
}

func verifyBytes(options verify.Options, chain string, content []byte) *verify.Report {
	options.Folder = true
	v := verify.New(options)
	id := hashOf(chain)
	v.File(id, chain)
	if err := newReader(v, bytes.NewReader(content), int64(len(content)), id, false, 1).read(); err != nil {
		panic(err)
	}
	return v.Finish()
}

func TestAPackedExportIsRead(t *testing.T) {
	first, second := twoChains()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write(trailtest.Export(first, second))
	require.NoError(t, writer.Close())
	path := filepath.Join(t.TempDir(), "export.jsonl.gz")
	for cut, wanted := range map[int]verify.State{0: verify.OK, 9: verify.NotVerified} {
		require.NoError(t, os.WriteFile(path, packed.Bytes()[:packed.Len()-cut], 0o600))
		result, err := VerifyExports([]string{path}, optionsOf(t, trusted), nil)
		require.NoError(t, err)
		requireState(t, wanted, result, cut)
	}
}

func TestAnExportInSeveralFilesIsOne(t *testing.T) {
	first, second := twoChains()
	folder := t.TempDir()
	trailtest.Put(t, folder, "1.jsonl", trailtest.Export(first))
	trailtest.Put(t, folder, "2.jsonl", trailtest.Export(second))
	paths := []string{filepath.Join(folder, "2.jsonl"), filepath.Join(folder, "1.jsonl")}
	result, err := VerifyExports(paths, optionsOf(t, trusted), nil)
	require.NoError(t, err)
	requireState(t, verify.OK, result)
}
