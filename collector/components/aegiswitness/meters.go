package aegiswitness

import (
	"context"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// meters are the witness' own metrics.
type meters struct {
	checkpoints metric.Int64Counter
	refused     metric.Int64Counter
	skipped     metric.Int64Counter
	chains      atomic.Int64
	failures    atomic.Int64
	callback    metric.Registration
}

func newMeters(set component.TelemetrySettings) (*meters, error) {
	meter := set.MeterProvider.Meter(scopeName)
	m := &meters{}
	var errs [6]error
	m.checkpoints, errs[0] = meter.Int64Counter("otelcol_aegis_witness_checkpoints",
		metric.WithDescription("Audit checkpoints that came: taken, held back, or the same as before."), metric.WithUnit("{checkpoint}"))
	m.refused, errs[1] = meter.Int64Counter("otelcol_aegis_witness_refused",
		metric.WithDescription("Audit checkpoints, and openings of chains, that were refused."), metric.WithUnit("{checkpoint}"))
	m.skipped, errs[2] = meter.Int64Counter("otelcol_aegis_witness_skipped",
		metric.WithDescription("Events of audit trails that the witness did not look at, since too many waited for its disk."), metric.WithUnit("{event}"))
	chains, err := meter.Int64ObservableGauge("otelcol_aegis_witness_chains",
		metric.WithDescription("Chains that the witness remembers."), metric.WithUnit("{chain}"))
	errs[3] = err
	failures, err := meter.Int64ObservableCounter("otelcol_aegis_witness_write_failures",
		metric.WithDescription("Writes of the witness that failed; it tries each again."), metric.WithUnit("{write}"))
	errs[4] = err
	m.callback, errs[5] = meter.RegisterCallback(func(_ context.Context, observer metric.Observer) error {
		observer.ObserveInt64(chains, m.chains.Load())
		observer.ObserveInt64(failures, m.failures.Load())
		return nil
	}, chains, failures)
	return m, errors.Join(errs[:]...)
}

func (m *meters) decided(v verdict) {
	switch v {
	case taken, same, held:
		m.checkpoints.Add(context.Background(), 1, metric.WithAttributes(attribute.String("outcome", string(v))))
	default:
		m.refused.Add(context.Background(), 1, metric.WithAttributes(attribute.String("reason", string(v))))
	}
}

func (m *meters) skip(events int) { m.skipped.Add(context.Background(), int64(events)) }

func (m *meters) close() error { return m.callback.Unregister() }
