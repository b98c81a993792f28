package trail

import (
	"bytes"
	"testing"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trailtest"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/verify"
)

func longChain() *trailtest.Chain {
	c := trailtest.NewChain("long", nodeKey)
	for range 5 {
		c.Add(1_000).Checkpoint()
	}
	return c.Close()
}

func BenchmarkFolder(b *testing.B) {
	c := longChain()
	content := c.File()
	options := optionsOf(b, trusted)
	for b.Loop() {
		if verifyBytes(options, c.ID, content).State != verify.OK {
			b.Fatal("not OK")
		}
	}
	b.ReportMetric(float64(len(c.Records)*b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkExport(b *testing.B) {
	c := longChain()
	content := trailtest.Export(c)
	options := optionsOf(b, trusted)
	for b.Loop() {
		v := verify.New(options)
		readLines(v, bytes.NewReader(content), 1)
		if v.Finish().State != verify.OK {
			b.Fatal("not OK")
		}
	}
	b.ReportMetric(float64(len(c.Records)*b.N)/b.Elapsed().Seconds(), "records/s")
}
