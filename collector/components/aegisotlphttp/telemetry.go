package aegisotlphttp

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/diskqueue"
)

const scopeName = "github.com/aegis-otel/aegis-otel/collector/components/aegisotlphttp"

// telemetry are the exporter's own metrics.
type telemetry struct {
	attributes   metric.MeasurementOption
	sentRecords  metric.Int64Counter
	retries      metric.Int64Counter
	deadLetters  metric.Int64Counter
	lostRecords  metric.Int64Counter
	damagedBytes metric.Int64Counter
	registration metric.Registration
}

func newTelemetry(set exporter.Settings, queue func() (size, capacity int64)) (*telemetry, error) {
	t := &telemetry{
		attributes: metric.WithAttributeSet(attribute.NewSet(attribute.String("exporter", set.ID.String()))),
	}
	meter := set.MeterProvider.Meter(scopeName)
	var errs [8]error
	t.sentRecords, errs[0] = meter.Int64Counter("otelcol_aegis_sent_records",
		metric.WithDescription("Log records delivered, dead letters included."), metric.WithUnit("{record}"))
	t.retries, errs[1] = meter.Int64Counter("otelcol_aegis_retries",
		metric.WithDescription("Requests that have to be made again."), metric.WithUnit("{request}"))
	t.deadLetters, errs[2] = meter.Int64Counter("otelcol_aegis_dead_letter_records",
		metric.WithDescription("Log records that the store refused for good."), metric.WithUnit("{record}"))
	t.lostRecords, errs[6] = meter.Int64Counter("otelcol_aegis_queue_lost_records",
		metric.WithDescription("Log records that the disk of the queue lost, as far as their number is known."), metric.WithUnit("{record}"))
	t.damagedBytes, errs[7] = meter.Int64Counter("otelcol_aegis_queue_damaged_bytes",
		metric.WithDescription("Bytes of the queue that the disk damaged; they are kept in files that end in .damaged."), metric.WithUnit("By"))
	size, err := meter.Int64ObservableGauge("otelcol_aegis_queue_size",
		metric.WithDescription("How much waits on disk."), metric.WithUnit("By"))
	errs[3] = err
	capacity, err := meter.Int64ObservableGauge("otelcol_aegis_queue_capacity",
		metric.WithDescription("How much may wait on disk."), metric.WithUnit("By"))
	errs[4] = err
	t.registration, errs[5] = meter.RegisterCallback(func(_ context.Context, observer metric.Observer) error {
		s, c := queue()
		observer.ObserveInt64(size, s, t.attributes)
		observer.ObserveInt64(capacity, c, t.attributes)
		return nil
	}, size, capacity)
	return t, errors.Join(errs[:]...)
}

func (t *telemetry) sent(records int) {
	t.sentRecords.Add(context.Background(), int64(records), t.attributes)
}

func (t *telemetry) retried() { t.retries.Add(context.Background(), 1, t.attributes) }

func (t *telemetry) buried(records int) {
	t.deadLetters.Add(context.Background(), int64(records), t.attributes)
}

func (t *telemetry) damaged(damage *diskqueue.DamageError) {
	t.damagedBytes.Add(context.Background(), damage.Bytes, t.attributes)
	t.lostRecords.Add(context.Background(), max(0, damage.Records), t.attributes)
}

func (t *telemetry) close() error { return t.registration.Unregister() }

// quiet keeps the HTTP client from measuring and tracing each request: the metrics here say enough.
func quiet(set component.TelemetrySettings) component.TelemetrySettings {
	set.MeterProvider = metricnoop.NewMeterProvider()
	set.TracerProvider = tracenoop.NewTracerProvider()
	return set
}
