package aegisroute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// route is the connector.
type route struct {
	component.StartFunc
	component.ShutdownFunc
	outputs  []*output
	sampler  *sampler
	dropped  metric.Int64Counter
	unsealed metric.Int64Counter
	lines    sync.Pool
}

func newRoute(
	cfg *Config, telemetry component.TelemetrySettings, router connector.LogsRouterAndConsumer,
) (*route, error) {
	outputs, err := outputsOf(cfg, router)
	if err != nil {
		return nil, err
	}
	dropped, err := telemetry.MeterProvider.Meter(scopeName).Int64Counter(
		"otelcol_aegis_route_dropped_records",
		metric.WithDescription("Log records that sampling thinned out, or that residency kept out of every store."),
		metric.WithUnit("{record}"),
	)
	if err != nil {
		return nil, err
	}
	unsealed, err := telemetry.MeterProvider.Meter(scopeName).Int64Counter(
		"otelcol_aegis_route_unsealed_audit_records",
		metric.WithDescription("Audit records without a seal: nothing proves that they are as their sender wrote them."),
		metric.WithUnit("{record}"),
	)
	if err != nil {
		return nil, err
	}
	return &route{
		outputs:  outputs,
		sampler:  newSampler(cfg.Sampling),
		dropped:  dropped,
		unsealed: unsealed,
		lines:    sync.Pool{New: func() any { return &lineWriter{} }},
	}, nil
}

// outputsOf reads off the names of the pipelines which records they want. Audit records come first, so
// that they are safe before anything can go wrong with others.
func outputsOf(cfg *Config, router connector.LogsRouterAndConsumer) ([]*output, error) {
	ids := router.PipelineIDs()
	slices.SortFunc(ids, func(a, b pipeline.ID) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	var outputs []*output
	for _, id := range ids {
		store, class, err := storeAndClass(id.Name())
		if err != nil {
			return nil, err
		}
		next, err := router.Consumer(id)
		if err != nil {
			return nil, err
		}
		shape, chosen := cfg.Shapes[store]
		if !chosen {
			shape = shapeOfStore[store]
		}
		wanted := output{class: class, shape: shape, residency: residencyOf(cfg.Residency, store)}
		if same := findOutput(outputs, &wanted); same != nil {
			same.consumers = append(same.consumers, next)
			continue
		}
		wanted.consumers = []consumer.Logs{next}
		outputs = append(outputs, &wanted)
	}
	slices.SortStableFunc(outputs, func(a, b *output) int { return int(a.class) - int(b.class) })
	return outputs, nil
}

func findOutput(outputs []*output, wanted *output) *output {
	for _, o := range outputs {
		if o.class == wanted.class && o.shape == wanted.shape && slices.Equal(o.residency, wanted.residency) {
			return o
		}
	}
	return nil
}

// Capabilities implements consumer.Logs: the incoming batch is only read.
func (r *route) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// ConsumeLogs hands each record on to the outputs which take it.
func (r *route) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	batches := make([]batch, len(r.outputs))
	r.sort(ctx, logs, batches)
	var failures []error
	for i, o := range r.outputs {
		if batches[i].logs == (plog.Logs{}) {
			continue
		}
		if err := deliver(ctx, o.consumers, batches[i].logs); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

func (r *route) sort(ctx context.Context, logs plog.Logs, batches []batch) {
	lines := r.lines.Get().(*lineWriter)
	defer r.lines.Put(lines)
	var (
		from              source
		of                origin
		f                 fields
		sampled, withheld int64
		unsealed          int64
	)
	for i, resource := range logs.ResourceLogs().All() {
		from.resource, from.position.resource = resource, i
		of.readResource(resource.Resource().Attributes())
		for j, scope := range resource.ScopeLogs().All() {
			from.scope, from.position.scope = scope, j
			of.logger = scope.Scope().Name()
			for _, record := range scope.LogRecords().All() {
				f.read(&of, record, lines)
				if f.class == classAudit && !f.sealed {
					unsealed++
				}
				if !r.sampler.keeps(&f) {
					sampled++
				} else if r.hand(&f, &from, lines, batches) {
					withheld++
				}
			}
		}
	}
	r.count(ctx, "sampled", sampled)
	r.count(ctx, "withheld", withheld)
	if unsealed > 0 {
		r.unsealed.Add(ctx, unsealed)
	}
}

// hand adds the record to the batches of the outputs that take it; it returns whether residency alone
// kept it out of all of them.
func (r *route) hand(f *fields, from *source, lines *lineWriter, batches []batch) bool {
	taken, withheld := false, false
	for i, o := range r.outputs {
		takes, kept := o.takes(f)
		withheld = withheld || kept
		if !takes {
			continue
		}
		taken = true
		if batches[i].logs == (plog.Logs{}) {
			batches[i].logs = plog.NewLogs()
		}
		batches[i].add(o.shape, f, from, lines)
	}
	return withheld && !taken
}

func (r *route) count(ctx context.Context, reason string, n int64) {
	if n > 0 {
		r.dropped.Add(ctx, n, metric.WithAttributes(attribute.String("reason", reason)))
	}
}

// deliver gives the batch to all consumers; those that change it get a copy.
func deliver(ctx context.Context, consumers []consumer.Logs, logs plog.Logs) error {
	if len(consumers) == 1 {
		return consumers[0].ConsumeLogs(ctx, logs)
	}
	var failures []error
	for _, next := range consumers {
		mine := logs
		if next.Capabilities().MutatesData {
			mine = plog.NewLogs()
			logs.CopyTo(mine)
		} else {
			logs.MarkReadOnly()
		}
		if err := next.ConsumeLogs(ctx, mine); err != nil {
			failures = append(failures, fmt.Errorf("one of several pipelines: %w", err))
		}
	}
	return errors.Join(failures...)
}
