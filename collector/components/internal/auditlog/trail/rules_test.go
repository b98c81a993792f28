package trail

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trailtest"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/verify"
)

// Rules that only somebody with the chain's key can break, such as a writer with a mistake.

func TestHeadsComeDirectlyAfterTheOpening(t *testing.T) {
	other := trailtest.NewChain("other", nodeKey).Close()
	c := trailtest.NewChain("c", nodeKey)
	c.Event("heads", "CHAIN HEADS", trailtest.Heads(other))
	c.Event("heads", "CHAIN HEADS", trailtest.Heads(other))
	c.Add(1)
	late := len(c.Records)
	chains := []*trailtest.Chain{c.Close(), other}
	both(t, trusted, nil, chains, func(t *testing.T, where string, result *Result) { requireState(t, verify.OK, result, where) })
	c = trailtest.NewChain("c", nodeKey).Add(late - 1)
	c.Event("heads", "CHAIN HEADS", trailtest.Heads(other))
	chains[0] = c.Close()
	both(t, trusted, nil, chains, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, c.ID, late, result, where)
	})
}

func TestACheckpointIsSignedAsItsChainIs(t *testing.T) {
	c := trailtest.NewChain("c", nodeKey).Add(1)
	c.Secret = make([]byte, 32)
	c.Checkpoint()
	both(t, trusted, nil, []*trailtest.Chain{c}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, c.ID, 2, result, where)
	})
	c = trailtest.NewSecretChain("c", make([]byte, 32)).Add(1)
	c.Secret, c.Key = nil, nodeKey
	c.Checkpoint()
	keys := "aegis-otel-audit-key 1 hmac-sha256 " + strings.Repeat("0", 64) + "\n"
	both(t, keys, nil, []*trailtest.Chain{c}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, c.ID, 2, result, where)
	})
}

func TestAProofStartsAtTheCheckpointBefore(t *testing.T) {
	for start := range 3 {
		c := trailtest.NewChain("c", nodeKey).Add(1).Checkpoint().Add(1).Checkpoint().Add(1)
		c.Last = []int{0, 3, 5}[start]
		c.Checkpoint()
		both(t, trusted, nil, []*trailtest.Chain{c}, func(t *testing.T, where string, result *Result) {
			if start == 2 {
				requireState(t, verify.OK, result, where)
				return
			}
			requireFirst(t, verify.Tampered, c.ID, 6, result, start, where)
		})
	}
}

func TestEvidenceNeedsTheKeyOfAWitness(t *testing.T) {
	first, second := twoChains()
	evidence := second.Evidence(8, "witness.example", witnessKey)
	both(t, trailtest.NodeVkey(nodeKey), evidence, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.NotVerified, result, where)
	})
}

func TestTheSignatureOfTheChainInEvidenceIsChecked(t *testing.T) {
	first, second := twoChains()
	whole := second.Evidence(8, "witness.example", witnessKey)
	text, signatures, _ := bytes.Cut(whole, []byte("\n\n"))
	ofChain, ofWitness, _ := bytes.Cut(signatures, []byte("\n"))
	without := slices.Concat(text, []byte("\n\n"), ofWitness)
	both(t, trusted, without, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.OK, result, where)
		require.Len(t, result.Warnings, 1)
	})
	ofChain[len(ofChain)-20] ^= 1
	wrong := slices.Concat(text, []byte("\n\n"), ofChain, []byte("\n"), ofWitness)
	both(t, trusted, wrong, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, second.ID, 0, result, where)
	})
}

func TestStatementsOfAnUnprovenRecordDoNotCount(t *testing.T) {
	first, second := twoChains()
	liar := trailtest.NewChain("liar", nodeKey).Checkpoint()
	whole := first.Records
	first.Records = whole[:9]
	liar.End("recovered", first, 9) // nothing proves this record
	first.Records = whole
	both(t, trusted, nil, []*trailtest.Chain{first, second, liar}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.TailUnproven, liar.ID, 2, result, where)
	})
	liar.Checkpoint()
	both(t, trusted, nil, []*trailtest.Chain{first, second, liar}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, first.ID, 9, result, where)
	})
}

func TestTheRootOfARecoveredChainCounts(t *testing.T) {
	for name, wanted := range map[string]verify.State{"auditOfRoot": verify.Fork, "auditOfHash": verify.Fork} {
		dead := trailtest.NewChain("dead", nodeKey).Add(2).Checkpoint().Add(1)
		next := trailtest.NewChain("next", nodeKey)
		next.End("recovered", dead, 5)
		next.Records[1][name] = strings.Repeat("12", 32)
		rehash(next, 1)
		next.Close()
		both(t, trusted, nil, []*trailtest.Chain{dead, next}, func(t *testing.T, where string, result *Result) {
			requireFirst(t, wanted, dead.ID, 4, result, name, where)
		})
	}
}

func TestALongExportWithAllInOneNumberTakesNoLongTime(t *testing.T) {
	c := trailtest.NewChain("many", nodeKey).Add(1)
	opening := c.Records[:1:1]
	var content []byte
	for i := range 20_000 {
		c.Records = opening
		content = append(append(content, trailtest.Canonical(c.Seal(trailtest.Record{"rows": i}))...), '\n')
	}
	content = append(content, append(trailtest.Canonical(opening[0]), '\n')...)
	result := verifyExport(t, content, trusted, nil)
	requireFirst(t, verify.Fork, c.ID, 1, result)
	require.Zero(t, result.Duplicates)
}
