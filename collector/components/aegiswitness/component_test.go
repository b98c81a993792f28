package aegiswitness

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/metadatatest"
)

func TestTheFactoryIsWhatItsMetadataSays(t *testing.T) {
	factory := NewFactory()
	metadatatest.Require(t, factory.Type(), "processor", "logs", factory.LogsStability())
	require.NoError(t, componenttest.CheckConfigStruct(factory.CreateDefaultConfig()))
}

func TestItCanBeStartedAndStoppedAgainAndAgain(t *testing.T) {
	cfg := configOf(t)
	for range 2 {
		processor, err := NewFactory().CreateLogs(
			context.Background(), processortest.NewNopSettings(componentType), cfg, consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, processor.Start(context.Background(), componenttest.NewNopHost()))
		require.NoError(t, processor.Shutdown(context.Background()))
	}
}

func TestItCanBeStoppedWithoutAStart(t *testing.T) {
	processor, err := NewFactory().CreateLogs(
		context.Background(), processortest.NewNopSettings(componentType), configOf(t), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, processor.Shutdown(context.Background()))
}

func TestWhatIsConfiguredWrongIsNamed(t *testing.T) {
	for option, change := range map[string]func(cfg *Config){
		"directory":    func(cfg *Config) { cfg.Directory = "" },
		"name":         func(cfg *Config) { cfg.Name = "my witness" },
		"trusted_keys": func(cfg *Config) { cfg.TrustedKeys = "" },
		"hold_time":    func(cfg *Config) { cfg.HoldTime = -1 },
	} {
		cfg := configOf(t)
		require.NoError(t, cfg.Validate())
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), option)
	}
}

func TestItDoesNotStartWithoutWhatItNeeds(t *testing.T) {
	for what, change := range map[string]func(cfg *Config){
		"trusted_keys": func(cfg *Config) { cfg.TrustedKeys = filepath.Join(t.TempDir(), "nowhere") },
		"names no":     func(cfg *Config) { write(t, cfg.TrustedKeys, "# nothing\n", 0o600) },
		"line 1":       func(cfg *Config) { write(t, cfg.TrustedKeys, "nonsense\n", 0o600) },
		"others may":   func(cfg *Config) { write(t, filepath.Join(cfg.Directory, keyFile), keyStart, 0o644) },
		"no key of a":  func(cfg *Config) { write(t, filepath.Join(cfg.Directory, keyFile), keyStart+"5ec4e7\n", 0o600) },
	} {
		cfg := configOf(t)
		change(cfg)
		w, _ := witnessOf(t, cfg)
		err := w.Start(context.Background(), componenttest.NewNopHost())
		require.ErrorContains(t, err, what)
		require.NotContains(t, err.Error(), "5ec4e7")
		require.NoError(t, w.Shutdown(context.Background()))
	}
}

func TestTwoOfThemCannotShareADirectory(t *testing.T) {
	cfg := configOf(t)
	startWitness(t, cfg)
	other, _ := witnessOf(t, cfg)
	require.ErrorContains(t, other.Start(context.Background(), componenttest.NewNopHost()), "another process uses it")
	require.NoError(t, other.Shutdown(context.Background()))
}
