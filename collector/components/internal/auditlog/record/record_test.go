package record_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/canonical"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trailtest"
)

var node = trailtest.Seed("node")

func parse(t *testing.T, r trailtest.Record) error {
	t.Helper()
	content, err := json.Marshal(r)
	require.NoError(t, err)
	value, err := canonical.Read(content)
	require.NoError(t, err)
	_, err = record.Parse(&value, record.Claims(&value))
	return err
}

// sealed are one record of each kind, sound.
func sealed() map[string]trailtest.Record {
	dead := trailtest.NewChain("dead", node).Add(1)
	c := trailtest.NewChain("c", node, dead).Add(1).Checkpoint()
	records := map[string]trailtest.Record{"opened": c.Records[0], "ordinary": c.Records[1], "checkpoint": c.Records[2]}
	records["heads"] = c.Event("heads", "CHAIN HEADS", trailtest.Heads(dead))
	records["recovered"] = c.End("recovered", dead, 2)
	records["recovered empty"] = c.End("recovered", dead, 0)
	records["left"] = c.End("left", dead, 1, dead.Records[1]["auditHash"].(string))
	records["rotated"] = c.Rotate(node, trailtest.Seed("next"))
	c.Close()
	records["closed"] = c.Records[len(c.Records)-1]
	records["hmac"] = trailtest.NewSecretChain("h", make([]byte, 32)).Records[0]
	records["hmac checkpoint"] = trailtest.NewSecretChain("h", make([]byte, 32)).Checkpoint().Records[1]
	return records
}

// optional are members that may be left out.
var optional = []string{"auditRules", "operation", "actor", "patient", "outcome", "rows", "tags", "auditAction"}

func rehashed(r trailtest.Record) trailtest.Record {
	if chain, ok := r["auditChain"].(string); ok {
		r["auditHash"] = trailtest.HashOf(chain, r)
	}
	return r
}

func TestSoundRecordsAreTaken(t *testing.T) {
	for kind, r := range sealed() {
		require.NoError(t, parse(t, r), kind)
	}
}

func TestARecordThatLacksAMemberIsRefusedAlsoWithTheRightHash(t *testing.T) {
	for kind, r := range sealed() {
		for name := range r {
			if slices.Contains(optional, name) && (kind == "ordinary" || name == "auditRules") {
				continue
			}
			changed := sealed()[kind]
			delete(changed, name)
			if name != "auditHash" {
				rehashed(changed)
			}
			require.Error(t, parse(t, changed), "%s without %s", kind, name)
		}
	}
}

func TestAMemberOfAnotherFormIsRefusedAlsoWithTheRightHash(t *testing.T) {
	for kind, r := range sealed() {
		for name := range r {
			if slices.Contains(optional, name) && kind == "ordinary" {
				continue
			}
			for _, value := range []any{nil, true, 7.5, -1, map[string]any{}, []any{-1}} {
				changed := sealed()[kind]
				changed[name] = value
				if name != "auditHash" {
					rehashed(changed)
				}
				require.Error(t, parse(t, changed), "%s with %s: %v", kind, name, value)
			}
		}
	}
}

func TestATextThatIsNoHashTextIsRefusedAlsoWithTheRightHash(t *testing.T) {
	for kind, r := range sealed() {
		for name, value := range r {
			if text, ok := value.(string); !ok || len(text) != 64 || name == "auditHash" {
				continue
			}
			for _, text := range []string{"", strings.Repeat("ab", 31), strings.Repeat("AB", 32), strings.Repeat("xy", 32)} {
				changed := sealed()[kind]
				changed[name] = text
				require.Error(t, parse(t, rehashed(changed)), "%s with %s: %s", kind, name, text)
			}
		}
	}
}

func TestAnEventHasNoMembersBesideItsOwn(t *testing.T) {
	for kind := range sealed() {
		if kind == "ordinary" {
			continue
		}
		for _, name := range []string{"patient", "auditRoot", "auditMac", "auditKey", "auditReason", "auditWhatever", "traceId"} {
			changed := sealed()[kind]
			if _, has := changed[name]; has {
				continue
			}
			changed[name] = strings.Repeat("a", 64)
			require.Error(t, parse(t, rehashed(changed)), "%s with %s", kind, name)
		}
	}
}

