package aegisroute

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/metadatatest"
)

func TestTheFactoryIsWhatItsMetadataSays(t *testing.T) {
	factory := NewFactory()
	metadatatest.Require(t, factory.Type(), "connector", "logs_to_logs", factory.LogsToLogsStability())
	require.NoError(t, componenttest.CheckConfigStruct(factory.CreateDefaultConfig()))
}

func TestItCanBeStartedAndStoppedAgainAndAgain(t *testing.T) {
	router := connector.NewLogsRouter(map[pipeline.ID]consumer.Logs{pipeline.NewIDWithName(pipeline.SignalLogs, "file"): consumertest.NewNop()})
	for range 2 {
		route, err := NewFactory().CreateLogsToLogs(
			context.Background(), connectortest.NewNopSettings(componentType), createDefaultConfig(), router.(consumer.Logs))
		require.NoError(t, err)
		require.NoError(t, route.Start(context.Background(), componenttest.NewNopHost()))
		require.NoError(t, route.Shutdown(context.Background()))
	}
}
