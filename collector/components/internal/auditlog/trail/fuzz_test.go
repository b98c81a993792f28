package trail

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trailtest"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/verify"
)

// A file of a trail is OK only as it was written, whatever it holds, and no content makes the reader panic.
func FuzzFile(f *testing.F) {
	c := trailtest.NewChain("fuzz", nodeKey).Add(2).Checkpoint().Add(1).Close()
	whole := c.File()
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(bytes.ReplaceAll(whole, []byte("# 3"), []byte("# 0")))
	f.Add([]byte("aegis-otel-audit 1 " + c.ID + "\n# 0 1 1 00000000\n\n"))
	options := optionsOf(f, trusted)
	f.Fuzz(func(t *testing.T, data []byte) {
		if verifyBytes(options, c.ID, data).State == verify.OK {
			require.Contains(t, string(data), "CHAIN CLOSED")
		}
	})
}

// The same for an export.
func FuzzExport(f *testing.F) {
	c := trailtest.NewChain("fuzz", nodeKey).Add(1).Close()
	f.Add(trailtest.Export(c))
	f.Add([]byte("{\"auditHash\":1}\n\n{}\n[]"))
	options := optionsOf(f, trusted)
	f.Fuzz(func(t *testing.T, data []byte) {
		v := verify.New(options)
		readLines(v, bytes.NewReader(data), 1)
		if v.Finish().State == verify.OK {
			require.Contains(t, string(data), "CHAIN CLOSED")
		}
	})
}
