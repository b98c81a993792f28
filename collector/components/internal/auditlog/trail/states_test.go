package trail

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trailtest"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/verify"
)

func hashOf(text string) record.Hash {
	hash, ok := record.ParseHash(text)
	if !ok {
		panic(text)
	}
	return hash
}

func TestWhatIsNeverOK(t *testing.T) {
	first, second := twoChains()
	chains := []*trailtest.Chain{first, second}
	other := trailtest.NodeVkey(trailtest.Seed("other"))
	for name, keys := range map[string]string{
		"no key":         "",
		"another key":    other,
		"not yet":        trailtest.NodeVkey(nodeKey) + " from=2026-01-31T12:00:00.001Z",
		"no longer":      trailtest.NodeVkey(nodeKey) + " until=2026-01-31T12:00:00.000Z",
		"a witness only": trailtest.Vkey("witness.example", 4, witnessKey),
	} {
		both(t, keys, nil, chains, func(t *testing.T, where string, result *Result) {
			requireState(t, verify.NotVerified, result, name, where)
		})
	}
	both(t, trusted, nil, nil, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.NotVerified, result, "empty", where)
	})
	both(t, trailtest.NodeVkey(nodeKey)+" from=2026-01-31T12:00:00.000Z until=2026-01-31T12:00:00.001Z", nil, chains,
		func(t *testing.T, where string, result *Result) { requireState(t, verify.OK, result, where) })
}

func TestAuditRecordsOfOthersAreUnsealed(t *testing.T) {
	first, second := twoChains()
	for line, wanted := range map[string]verify.State{
		`{"message":"AUDIT: by another"}`:        verify.Unsealed,
		`{"complianceLevel":"HIPAA"}`:            verify.Unsealed,
		`{"auditAction":"READ","message":"x"}`:   verify.Unsealed,
		`{"message":"no AUDIT:","x":1.5e3}`:      verify.OK,
		`{"message":"\ud800"}`:                   verify.OK,
		`{"message":"x","message":"y"}`:          verify.Tampered,
		`{"message":"x"`:                         verify.Tampered,
		`["AUDIT: x"]`:                           verify.Tampered,
		`{"auditHash":null,"message":"x"}`:       verify.Tampered,
		"{\"message\":\"\xff\"}":                 verify.Tampered,
		`{"x":` + strings.Repeat("[", 2_000_000): verify.NotVerified,
	} {
		content := append(trailtest.Export(first, second), line+"\n"...)
		requireState(t, wanted, verifyExport(t, content, trusted, nil), line[:min(len(line), 50)])
	}
}

func TestAMaskedRecordOfAnExportIsMasked(t *testing.T) {
	for at := 1; at < 16; at++ {
		first, second := twoChains()
		first.Records[at]["service"] = "[REDACTED:name]"
		result := verifyExport(t, trailtest.Export(first, second), trusted, nil)
		requireFirst(t, verify.Masked, first.ID, at, result, at)
		result = verifyFolder(t, trailtest.Folder(t, first, second), trusted, nil)
		requireFirst(t, verify.Tampered, first.ID, at, result, at)
	}
	first, second := twoChains()
	first.Records[3]["auditPrevious"] = "[REDACTED:hex]"
	requireFirst(t, verify.Masked, first.ID, 3, verifyExport(t, trailtest.Export(first, second), trusted, nil))
}

func TestAFieldThatWasMaskedBeforeTheSealIsFine(t *testing.T) {
	c := trailtest.NewChain("masked", nodeKey)
	c.Seal(trailtest.Record{"patient": "[REDACTED:ssn]"})
	both(t, trusted, nil, []*trailtest.Chain{c.Close()}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.OK, result, where)
	})
}