func TestNamesOfTheFormatAreNotForApps(t *testing.T) {
	for name, fine := range map[string]bool{
		"auditWhatever": false, "auditEvent": false, "auditRoot": false, "auditor": true, "audit": true, "extra.auditRoot": true, "": false,
		"auditÄ": true,
	} {
		r := sealed()["ordinary"]
		r[name] = "x"
		require.Equal(t, fine, parse(t, rehashed(r)) == nil, name)
	}
}

func TestFormsOfSingleMembers(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for _, c := range []struct {
		kind, name string
		value      any
	}{
		{"ordinary", "timestamp", "2026-01-31T12:00:00Z"},
		{"ordinary", "timestamp", "2026-01-31T12:00:00.0000Z"},
		{"ordinary", "timestamp", "2026-02-31T12:00:00.000Z"},
		{"ordinary", "timestamp", "2026-01-31T12:00:00,000Z"},
		{"ordinary", "timestamp", "2026-01-31T12:00:00.000+00:00"},
		{"ordinary", "level", "fatal"},
		{"ordinary", "service", ""},
		{"ordinary", "environment", ""},
		{"ordinary", "logger", ""},
		{"ordinary", "auditPrevious", strings.ToUpper(hash)},
		{"ordinary", "auditPrevious", hash[1:]},
		{"ordinary", "traceId", "abc"},
		{"ordinary", "spanId", strings.Repeat("g", 16)},
		{"opened", "auditSeq", 1},
		{"opened", "auditAlgorithm", "rsa"},
		{"opened", "auditHeadSizes", []int{0}},
		{"opened", "auditHeadSizes", []int{}},
		{"opened", "message", "AUDIT: something"},
		{"opened", "logger", "app"},
		{"checkpoint", "auditAction", "READ"},
		{"checkpoint", "auditEvent", "unknown"},
		{"checkpoint", "auditEvent", "opened"},
		{"checkpoint", "auditSize", 2},
		{"checkpoint", "auditSize", 4},
		{"recovered", "outcome", "perhaps"},
		{"recovered empty", "auditOfHash", hash},
		{"recovered empty", "auditOfRoot", hash},
		{"left", "outcome", "success"},
		{"left", "auditReason", ""},
		{"rotated", "auditRotatedAt", "yesterday"},
	} {
		changed := sealed()[c.kind]
		require.NotNil(t, changed, c.kind)
		changed[c.name] = c.value
		require.Error(t, parse(t, rehashed(changed)), "%s with %s: %v", c.kind, c.name, c.value)
	}
	ordinary := sealed()["ordinary"]
	ordinary["auditSeq"] = 0
	require.Error(t, parse(t, rehashed(ordinary)), "number 0 opens the chain")
}

func TestHeadsAreInOrderAndNotTooMany(t *testing.T) {
	heads := func(count int, order func(i int) int) trailtest.Record {
		r := sealed()["heads"]
		chains, sizes, hashes := []string{}, []int{}, []string{}
		for i := range count {
			chains = append(chains, strings.Repeat("0", 61)+string("0123456789abcdef"[order(i)/16])+string("0123456789abcdef"[order(i)%16])+"0")
			sizes, hashes = append(sizes, 1), append(hashes, strings.Repeat("ab", 32))
		}
		r["auditHeadChains"], r["auditHeadSizes"], r["auditHeadHashes"] = chains, sizes, hashes
		return rehashed(r)
	}
	require.NoError(t, parse(t, heads(128, func(i int) int { return i })))
	require.Error(t, parse(t, heads(129, func(i int) int { return i })))
	require.Error(t, parse(t, heads(3, func(i int) int { return 3 - i })))
	require.Error(t, parse(t, heads(2, func(int) int { return 1 })))
}

func TestAnotherVersionIsToldApart(t *testing.T) {
	r := sealed()["ordinary"]
	r["auditFormat"] = 2
	require.ErrorIs(t, parse(t, r), record.ErrVersion)
	r = sealed()["opened"]
	r["auditAlgorithm"] = "ml-dsa"
	require.ErrorIs(t, parse(t, rehashed(r)), record.ErrVersion)
	r = sealed()["ordinary"]
	r["patient"] = "another"
	require.ErrorIs(t, parse(t, r), record.ErrHash)
}
