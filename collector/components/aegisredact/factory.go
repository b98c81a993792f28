// Package aegisredact is a logs processor that masks secrets and personal data wherever a record
// holds them. See README.md.
package aegisredact

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
)

const scopeName = "github.com/aegis-otel/aegis-otel/collector/components/aegisredact"

var componentType = component.MustNewType("aegis_redact")

// NewFactory returns the factory of the processor.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		componentType,
		createDefaultConfig,
		processor.WithLogs(createLogs, component.StabilityLevelBeta),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		Mask:         "[REDACTED:{kind}]",
		MaxDepth:     contract.MaxDepth,
		MaxTextBytes: contract.MaxText,
	}
}

func createLogs(
	ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs,
) (processor.Logs, error) {
	p, err := newProcessor(cfg.(*Config), set.TelemetrySettings, scopeName)
	if err != nil {
		return nil, err
	}
	return processorhelper.NewLogs(ctx, set, cfg, next, p.processLogs,
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}))
}
