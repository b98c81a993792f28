// Package aegislimits is an extension for receivers: it measures each OTLP request before it is decoded. See README.md.
package aegislimits

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

const scopeName = "github.com/aegis-otel/aegis-otel/collector/components/aegislimits"

var componentType = component.MustNewType("aegis_limits")

// NewFactory returns the factory of the extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(componentType, createDefaultConfig, create, component.StabilityLevelBeta)
}

func createDefaultConfig() component.Config {
	return &Config{
		Limits:         Limits{MaxRecords: 50_000, MaxValues: 1_000_000, MaxDepth: 500},
		MaxInFlightMiB: 192,
		MaxRequests:    1000,
		Timeout:        time.Minute,
	}
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newLimiter(cfg.(*Config), set.TelemetrySettings)
}