func TestATailWithoutACheckpointIsUnproven(t *testing.T) {
	c := trailtest.NewChain("tail", nodeKey).Add(2).Checkpoint().Add(3)
	both(t, trusted, nil, []*trailtest.Chain{c}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.TailUnproven, c.ID, 4, result, where)
	})
	options := optionsOf(t, trusted)
	options.AsOf = time.Date(2026, 1, 31, 12, 0, 1, 60_000_000, time.UTC) // a second after the last record
	for younger, wanted := range map[time.Duration]verify.State{
		0: verify.TailUnproven, time.Second: verify.TailUnproven, 1001 * time.Millisecond: verify.OK,
	} {
		options.AcceptYounger = younger
		result, err := VerifyFolder(trailtest.Folder(t, c), options, nil)
		require.NoError(t, err)
		requireState(t, wanted, result, younger)
	}
	options.AcceptYounger = time.Hour
	result, err := VerifyFolder(trailtest.Folder(t, trailtest.NewChain("young", nodeKey).Add(3)), options, nil)
	require.NoError(t, err)
	requireState(t, verify.TailUnproven, result, "young, but no record is proven at all")
}

func TestAChainWithoutAnEndMustGoOn(t *testing.T) {
	c := trailtest.NewChain("silent", nodeKey).Add(2).Checkpoint() // its last record is 30 ms after its first
	options := optionsOf(t, trusted)
	for seconds, wanted := range map[int]verify.State{150: verify.OK, 151: verify.TailUnproven} {
		options.AsOf = c.Stamp.Add(-10*time.Millisecond + time.Duration(seconds)*time.Second)
		result, err := VerifyFolder(trailtest.Folder(t, c), options, nil)
		require.NoError(t, err)
		requireState(t, wanted, result, seconds)
		v := verify.New(options)
		readLines(v, bytes.NewReader(trailtest.Export(c)), 1)
		require.Equal(t, wanted, v.Finish().State, seconds)
	}
	options.Silence = time.Hour
	result, err := VerifyFolder(trailtest.Folder(t, c), options, nil)
	require.NoError(t, err)
	requireState(t, verify.OK, result)
	for _, suffix := range []string{".ended", ".audit"} {
		c.Suffix = suffix
		requireFirst(t, verify.Missing, c.ID, 4, verifyFolder(t, trailtest.Folder(t, c), trusted, nil), suffix)
	}
}

func TestEvidenceAndHeadsProveATail(t *testing.T) {
	c := trailtest.NewChain("tail", nodeKey).Add(2).Checkpoint().Add(3)
	evidence := c.Evidence(7, "witness.example", witnessKey)
	both(t, trusted, evidence, []*trailtest.Chain{c}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.OK, result, where)
	})
	next := trailtest.NewChain("next", nodeKey, c).Close()
	both(t, trusted, nil, []*trailtest.Chain{c, next}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.OK, result, where)
	})
	unproven := trailtest.NewChain("next", nodeKey, c)
	both(t, trusted, nil, []*trailtest.Chain{c, unproven}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.TailUnproven, result, where, "what is not proven itself proves nothing")
	})
}

func TestEvidenceMustBeATrustedWitness(t *testing.T) {
	first, second := twoChains()
	stranger := second.Evidence(8, "stranger", trailtest.Seed("stranger"))
	broken := second.Evidence(8, "witness.example", witnessKey)
	broken[len(broken)-10] ^= 1
	forged := second.Evidence(8, "witness.example", trailtest.Seed("stranger"))
	for name, c := range map[string]struct {
		evidence []byte
		wanted   verify.State
	}{
		"stranger": {stranger, verify.NotVerified}, "broken": {broken, verify.Tampered}, "forged": {forged, verify.NotVerified},
		"cut off": {stranger[:len(stranger)-1], verify.Tampered}, "no note": {[]byte("hello\n"), verify.Tampered},
	} {
		both(t, trusted, c.evidence, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
			requireState(t, c.wanted, result, name, where)
		})
	}
}

