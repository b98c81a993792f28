package aegisotlphttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/linefile"
)

const scopeName = "github.com/aegis-otel/aegis-otel/collector/components/aegisotlphttp"

// sender sends one batch and decides what a refusal means.
type sender struct {
	inner   exporter.Logs
	options linefile.Options
	dead    *linefile.File
	logger  *zap.Logger
	letters metric.Int64Counter
}

func newSender(c *Config, set exporter.Settings, inner exporter.Logs) (*sender, error) {
	letters, err := set.MeterProvider.Meter(scopeName).Int64Counter(
		"otelcol_aegis_dead_letter_records",
		metric.WithDescription("Log records that a store refused for good, now in the dead-letter file."),
		metric.WithUnit("{record}"),
	)
	if err != nil {
		return nil, err
	}
	name := set.ID.Name()
	if name == "" {
		name = set.ID.Type().String()
	}
	return &sender{
		inner: inner,
		options: linefile.Options{
			Path:     filepath.Join(c.DeadLetter.Directory, filepath.Base(name)+".jsonl"),
			MaxBytes: c.DeadLetter.MaxMegabytes << 20,
			MaxFiles: c.DeadLetter.MaxFiles,
			Sync:     true,
		},
		logger:  set.Logger,
		letters: letters,
	}, nil
}

// quiet keeps upstream's exporter from counting and tracing everything a second time.
func quiet(set exporter.Settings) exporter.Settings {
	set.MeterProvider = metricnoop.NewMeterProvider()
	set.TracerProvider = tracenoop.NewTracerProvider()
	return set
}

func (s *sender) start(ctx context.Context, host component.Host) error {
	// Opened now, so that a directory which cannot be written stops the start, not the first refusal.
	dead, err := linefile.Open(s.options)
	if err != nil {
		return fmt.Errorf("dead_letter::directory: %w", err)
	}
	s.dead = dead
	return s.inner.Start(ctx, host)
}

func (s *sender) shutdown(ctx context.Context) error {
	err := s.inner.Shutdown(ctx)
	if s.dead != nil {
		err = errors.Join(err, s.dead.Close())
	}
	return err
}

// push sends a batch. Its error is always one that is worth a retry.
func (s *sender) push(ctx context.Context, logs plog.Logs) error {
	err := s.inner.ConsumeLogs(ctx, logs)
	if err == nil || !consumererror.IsPermanent(err) {
		return err
	}
	switch status := httpStatus(err); status {
	case http.StatusRequestEntityTooLarge:
		if logs.LogRecordCount() > 1 {
			return s.pushHalves(ctx, logs)
		}
		return s.bury(ctx, logs, status)
	case 0, http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return s.bury(ctx, logs, status)
	default:
		// A wrong key, a wrong path, a fault of the store: once that is put right the records are welcome.
		return fmt.Errorf("refused, but not because of the records: %s", err.Error())
	}
}

// pushHalves sends a batch that is too large in two parts. When the first half is through and the
// second is not, the retry sends both again.
func (s *sender) pushHalves(ctx context.Context, logs plog.Logs) error {
	first, second := halves(logs)
	if err := s.push(ctx, first); err != nil {
		return err
	}
	return s.push(ctx, second)
}

// bury writes the batch to the dead-letter file. Only a write that failed is tried again.
func (s *sender) bury(ctx context.Context, logs plog.Logs, status int) error {
	line, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		return fmt.Errorf("dead letter: %s", err.Error())
	}
	if err := s.dead.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("dead letter: %s", err.Error())
	}
	n := logs.LogRecordCount()
	s.letters.Add(ctx, int64(n))
	s.logger.Warn("The store refused records for good; they are in the dead-letter file.",
		zap.Int("records", n), zap.Int("http_status", status), zap.String("file", s.options.Path))
	return nil
}

// statusPattern reads the status out of the text of upstream's error: the error's own type is private,
// and its gRPC code stands for several.
var statusPattern = regexp.MustCompile(`HTTP Status Code (\d{3})`)

// httpStatus returns the HTTP status that an error of upstream's exporter is about, or 0.
func httpStatus(err error) int {
	match := statusPattern.FindStringSubmatch(err.Error())
	if match == nil {
		return 0
	}
	status, _ := strconv.Atoi(match[1])
	return status
}

// halves copies a batch into two of about the same number of records.
func halves(logs plog.Logs) (first, second plog.Logs) {
	first, second = plog.NewLogs(), plog.NewLogs()
	left := logs.LogRecordCount() / 2
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			n := scope.LogRecords().Len()
			copyRecords(first, resource, scope, 0, min(left, n))
			copyRecords(second, resource, scope, min(left, n), n)
			left -= min(left, n)
		}
	}
	return first, second
}

func copyRecords(to plog.Logs, resource plog.ResourceLogs, scope plog.ScopeLogs, from, until int) {
	if from == until {
		return
	}
	r := to.ResourceLogs().AppendEmpty()
	resource.Resource().CopyTo(r.Resource())
	r.SetSchemaUrl(resource.SchemaUrl())
	s := r.ScopeLogs().AppendEmpty()
	scope.Scope().CopyTo(s.Scope())
	s.SetSchemaUrl(scope.SchemaUrl())
	for i := from; i < until; i++ {
		scope.LogRecords().At(i).CopyTo(s.LogRecords().AppendEmpty())
	}
}
