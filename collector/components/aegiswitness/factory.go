// Package aegiswitness is a logs processor that witnesses audit trails: it remembers the checkpoints that go by, cosigns
// them, and refuses those that go back or fork. It never changes, drops or refuses a log record. See README.md.
package aegiswitness

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
)

const scopeName = "github.com/aegis-otel/aegis-otel/collector/components/aegiswitness"

var componentType = component.MustNewType("aegis_witness")

// NewFactory returns the factory of the processor.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		componentType,
		createDefaultConfig,
		processor.WithLogs(createLogs, component.StabilityLevelAlpha),
	)
}

func createDefaultConfig() component.Config {
	return &Config{Name: "aegis-otel-witness", HoldTime: 5 * time.Minute, Patience: 2 * time.Second}
}

func createLogs(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	return newWitness(cfg.(*Config), set.TelemetrySettings, next)
}