func TestHMACSaysWhatItCannotProve(t *testing.T) {
	secret := []byte(strings.Repeat("k", 32))
	keys := "aegis-otel-audit-key 1 hmac-sha256 " + strings.Repeat("6b", 32) + "\n"
	c := trailtest.NewSecretChain("hmac", secret).Add(3).Checkpoint().Add(1).Close()
	both(t, keys, nil, []*trailtest.Chain{c}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.OK, result, where)
		require.True(t, result.SecretOnly)
	})
	both(t, trusted, nil, []*trailtest.Chain{c}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.NotVerified, result, where)
	})
	c.Records[4]["auditMac"] = trailtest.Zero
	both(t, keys, nil, []*trailtest.Chain{c}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, c.ID, 4, result, where)
	})
}

func TestARotationLeadsToTheNextKey(t *testing.T) {
	next := trailtest.Seed("next node")
	first := trailtest.NewChain("before", nodeKey).Add(1).Close()
	second := trailtest.NewChain("after", next, first)
	second.Rotate(nodeKey, next)
	second.Add(1).Close()
	both(t, trusted, nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
		requireState(t, verify.OK, result, where)
		require.Len(t, result.Warnings, 1)
	})
	both(t, trailtest.NodeVkey(nodeKey)+" until=2026-01-31T12:00:00.005Z", nil, []*trailtest.Chain{first, second},
		func(t *testing.T, where string, result *Result) { requireState(t, verify.NotVerified, result, where) })
	for _, name := range []string{"auditOldSignature1", "auditOldSignature2", "auditNewSignature1", "auditNewSignature2"} {
		second = trailtest.NewChain("after", next, first)
		second.Rotate(nodeKey, next)[name] = trailtest.Zero
		rehash(second, 1)
		second.Add(1).Close()
		both(t, trusted+trailtest.NodeVkey(next), nil, []*trailtest.Chain{first, second}, func(t *testing.T, where string, result *Result) {
			requireFirst(t, verify.Tampered, second.ID, 1, result, name, where)
		})
	}
}

func TestARecoveredChainMayEndAnywhereButNotGoOn(t *testing.T) {
	dead := trailtest.NewChain("dead", nodeKey).Add(2).Checkpoint().Add(4)
	next := trailtest.NewChain("next", nodeKey, dead)
	next.End("recovered", dead, 8)
	next.Close()
	chains := []*trailtest.Chain{dead, next}
	both(t, trusted, nil, chains, func(t *testing.T, where string, result *Result) { requireState(t, verify.OK, result, where) })
	dead.Add(1)
	both(t, trusted, nil, chains, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, dead.ID, 8, result, where)
	})
	dead.Records = dead.Records[:7]
	both(t, trusted, nil, chains, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Missing, dead.ID, 7, result, where)
	})
}

func TestAChainThatWasLeftMayHaveWhatWasUncertain(t *testing.T) {
	left := trailtest.NewChain("left", nodeKey).Add(2).Checkpoint().Add(3)
	next := trailtest.NewChain("next", nodeKey)
	next.End("left", left, 5, left.Records[5]["auditHash"].(string), left.Records[6]["auditHash"].(string))
	next.Close()
	whole := left.Records
	for size := 5; size <= 7; size++ {
		left.Records = whole[:size]
		both(t, trusted, nil, []*trailtest.Chain{left, next}, func(t *testing.T, where string, result *Result) {
			requireState(t, verify.OK, result, size, where)
		})
	}
	left.Records = whole
	left.Add(1)
	both(t, trusted, nil, []*trailtest.Chain{left, next}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, left.ID, 7, result, where)
	})
	left.Records = whole[:6:6]
	left.Add(1)
	left.Records[6]["patient"] = "another"
	left.Records[6]["auditHash"] = trailtest.HashOf(left.ID, left.Records[6])
	both(t, trusted, nil, []*trailtest.Chain{left, next}, func(t *testing.T, where string, result *Result) {
		requireFirst(t, verify.Tampered, left.ID, 6, result, where)
	})
}

