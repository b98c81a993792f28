package aegiswitness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

// maxQueue is how many batches may wait for the witness.
const maxQueue = 256

// tick is how often it looks for what has waited too long, and tries again what the disk refused.
const tick = time.Second

// witness is the processor. A goroutine of its own decides and writes; batches only bring it what they have.
type witness struct {
	cfg    *Config
	logger *zap.Logger
	next   consumer.Logs
	disk   disk.System
	meters *meters

	queue chan batch
	stuck atomic.Bool // the last wait was in vain, so nobody waits until the disk answers again
	quit  chan struct{}
	gone  chan struct{}

	// Of the goroutine.
	memory    *memory
	ledger    *ledger
	notes     map[record.Hash][]byte // what is safe on disk
	stale     bool                   // the evidence file is older than notes
	nextWrite time.Time              // of the evidence
	alarms    *alarms
}

// batch is what one batch of log records brought; done is closed when it is safe on disk.
type batch struct {
	sightings []sighting
	done      chan struct{}
}

func newWitness(cfg *Config, set component.TelemetrySettings, next consumer.Logs) (*witness, error) {
	meters, err := newMeters(set)
	if err != nil {
		return nil, err
	}
	return &witness{cfg: cfg, logger: set.Logger, next: next, disk: disk.OS, meters: meters}, nil
}

// Start implements component.Component: it reads what is remembered.
func (w *witness) Start(context.Context, component.Host) error {
	known, err := loadTrust(w.cfg.TrustedKeys, func(err error) {
		w.logger.Error("The trusted keys cannot be read again; those that were read before stay in force.", zap.Error(err))
	})
	if err != nil {
		return err
	}
	memory, origins, err := openMemory(w.disk, w.cfg.Directory)
	if err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	own, err := w.ownKey()
	if err != nil {
		return errors.Join(err, memory.close())
	}
	w.memory = memory
	w.alarms = startAlarms(w.cfg.Name, w.logger, w.next)
	w.ledger = &ledger{
		origins: origins, orphans: map[record.Hash][]waiter{}, changed: map[record.Hash]*origin{},
		trust: known, witness: own, hold: w.cfg.HoldTime, tell: w.tell,
	}
	w.notes, w.stale, w.nextWrite = map[record.Hash][]byte{}, true, time.Time{}
	for chain, o := range origins {
		if o.damaged {
			w.logger.Error("What the witness remembers of a chain is damaged. Its checkpoints are refused; nothing else is touched.",
				zap.Stringer("chain", chain), zap.String("file", filepath.Join(w.cfg.Directory, chain.String()+originSuffix)))
		}
		if len(o.note) > 0 {
			w.notes[chain] = o.note
		}
	}
	w.meters.chains.Store(int64(len(origins)))
	w.queue, w.quit, w.gone = make(chan batch, maxQueue), make(chan struct{}), make(chan struct{})
	w.logger.Info("Audit checkpoints are witnessed. Verifiers trust this witness by its key.",
		zap.String("key", own.Vkey()), zap.Int("chains", len(origins)))
	go w.run()
	return nil
}

// ownKey reads or makes the witness' key, and writes the public one beside it.
func (w *witness) ownKey() (*note.Witness, error) {
	private, err := loadKey(w.cfg.Directory)
	if err != nil {
		return nil, err
	}
	own, err := note.NewWitness(w.cfg.Name, private, func() int64 { return time.Now().Unix() })
	if err != nil {
		return nil, err
	}
	return own, os.WriteFile(filepath.Join(w.cfg.Directory, vkeyFile), []byte(own.Vkey()+"\n"), 0o600)
}

// Shutdown implements component.Component.
func (w *witness) Shutdown(context.Context) error {
	if w.quit == nil {
		return w.meters.close()
	}
	close(w.quit)
	<-w.gone
	w.quit = nil
	w.alarms.stop()
	return errors.Join(w.memory.close(), w.meters.close())
}

