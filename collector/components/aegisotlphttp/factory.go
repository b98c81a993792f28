// Package aegisotlphttp is a logs exporter that sends OTLP over HTTP and never gives up on a record:
// a queue on disk, retries without end, and a dead-letter file for what can never succeed.
// See README.md.
package aegisotlphttp

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
)

var componentType = component.MustNewType("aegis_otlp_http")

// NewFactory returns the factory of the exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		componentType,
		createDefaultConfig,
		exporter.WithLogs(createLogs, component.StabilityLevelBeta),
	)
}

func createDefaultConfig() component.Config {
	upstream := otlphttpexporter.NewFactory().CreateDefaultConfig().(*otlphttpexporter.Config)
	upstream.RetryConfig.MaxInterval = 30 * time.Second
	upstream.RetryConfig.MaxElapsedTime = 0
	queue := upstream.QueueConfig.Get()
	queue.BlockOnOverflow = true
	return &Config{
		Config:     *upstream,
		DeadLetter: DeadLetterConfig{MaxMegabytes: 100},
		Reserve:    ReserveConfig{MinFreeMegabytes: 64},
	}
}

func createLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	c := cfg.(*Config)
	inner, err := newInner(ctx, set, c)
	if err != nil {
		return nil, err
	}
	s, err := newSender(c, set, inner)
	if err != nil {
		return nil, err
	}
	outer, err := exporterhelper.NewLogs(ctx, set, cfg, s.push,
		exporterhelper.WithStart(s.start),
		exporterhelper.WithShutdown(s.shutdown),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}), // the HTTP client has its own
		exporterhelper.WithRetry(c.RetryConfig),
		exporterhelper.WithQueue(c.QueueConfig),
	)
	if err != nil {
		return nil, err
	}
	return &guardedExporter{Logs: outer, reserve: newReserve(c.Reserve)}, nil
}

// newInner makes upstream's exporter without its own queue and retries: these are around the sender, so
// that it sees each refusal.
func newInner(ctx context.Context, set exporter.Settings, c *Config) (exporter.Logs, error) {
	factory := otlphttpexporter.NewFactory()
	cfg := c.Config
	cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	cfg.RetryConfig = configretry.BackOffConfig{}
	cfg.ClientConfig.Headers = slices.DeleteFunc(slices.Clone(cfg.ClientConfig.Headers), func(h configopaque.Pair) bool {
		return h.Value == "" // left by a variable that is not set
	})
	set.ID = component.NewIDWithName(factory.Type(), set.ID.Name())
	return factory.CreateLogs(ctx, quiet(set), &cfg)
}
