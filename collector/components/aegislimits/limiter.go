package aegislimits

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

var (
	_ extension.Extension            = (*limiter)(nil)
	_ extensionmiddleware.HTTPServer = (*limiter)(nil)
	_ extensionmiddleware.GRPCServer = (*limiter)(nil)
)

// limiter holds one memory budget for all receivers that name it.
type limiter struct {
	component.StartFunc
	component.ShutdownFunc
	limits      Limits
	memory      budget
	requests    atomic.Int64
	maxRequests int64
	timeout     time.Duration
	logger      *zap.Logger
	counter     metric.Int64Counter
}

func newLimiter(cfg *Config, set component.TelemetrySettings) (*limiter, error) {
	counter, err := set.MeterProvider.Meter(scopeName).Int64Counter("aegis_limits_refused_requests",
		metric.WithDescription("Requests refused before they were decoded, by transport and reason (limit, memory)"),
		metric.WithUnit("{requests}"))
	if err != nil {
		return nil, err
	}
	return &limiter{
		limits:      cfg.Limits,
		memory:      budget{most: int64(cfg.MaxInFlightMiB) << 20},
		maxRequests: int64(cfg.MaxRequests),
		timeout:     cfg.Timeout,
		logger:      set.Logger,
		counter:     counter,
	}, nil
}

// GetHTTPHandler is what receivers over HTTP call.
func (l *limiter) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return l.wrapHTTP, nil
}

func (l *limiter) refused(ctx context.Context, transport string, err error) {
	reason := "limit"
	if errors.Is(err, errNoMemory) {
		reason = "memory"
	}
	l.counter.Add(ctx, 1, metric.WithAttributes(attribute.String("transport", transport), attribute.String("reason", reason)))
	l.logger.Warn("A request was refused before it was decoded.", zap.String("transport", transport), zap.Error(err))
}
