package note

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sumdb "golang.org/x/mod/sumdb/note"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trailtest"
)

var nodeKey = trailtest.Seed("node")

func publicOf(key ed25519.PrivateKey) record.Hash {
	return record.Hash(key.Public().(ed25519.PublicKey))
}

func TestNamesAndIDsAreThoseOfTheFormat(t *testing.T) {
	key := publicOf(nodeKey)
	require.Equal(t, trailtest.NodeVkey(nodeKey), Vkey(NodeName(key), key))
	require.Equal(t, trailtest.Vkey("w", 4, nodeKey), WitnessVkey("w", key))
}

func TestAWitnessWritesNotesThatAVerifierTakes(t *testing.T) {
	c := trailtest.NewChain("noted", nodeKey).Add(2)
	seed := trailtest.Seed("witness")
	witness, err := NewWitness("witness.example", seed, func() int64 { return 1_770_000_000 })
	require.NoError(t, err)
	chain, _ := record.ParseHash(c.ID)
	root := record.Hash(trailtest.Root(c.Leaves(3)))
	text := Text(chain, 3, root)
	require.Equal(t, trailtest.Text(c.ID, 3, root[:]), string(text))
	signed, err := witness.Cosign(chain, publicOf(c.Key), text, [64]byte(ed25519.Sign(c.Key, text)))
	require.NoError(t, err)
	require.Equal(t, string(c.Evidence(3, "witness.example", seed)), string(signed))

	verifier, err := ChainVerifier(chain, publicOf(c.Key))
	require.NoError(t, err)
	opened, err := sumdb.Open(signed, sumdb.VerifierList(verifier, witness.Verifier()))
	require.NoError(t, err)
	require.Len(t, opened.Sigs, 2)
	gotChain, size, gotRoot, err := ParseText(opened.Text)
	require.NoError(t, err)
	require.Equal(t, []any{chain, int64(3), root}, []any{gotChain, size, gotRoot})
}

func TestEachBitOfANoteCounts(t *testing.T) {
	c := trailtest.NewChain("noted", nodeKey).Add(2)
	seed := trailtest.Seed("witness")
	chain, _ := record.ParseHash(c.ID)
	verifier, err := ChainVerifier(chain, publicOf(c.Key))
	require.NoError(t, err)
	verifiers := sumdb.VerifierList(verifier, WitnessVerifier("witness.example", publicOf(seed)))
	whole := c.Evidence(3, "witness.example", seed)
	for bit := range 8 * len(whole) {
		if whole[bit/8] == '=' || whole[min(bit/8+1, len(whole)-1)] == '=' {
			continue // the last bits of base64 belong to no byte, and sumdb does not look at them
		}
		whole[bit/8] ^= 1 << (bit % 8)
		opened, err := sumdb.Open(whole, verifiers)
		require.False(t, err == nil && len(opened.Sigs) == 2, "bit %d", bit)
		whole[bit/8] ^= 1 << (bit % 8)
	}
}

func TestWhatIsNoCheckpoint(t *testing.T) {
	chain := strings.Repeat("a", 64)
	root := strings.Repeat("A", 43) + "="
	good := "aegis-otel.audit/" + chain + "\n5\n" + root + "\n"
	_, _, _, err := ParseText(good)
	require.NoError(t, err)
	for _, text := range []string{
		"", "\n\n\n", strings.ToUpper(good), good + "x\n", "other/" + chain + "\n5\n" + root + "\n",
		strings.Replace(good, "\n5", "\n05", 1), strings.Replace(good, "\n5", "\n+5", 1), strings.Replace(good, "\n5", "\n0", 1),
		strings.Replace(good, "\n5", "\n-5", 1), strings.Replace(good, "=", "", 1), strings.Replace(good, "AA=", "AB=", 1),
	} {
		_, _, _, err := ParseText(text)
		require.Error(t, err, text)
	}
}

func TestTrustedKeys(t *testing.T) {
	node := trailtest.NodeVkey(nodeKey)
	key := publicOf(nodeKey)
	at := func(text string) time.Time {
		parsed, err := record.ParseTime(text)
		require.NoError(t, err)
		return parsed
	}
	keys, err := ReadKeys(strings.NewReader("# ours\n\n" + node + " from=2026-01-01T00:00:00.000Z until=2027-01-01T00:00:00.000Z\r\n"))
	require.NoError(t, err)
	require.False(t, keys.Trusts(key, at("2025-12-31T23:59:59.999Z")))
	require.True(t, keys.Trusts(key, at("2026-01-01T00:00:00.000Z")))
	require.True(t, keys.Trusts(key, at("2026-12-31T23:59:59.999Z")))
	require.False(t, keys.Trusts(key, at("2027-01-01T00:00:00.000Z")))

	for _, line := range []string{
		"nonsense", " ", node + " from=2026", node + " from=2026-02-30T00:00:00.000Z", node + " since=2026-01-01T00:00:00.000Z",
		node + " from=2026-01-01T00:00:00.000Z from=2026-01-01T00:00:00.000Z", node + "x", strings.Replace(node, "+", "x+", 1),
		"node+" + strings.SplitN(node, "+", 2)[1], trailtest.Vkey("other", 1, nodeKey), trailtest.Vkey("w", 2, nodeKey),
		trailtest.Vkey("w", 4, nodeKey) + " until=2026-01-01T00:00:00.000Z", "aegis-otel-audit-key 1 hmac-sha256 abc",
		"aegis-otel-audit-key 1 hmac-sha256 " + strings.Repeat("AB", 32), "aegis-otel-audit-key 1 ed25519 " + strings.Repeat("ab", 32),
		"aegis-otel-audit-key 2 hmac-sha256 " + strings.Repeat("ab", 32), "hmac-sha256+" + strings.Repeat("ab", 32),
	} {
		_, err := ReadKeys(strings.NewReader("\n" + line))
		require.ErrorContains(t, err, "line 2", line)
	}
	_, err = ReadKeys(strings.NewReader("aegis-otel-audit-key 1 hmac-sha256 5ec4e7" + strings.Repeat("x", 58)))
	require.NotContains(t, err.Error(), "5ec4e7")
}

// No input makes the readers of notes and keys panic, and what Split returns is what was there.
func FuzzSplit(f *testing.F) {
	c := trailtest.NewChain("noted", nodeKey).Add(2)
	f.Add(append(c.Evidence(3, "w", nodeKey), c.Evidence(2, "w", nodeKey)...))
	f.Add([]byte("a\n\n— b\n\n\n— "))
	verifiers := sumdb.VerifierList(WitnessVerifier("w", publicOf(nodeKey)))
	f.Fuzz(func(t *testing.T, data []byte) {
		notes, err := Split(data)
		joined := ""
		for _, one := range notes {
			joined += string(one)
			if opened, err := sumdb.Open(one, verifiers); err == nil {
				_, _, _, _ = ParseText(opened.Text)
			}
		}
		require.True(t, strings.HasPrefix(string(data), joined))
		require.True(t, err != nil || joined == string(data))
		_, _ = ReadKeys(strings.NewReader(string(data)))
		_, _, _, _ = ParseText(string(data))
	})
}