// Capabilities implements consumer.Logs: batches are only read.
func (w *witness) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// ConsumeLogs hands the batch on as it came. The sender gets its answer when the checkpoints in it are safe as well, but
// waits no longer than Patience for that, and not at all while the witness' disk hangs.
func (w *witness) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	seen := sightingsIn(logs)
	if len(seen) == 0 {
		return w.next.ConsumeLogs(ctx, logs)
	}
	mine := batch{seen, make(chan struct{})}
	queued := true
	select {
	case w.queue <- mine:
	default:
		queued = false
		w.meters.skip(len(seen))
	}
	if err := w.next.ConsumeLogs(ctx, logs); err != nil {
		return err
	}
	if !queued || w.stuck.Load() {
		return nil
	}
	patience := time.NewTimer(w.cfg.Patience)
	defer patience.Stop()
	select {
	case <-mine.done:
	case <-w.gone:
	case <-ctx.Done():
	case <-patience.C:
		if w.stuck.CompareAndSwap(false, true) {
			w.logger.Warn("The witness' disk does not answer; log records go on without waiting for it.")
		}
	}
	return nil
}

// run decides on what comes until the end, and once more on what is in the queue then.
func (w *witness) run() {
	defer close(w.gone)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case first := <-w.queue:
			w.work([]batch{first})
		case now := <-ticker.C:
			w.ledger.expire(now)
			w.work(nil)
		case <-w.quit:
			w.nextWrite = time.Time{}
			w.work(nil)
			return
		}
	}
}

// work decides on these batches and all that wait, and makes them safe with one write for each chain.
func (w *witness) work(batches []batch) {
	for more := true; more && len(batches) < maxQueue; {
		select {
		case another := <-w.queue:
			batches = append(batches, another)
		default:
			more = false
		}
	}
	now := time.Now()
	for _, b := range batches {
		for _, s := range b.sightings {
			w.ledger.take(s, now)
		}
	}
	if !w.save() {
		return // they stay changed, so the next tick tries again; nobody hears that they are safe
	}
	w.stuck.Store(false)
	for _, b := range batches {
		close(b.done)
	}
	w.publish(now)
}

func (w *witness) save() bool {
	if len(w.ledger.changed) == 0 {
		return true
	}
	changed := make([]*origin, 0, len(w.ledger.changed))
	for _, o := range w.ledger.changed {
		changed = append(changed, o)
	}
	if err := w.memory.save(changed); err != nil {
		w.alarms.often(w.logger, "The witness cannot write down what it saw. It tries again; log records are not affected.", err)
		w.meters.failures.Add(1)
		return false
	}
	for _, o := range changed {
		if len(o.note) > 0 {
			w.notes[o.chain] = o.note
			w.stale = true
		}
	}
	clear(w.ledger.changed)
	w.meters.chains.Store(int64(len(w.ledger.origins)))
	return true
}

// publish writes the evidence file, at most for a twentieth of the time.
func (w *witness) publish(now time.Time) {
	if !w.stale || now.Before(w.nextWrite) {
		return
	}
	started := time.Now()
	if err := w.memory.publish(w.notes); err != nil {
		w.alarms.often(w.logger, "The witness cannot write its evidence. It tries again; log records are not affected.", err)
		w.meters.failures.Add(1)
	} else {
		w.stale = false
	}
	w.nextWrite = now.Add(20 * time.Since(started))
}

// tell counts a verdict, and raises an alarm if it is a refusal.
func (w *witness) tell(chain record.Hash, size int64, v verdict) {
	w.meters.decided(v)
	switch v {
	case taken, same, held:
	case repeated:
		w.logger.Info("An audit checkpoint came again; it is not cosigned again.", zap.Stringer("chain", chain), zap.Int64("size", size))
	default:
		w.alarms.raise(w.logger, chain, size, v)
	}
}
