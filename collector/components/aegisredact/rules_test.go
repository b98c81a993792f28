package aegisredact

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// builtIn returns the configuration with the rule set of this repository.
func builtIn(t testing.TB) *Config {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "redact.yaml"))
	require.NoError(t, err)
	// What the Collector does with the file before a processor sees it.
	unset := strings.NewReplacer(
		"${env:AEGIS_REDACTION_HASH_KEY:-}", `""`,
		"${env:AEGIS_REDACTION_RULES:-}", `""`,
		"${env:AEGIS_REDACTION_ENABLE:-[]}", "[]",
		"$$", "$",
	)
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(unset.Replace(string(text))))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	section, err := conf.Sub("processors::aegis_redact")
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, section.Unmarshal(cfg))
	return cfg
}

func builtInEngine(t testing.TB, change ...func(*Config)) *engine {
	t.Helper()
	cfg := builtIn(t)
	for _, f := range change {
		f(cfg)
	}
	e, err := newEngine(cfg)
	require.NoError(t, err)
	return e
}

func TestTheBuiltInRulesCompile(t *testing.T) {
	require.NoError(t, builtIn(t).Validate())
}

func TestEveryValueRuleIsHeldBackByThePrefilter(t *testing.T) {
	e := builtInEngine(t)
	plain := e.scanner.Scan("Starting worker pool for queue of letters in region north")
	for i, rule := range e.rules {
		require.False(t, rule.mayMatch(&plain), "rule %d: %s", i, rule.pattern)
	}
}

func TestAKindThatNoRuleHasStopsTheStart(t *testing.T) {
	cfg := builtIn(t)
	cfg.Enable = []string{"ipv4", "hippa"}
	require.ErrorContains(t, cfg.Validate(), `enable: no rule has the kind "hippa"; known are account, `)
	cfg.Enable = []string{"ipv4", " hipaa"}
	require.NoError(t, cfg.Validate())
}
