// Package aegisfile is a logs exporter that keeps records as JSON lines in rotated private files.
// See README.md.
package aegisfile

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

var componentType = component.MustNewType("aegis_file")

// NewFactory returns the factory of the exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		componentType,
		createDefaultConfig,
		exporter.WithLogs(createLogs, component.StabilityLevelBeta),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		MaxMegabytes: 100,
		MaxFiles:     20,
		Sidecars:     true,
		Fsync:        true,

		MinFreeMegabytes: 1024,
	}
}

func createLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	e := &fileExporter{cfg: cfg.(*Config), logger: set.Logger}
	// No queue: a record is on disk, in its place, when the call returns, and the sender hears of it
	// when that fails.
	return exporterhelper.NewLogs(ctx, set, cfg, e.consumeLogs,
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}),
	)
}
