package aegisotlphttp

import (
	"context"
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
	cfg := config(t, newStore(t, statuses(200)))
	for range 2 {
		exp, err := NewFactory().CreateLogs(context.Background(), exportertest.NewNopSettings(componentType), cfg)
		require.NoError(t, err)
		require.NoError(t, exp.Start(context.Background(), componenttest.NewNopHost()))
		require.NoError(t, exp.Shutdown(context.Background()))
	}
}

func TestItCanBeStoppedWithoutAStart(t *testing.T) {
	exp, err := NewFactory().CreateLogs(context.Background(), exportertest.NewNopSettings(componentType), config(t, newStore(t, statuses(200))))
	require.NoError(t, err)
	require.NoError(t, exp.Shutdown(context.Background()))
}

func TestAStartThatFailsLeavesNothingOpen(t *testing.T) {
	cfg := config(t, newStore(t, statuses(200)))
	good := cfg.DeadLetter.Directory
	cfg.DeadLetter.Directory = "/dev/null/nowhere"
	exp, err := NewFactory().CreateLogs(context.Background(), exportertest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	require.ErrorContains(t, exp.Start(context.Background(), componenttest.NewNopHost()), "dead_letter::directory")
	require.NoError(t, exp.Shutdown(context.Background()))
	cfg.DeadLetter.Directory = good
	start(t, cfg) // the queue is not locked any more
}
