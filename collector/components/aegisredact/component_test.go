package aegisredact

import (
	"context"
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
	for range 2 {
		processor, err := NewFactory().CreateLogs(
			context.Background(), processortest.NewNopSettings(componentType), createDefaultConfig(), consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, processor.Start(context.Background(), componenttest.NewNopHost()))
		require.NoError(t, processor.Shutdown(context.Background()))
	}
}