func TestATornBatchIsAllowedOnlyBehindWhatWasLeft(t *testing.T) {
	left := trailtest.NewChain("left", nodeKey).Add(2).Checkpoint().Add(5)
	next := trailtest.NewChain("next", nodeKey)
	next.End("left", left, 6, left.Records[6]["auditHash"].(string), left.Records[7]["auditHash"].(string))
	next.Close()
	whole := left.File()
	torn := strings.Index(string(whole), "# 6 ")
	folder := trailtest.Folder(t, next)
	damaged := append([]byte{}, whole...)
	damaged[torn+2] = '7' // so the batch is not whole, and all of its records are
	trailtest.Put(t, folder, left.ID+".ended", damaged)
	requireFirst(t, verify.Tampered, left.ID, 8, verifyFolder(t, folder, trusted, nil), "record 8 is named nowhere")
	left.Records = left.Records[:8]
	whole = left.File()
	for cut := 1; cut < len(whole)-torn; cut += 7 {
		folder := trailtest.Folder(t, next)
		trailtest.Put(t, folder, left.ID+".ended", whole[:len(whole)-cut])
		requireState(t, verify.OK, verifyFolder(t, folder, trusted, nil), cut)
	}
	folder = trailtest.Folder(t, next)
	trailtest.Put(t, folder, left.ID+".ended", whole[:torn-1])
	require.NotEqual(t, verify.OK, verifyFolder(t, folder, trusted, nil).State, "torn before what was left")
}

func TestBytesBehindTheLastBatch(t *testing.T) {
	first, second := twoChains()
	for suffix, wanted := range map[string]verify.State{".audit": verify.Tampered, ".ended": verify.Tampered, ".live": verify.TailUnproven} {
		second.Suffix = suffix
		for _, garbage := range []string{"x", "# 10 1 5 00000000\n", "# 10 1 99999999 00000000\nabc\n", "\n"} {
			folder := trailtest.Folder(t, first, second)
			trailtest.Put(t, folder, second.ID+suffix, append(second.File(), garbage...))
			requireState(t, wanted, verifyFolder(t, folder, trusted, nil), suffix, garbage)
		}
	}
}

func TestDamageBeforeTheLastBatchIsTamperingInALiveFileToo(t *testing.T) {
	first, second := twoChains()
	second.Suffix = ".live"
	content := second.File()
	at := strings.Index(string(content), "u-4")
	content[at] = 'x'
	folder := trailtest.Folder(t, first)
	trailtest.Put(t, folder, second.ID+".live", content)
	requireFirst(t, verify.Tampered, second.ID, 4, verifyFolder(t, folder, trusted, nil))
}

func TestAnEmptyFileNeedsARecoveredRecord(t *testing.T) {
	empty := trailtest.NewChain("empty", nodeKey)
	next := trailtest.NewChain("next", nodeKey)
	next.End("recovered", empty, 0)
	next.Close()
	alone := trailtest.NewChain("alone", nodeKey).Close()
	for _, content := range []string{"", "aegis-otel-audit 1 " + empty.ID + "\n"} {
		folder := trailtest.Folder(t, next)
		trailtest.Put(t, folder, empty.ID+".ended", []byte(content))
		requireState(t, verify.OK, verifyFolder(t, folder, trusted, nil))
		folder = trailtest.Folder(t, alone)
		trailtest.Put(t, folder, empty.ID+".ended", []byte(content))
		requireFirst(t, verify.Missing, empty.ID, 0, verifyFolder(t, folder, trusted, nil))
		folder = trailtest.Folder(t, alone)
		trailtest.Put(t, folder, empty.ID+".live", []byte(content))
		requireState(t, verify.TailUnproven, verifyFolder(t, folder, trusted, nil))
	}
	folder := trailtest.Folder(t, next)
	requireFirst(t, verify.Missing, empty.ID, 0, verifyFolder(t, folder, trusted, nil), "it is named")
}

