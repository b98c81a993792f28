// Package aegisroute is a connector that sorts log records into classes, decides which stores get them,
// and gives each store the shape it wants. See README.md.
package aegisroute

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
)

const scopeName = "github.com/aegis-otel/aegis-otel/collector/components/aegisroute"

var componentType = component.MustNewType("aegis_route")

// NewFactory returns the factory of the connector.
func NewFactory() connector.Factory {
	return connector.NewFactory(
		componentType,
		createDefaultConfig,
		connector.WithLogsToLogs(createLogsToLogs, component.StabilityLevelBeta),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		Sampling: SamplingConfig{Rate: 1, Loggers: []string{"*"}},
	}
}

func createLogsToLogs(
	_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs,
) (connector.Logs, error) {
	router, ok := next.(connector.LogsRouterAndConsumer)
	if !ok {
		return nil, errors.New("aegis_route: the Collector gave no router to choose pipelines with")
	}
	return newRoute(cfg.(*Config), set.TelemetrySettings, router)
}
