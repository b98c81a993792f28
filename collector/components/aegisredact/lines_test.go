package aegisredact

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/prefilter"
)

// lineTexts are texts of lines of which many come again, with numbers, names and secrets in them and across their ends.
func lineTexts(seed uint64, count int) []string {
	random := rand.New(rand.NewPCG(seed, 2))
	parts := []string{
		"  File \"/srv/app/orders/m1.py\", line 7, in f1", "    return call(x)", "ValueError: bad amount 12", "\tat a.b.C(D.java:10)",
		"4111", "4111 1111", "1111 1111", "41111111", "219-09-", "9999", " 219", "555-", "867-5309", "password", "password:",
		"  hunter2", "= hunter2", "token", ": \"abc", "ssn", "SSN: ", "jane@", "example.org", "é", "\xff", "%34", "&#52;", "\\u0034",
		"-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkq", "-----END PRIVATE KEY-----", "Authorization: Bearer", "[REDACTED:ssn]",
		"", " ", "\r", "1", "12", "{", "}", "insert into users (password)", "values ('hunter2')", strings.Repeat("9", 300), strings.Repeat("x", 600),
	}
	texts := make([]string, count)
	for i := range texts {
		var text strings.Builder
		for range 3 + random.IntN(10) {
			text.WriteString(parts[random.IntN(len(parts))])
			if random.IntN(4) > 0 {
				text.WriteByte('\n')
			}
		}
		texts[i] = text.String()
	}
	return texts
}

func TestKnownLinesChangeNothing(t *testing.T) {
	e := builtInEngine(t)
	whole := builtInEngine(t)
	whole.lines = nil
	compare := func(text string) {
		redacted, changed := e.redactText(text, 0, reader{})
		wanted, wantedChange := whole.redactText(text, 0, reader{})
		require.Equal(t, wanted, redacted, "%q", text)
		require.Equal(t, wantedChange, changed, "%q", text)
		found, _ := e.lines.Scan(e.scanner, text)
		require.Equal(t, e.scanner.Scan(text), found, "%q", text)
		for _, automaton := range e.automata {
			if automaton != nil {
				require.Equal(t, automaton.Match(text), e.lines.Match(automaton, text), "%q", text)
			}
		}
	}
	hits := 0
	for _, text := range lineTexts(1, 3000) {
		compare(text)
		for line, rest := prefilter.NextLine(text); line != ""; line, rest = prefilter.NextLine(rest) {
			if e.lines.Knows(line) {
				hits++
			}
		}
		// Learnt although there may be a secret in it: what is known of a line must be right whatever it holds.
		e.lines.Learn(e.scanner, prefilter.FreshLines{Text: text})
		e.lines.Learn(e.scanner, prefilter.FreshLines{Text: text})
	}
	require.Greater(t, hits, 5000)
}

func TestLinesOfATextWithASecretAreNotKept(t *testing.T) {
	e := builtInEngine(t)
	frames := strings.Repeat("  File \"/srv/app/orders/m1.py\", line 7, in f1\n", 4)
	for range 3 {
		e.redactText(frames+"login failed password=hunter2\n", 0, reader{})
		e.redactText(frames+"call 555-867-5309\n", 0, reader{who: true})
	}
	require.Zero(t, e.lines.Count())
	for range 2 {
		e.redactText(frames, 0, reader{})
	}
	line, _ := prefilter.NextLine(frames)
	require.True(t, e.lines.Knows(line))
}

func TestKnownLinesAreSharedByRequests(t *testing.T) {
	e := builtInEngine(t)
	whole := builtInEngine(t)
	whole.lines = nil
	texts := lineTexts(3, 300)
	wanted := make([]string, len(texts))
	for i, text := range texts {
		wanted[i], _ = whole.redactText(text, 0, reader{})
	}
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for i, text := range texts {
				if redacted, _ := e.redactText(text, 0, reader{}); redacted != wanted[i] {
					t.Errorf("%q became %q", text, redacted)
				}
			}
		})
	}
	running.Wait()
}
