package aegisredact

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// redactProcessor redacts batches of log records.
type redactProcessor struct {
	engine *engine
}

func newProcessor(cfg *Config, telemetry component.TelemetrySettings, scope string) (*redactProcessor, error) {
	engine, err := newEngine(cfg)
	if err != nil {
		return nil, err
	}
	_, err = telemetry.MeterProvider.Meter(scope).Int64ObservableCounter(
		"otelcol_aegis_redact_masks",
		metric.WithDescription("Secrets masked, by kind."),
		metric.WithUnit("{mask}"),
		metric.WithInt64Callback(engine.observe),
	)
	if err != nil {
		return nil, err
	}
	return &redactProcessor{engine: engine}, nil
}

func (p *redactProcessor) processLogs(_ context.Context, logs plog.Logs) (plog.Logs, error) {
	p.engine.redactLogs(logs)
	return logs, nil
}

func (e *engine) observe(_ context.Context, observer metric.Int64Observer) error {
	for _, kind := range e.kinds {
		if n := kind.count.Load(); n > 0 {
			observer.Observe(n, metric.WithAttributes(attribute.String("kind", kind.name)))
		}
	}
	return nil
}
