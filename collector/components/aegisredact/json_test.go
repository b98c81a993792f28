package aegisredact

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// object is a JSON object with so many members, of which the last one is a secret.
func object(members int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := 1; i < members; i++ {
		fmt.Fprintf(&b, `"field%d":%d,`, i, i)
	}
	b.WriteString(`"password":"hunter2Zq9"}`)
	return b.String()
}

func TestASecretIsFoundByItsKeyInAnObjectOfAnySize(t *testing.T) {
	e := builtInEngine(t)
	for _, members := range []int{1, 255, 256, 257, 2_001, 50_000} {
		text := object(members)
		out, changed := e.redactText(text, 0, reader{})
		require.True(t, changed, members)
		require.Equal(t, strings.Replace(text, "hunter2Zq9", "[REDACTED:password]", 1), out, members)
	}
}

func TestOfTwoMembersWithOneKeyTheLastOneStays(t *testing.T) {
	e := builtInEngine(t)
	for _, members := range []int{2, 256, 3_000} {
		text := strings.Replace(object(members), "{", `{"twice":[1],"twice":{"a":null},`, 1)
		out, ok := e.redactText(text, 0, reader{})
		require.True(t, ok)
		require.True(t, strings.HasPrefix(out, `{"twice":{"a":null},`), out[:40])
		require.Equal(t, 1, strings.Count(out, "twice"))
	}
}

func BenchmarkRedactLargeJSON(b *testing.B) {
	e := builtInEngine(b)
	for _, members := range []int{10, 60, 100, 1_000, 1_999, 20_000} {
		text := object(members)
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			for b.Loop() {
				e.redactText(text, 0, reader{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*members), "ns/member")
		})
	}
}
