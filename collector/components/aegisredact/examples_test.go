package aegisredact

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

var (
	exampleSecret = regexp.MustCompile(`(?s)⟦(.*?)⟧`)
	exampleMask   = regexp.MustCompile(`\[REDACTED:[a-z0-9_]+\]`)
)

// Each rule of the contract has texts beside it that it masks, the secret in brackets, and texts that stay.
func TestTheExamplesBesideTheRules(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "contract", "redaction", "rules", "*.yaml"))
	require.NoError(t, err)
	if files == nil && !insideRepository() {
		t.Skip("the rules are in the repository, and this is not it")
	}
	plain := builtInEngine(t)
	// A kind that is off by default is on for its own examples.
	off := map[any]*engine{}
	for _, kind := range builtIn(t).Disable {
		off[kind] = builtInEngine(t, func(c *Config) { c.Enable = []string{kind} })
	}
	count := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		retrieved, err := confmap.NewRetrievedFromYAML(text)
		require.NoError(t, err)
		raw, err := retrieved.AsRaw()
		require.NoError(t, err)
		for _, list := range []string{"keys", "values"} {
			rules, _ := raw.(map[string]any)[list].([]any)
			for _, rule := range rules {
				e := off[rule.(map[string]any)["kind"]]
				if e == nil {
					e = plain
				}
				for _, field := range []string{"masks", "leaves"} {
					for _, example := range rule.(map[string]any)[field].([]any) {
						count++
						written := example.(string)
						redacted, _ := e.redactText(exampleSecret.ReplaceAllString(written, "$1"), 0, reader{})
						require.Equal(t, exampleSecret.ReplaceAllString(written, "⟦⟧"), exampleMask.ReplaceAllString(redacted, "⟦⟧"))
					}
				}
			}
		}
	}
	require.Greater(t, count, 200)
}
