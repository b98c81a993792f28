package aegisotlphttp

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.uber.org/zap"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/diskqueue"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/linefile"
)

const (
	maxSegmentBytes = 16 << 20

	// Buffers of batches that were divided are kept for further ones, unless they are very large.
	keptBuffers    = 2
	maxBufferBytes = 1 << 20
)

// drainTime is how long a shutdown goes on sending; what is left then waits on disk for the next start.
var drainTime = 5 * time.Second

// logsExporter puts records on the queue; its deliverer takes them from there.
type logsExporter struct {
	cfg       *Config
	set       exporter.Settings
	name      string
	queue     atomic.Pointer[diskqueue.Queue] // set by Start; metrics look at it at any time
	dead      *linefile.File
	telemetry *telemetry
	settler   *settler // nil where nothing is kept
	buffers   chan []byte

	stopping context.CancelFunc // nothing more comes: send what is there
	abandon  context.CancelFunc // stop sending
	sending  sync.WaitGroup
}

func newExporter(cfg *Config, set exporter.Settings) (*logsExporter, error) {
	name := set.ID.Name()
	if name == "" {
		name = set.ID.Type().String()
	}
	e := &logsExporter{cfg: cfg, set: set, name: filepath.Base(name), buffers: make(chan []byte, keptBuffers)}
	var err error
	e.telemetry, err = newTelemetry(set, func() (int64, int64) {
		queue := e.queue.Load()
		if queue == nil {
			return 0, 0
		}
		return queue.Size(), cfg.Queue.MaxMegabytes << 20
	})
	return e, err
}

// Start opens the files, so that a directory which cannot be used stops the start, and begins to send.
func (e *logsExporter) Start(ctx context.Context, host component.Host) error {
	client, err := e.cfg.ClientConfig.ToClient(ctx, host.GetExtensions(), quiet(e.set.TelemetrySettings))
	if err != nil {
		return err
	}
	queue, err := e.openQueue(e.name)
	if err != nil {
		return err
	}
	e.dead, err = linefile.Open(linefile.Options{
		Path:     filepath.Join(e.cfg.DeadLetter.Directory, e.name+".jsonl"),
		MaxBytes: e.cfg.DeadLetter.MaxMegabytes << 20,
		MaxFiles: e.cfg.DeadLetter.MaxFiles,
		Sync:     true,
		OnError: func(err error) {
			e.set.Logger.Error("The disk of the dead-letter file failed.", zap.Error(err))
		},
	})
	if err != nil {
		return fmt.Errorf("dead_letter::directory: %w", errors.Join(err, queue.Close()))
	}
	if e.cfg.Settle.Time > 0 {
		kept, err := e.openQueue(e.name + "-settling")
		if err != nil {
			return errors.Join(err, queue.Close(), e.dead.Close())
		}
		store := &storeStart{client: client, url: e.cfg.Settle.MetricsURL, logger: e.set.Logger}
		e.settler = &settler{time: e.cfg.Settle.Time, kept: kept, queue: queue, store: store, logger: e.set.Logger}
	}
	e.queue.Store(queue)
	d := &deliverer{
		cfg:       e.cfg,
		queue:     queue,
		dead:      e.dead,
		poster:    newPoster(client, e.cfg.ClientConfig, e.set.BuildInfo),
		logger:    e.set.Logger,
		telemetry: e.telemetry,
		settler:   e.settler,
	}
	receiving, stopping := context.WithCancel(context.Background())
	sending, abandon := context.WithCancel(context.Background())
	e.stopping, e.abandon = stopping, abandon
	e.sending.Go(func() { d.run(receiving, sending) })
	e.sending.Go(func() { e.resend(receiving, sending) })
	if e.settler != nil {
		e.sending.Go(func() { e.settler.run(receiving) })
	}
	return nil
}

// openQueue opens a queue on disk, in a folder of its own.
func (e *logsExporter) openQueue(name string) (*diskqueue.Queue, error) {
	maxBytes := e.cfg.Queue.MaxMegabytes << 20
	return diskqueue.Open(diskqueue.Options{
		Directory:    filepath.Join(e.cfg.Queue.Directory, name),
		MaxBytes:     maxBytes,
		SegmentBytes: min(maxSegmentBytes, max(maxBytes/8, 64<<10)),
		Sync:         e.cfg.Queue.Fsync,
	}, e.noteDisk)
}

// noteDisk logs and counts what a disk has done to a queue.
func (e *logsExporter) noteDisk(err error) {
	var damage *diskqueue.DamageError
	if errors.As(err, &damage) {
		e.telemetry.damaged(damage)
		e.set.Logger.Error("The disk damaged records of the queue.", zap.Error(err), zap.String("segment", damage.Segment),
			zap.Int64("offset", damage.Offset), zap.Int64("damaged_bytes", damage.Bytes), zap.Int64("lost_records", damage.Records),
			zap.Int("entries_behind", damage.Behind), zap.String("kept_in", damage.Kept))
		return
	}
	e.set.Logger.Error("The disk of the queue failed; delivery goes on.", zap.Error(err))
}

// Shutdown sends what it can in a short time. The rest stays on disk.
func (e *logsExporter) Shutdown(ctx context.Context) error {
	if e.stopping == nil {
		return nil
	}
	e.stopping()
	done := make(chan struct{})
	go func() {
		e.sending.Wait()
		close(done)
	}()
	limit := time.NewTimer(drainTime)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	case <-ctx.Done():
	}
	e.abandon()
	<-done
	failure := errors.Join(e.queue.Load().Close(), e.dead.Close(), e.telemetry.close())
	if e.settler != nil {
		failure = errors.Join(failure, e.settler.kept.Close())
	}
	return failure
}

// Capabilities implements consumer.Logs.
func (e *logsExporter) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// ConsumeLogs returns once the records are on disk. It waits while the queue is full.
func (e *logsExporter) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	records := logs.LogRecordCount()
	if records == 0 {
		return nil
	}
	entry, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	if err != nil {
		return err
	}
	most := limits{bytes: e.cfg.Batch.MaxBytes, records: e.cfg.Batch.MaxRecords}
	if records == 1 || len(entry) <= most.bytes && records <= most.records {
		return e.queue.Load().Append(ctx, diskqueue.Item{Data: entry, Records: records})
	}
	// The queue writes the parts before it returns, so the next batch can have their memory.
	divided, buffer, err := parts(entry, most, e.takeBuffer())
	defer e.keepBuffer(buffer)
	if err != nil {
		return err
	}
	return e.queue.Load().Append(ctx, divided...)
}

func (e *logsExporter) takeBuffer() []byte {
	select {
	case buffer := <-e.buffers:
		return buffer
	default:
		return nil
	}
}

func (e *logsExporter) keepBuffer(buffer []byte) {
	if cap(buffer) > maxBufferBytes {
		return
	}
	select {
	case e.buffers <- buffer:
	default:
	}
}