func TestOtherFilesAreNamedAndLinksAreNotFollowed(t *testing.T) {
	first, second := twoChains()
	folder := trailtest.Folder(t, first, second)
	trailtest.Put(t, folder, "notes\x1b[31m.txt", []byte("x"))
	trailtest.Put(t, folder, first.ID+".cut", []byte("x"))
	trailtest.Put(t, folder, strings.ToUpper(first.ID)+".live", []byte("x"))
	result := verifyFolder(t, folder, trusted, nil)
	requireState(t, verify.OK, result)
	require.Len(t, result.Warnings, 2)
	require.NotContains(t, strings.Join(result.Warnings, ""), "\x1b")

	path := filepath.Join(folder, second.ID+".audit")
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	require.NoError(t, os.Rename(path, elsewhere))
	require.NoError(t, os.Symlink(elsewhere, path))
	requireFirst(t, verify.NotVerified, second.ID, 0, verifyFolder(t, folder, trusted, nil))
}

func TestAFileOfAnotherVersionOrChainIsNeverOK(t *testing.T) {
	first, second := twoChains()
	content := second.File()
	for text, wanted := range map[string]verify.State{
		"aegis-otel-audit 2 " + second.ID + "\n": verify.NotVerified,
		"aegis-otel-audit 1 " + first.ID + "\n":  verify.Tampered,
		"something else\n":                       verify.Tampered,
	} {
		folder := trailtest.Folder(t, first)
		_, rest, _ := strings.Cut(string(content), "\n")
		trailtest.Put(t, folder, second.ID+".audit", []byte(text+rest))
		requireState(t, wanted, verifyFolder(t, folder, trusted, nil), text)
	}
}

func TestManyFalseBatchesDoNotCostMuchTime(t *testing.T) {
	first, _ := twoChains()
	content := first.File()
	length := 400_000
	for i := 0; len(content) < length; i++ {
		content = append(content, "# 99 1 100000 00000000\n"...)
	}
	folder := t.TempDir()
	trailtest.Put(t, folder, first.ID+".audit", content)
	requireState(t, verify.Tampered, verifyFolder(t, folder, trusted, nil))
}

func TestACheckpointThatIsThereTwiceWithAnotherSignatureIsTampering(t *testing.T) {
	for _, name := range []string{"auditSignature1", "auditRoot", "auditProof"} {
		first, second := twoChains()
		true_ := trailtest.Export(first, second)
		changed := maps.Clone(first.Records[11])
		changed[name] = strings.Repeat("12", 32)
		if name == "auditProof" {
			changed[name] = []string{strings.Repeat("12", 32)}
		}
		forged := append(trailtest.Canonical(changed), '\n')
		for _, content := range [][]byte{slices.Concat(true_, forged), slices.Concat(forged, true_)} {
			requireFirst(t, verify.Tampered, first.ID, 11, verifyExport(t, content, trusted, nil), name)
		}
	}
}

func TestAChainThatIsBeingWrittenIsNeverCalledTampered(t *testing.T) {
	c := trailtest.NewChain("live", nodeKey)
	for range 30 {
		c.Add(2).Checkpoint()
	}
	content := c.Close().File()
	folder := t.TempDir()
	path := filepath.Join(folder, c.ID+".live")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	require.NoError(t, err)
	written := make(chan error, 1)
	go func() {
		defer file.Close()
		for at := 0; at < len(content); at += 997 { // in parts that end anywhere
			if _, err := file.Write(content[at:min(at+997, len(content))]); err != nil {
				written <- err
				return
			}
			time.Sleep(100 * time.Microsecond)
		}
		written <- os.Rename(path, strings.TrimSuffix(path, ".live")+".ended")
	}()
	for ended := false; ; {
		result := verifyFolder(t, folder, trusted, nil)
		if ended {
			requireState(t, verify.OK, result)
			return
		}
		require.Contains(t, []verify.State{verify.OK, verify.TailUnproven, verify.NotVerified}, result.State, explain(result))
		select {
		case err := <-written:
			require.NoError(t, err)
			ended = true
		default:
		}
	}
}
