package aegisotlphttp

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
)

// guardedExporter turns batches away while the queue's disk is nearly full. The error is one that tells
// the sender to try again.
type guardedExporter struct {
	exporter.Logs
	reserve *reserve
}

// ConsumeLogs implements consumer.Logs.
func (g *guardedExporter) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if err := g.reserve.check(); err != nil {
		return err
	}
	return g.Logs.ConsumeLogs(ctx, logs)
}

// checkInterval spares the system call for most batches; little can be written within it.
const checkInterval = 20 * time.Millisecond

type reserve struct {
	directory string
	minFree   uint64
	checked   atomic.Int64 // nanoseconds since the epoch
	free      atomic.Uint64
}

func newReserve(c ReserveConfig) *reserve {
	return &reserve{directory: c.Directory, minFree: c.MinFreeMegabytes << 20}
}

func (r *reserve) check() error {
	if r.directory == "" || r.minFree == 0 {
		return nil
	}
	if now := time.Now().UnixNano(); now-r.checked.Load() > int64(checkInterval) {
		free, err := freeBytes(r.directory)
		if err != nil {
			return fmt.Errorf("free space of %s: %w", r.directory, err)
		}
		r.free.Store(free)
		r.checked.Store(now)
	}
	if free := r.free.Load(); free < r.minFree {
		return fmt.Errorf("the disk of %s is nearly full: %d MiB free, %d MiB wanted",
			r.directory, free>>20, r.minFree>>20)
	}
	return nil
}
