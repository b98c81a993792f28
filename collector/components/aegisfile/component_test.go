package aegisfile

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/metadatatest"
)

func TestTheFactoryIsWhatItsMetadataSays(t *testing.T) {
	factory := NewFactory()
	metadatatest.Require(t, factory.Type(), "exporter", "logs", factory.LogsStability())
	require.NoError(t, componenttest.CheckConfigStruct(factory.CreateDefaultConfig()))
}

func TestItCanBeStartedAndStoppedAgainAndAgain(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Path = filepath.Join(t.TempDir(), "store", "logs.jsonl")
	for range 2 {
		exp, err := NewFactory().CreateLogs(context.Background(), exportertest.NewNopSettings(componentType), cfg)
		require.NoError(t, err)
		require.NoError(t, exp.Start(context.Background(), componenttest.NewNopHost()))
		require.NoError(t, exp.Shutdown(context.Background()))
	}
}

func TestItCanBeStoppedWithoutAStart(t *testing.T) {
	exp, err := NewFactory().CreateLogs(context.Background(), exportertest.NewNopSettings(componentType), createDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, exp.Shutdown(context.Background()))
}
