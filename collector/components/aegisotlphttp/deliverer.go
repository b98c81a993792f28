package aegisotlphttp

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.uber.org/zap"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/diskqueue"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/linefile"
)

// logEvery is how often a store that stays away is mentioned.
const logEvery = time.Minute

// deliverer takes batches from the queue and sees each one through: to the store, or to the dead letters.
//
// An entry of the queue is an OTLP export request. Several of them written one after the other are again
// one request (Protocol Buffers, "Encoding", section "Last One Wins": repeated fields concatenate), so
// batches are made without decoding anything.
type deliverer struct {
	cfg       *Config
	queue     *diskqueue.Queue
	dead      *linefile.File
	poster    *poster
	logger    *zap.Logger
	telemetry *telemetry
	settler   *settler // nil where nothing is kept

	failing  bool
	loggedAt time.Time
	partIsIn bool    // the store has acknowledged a part of the batch
	started  float64 // when the store was started, before it had any of the batch
}

// run delivers until receiving is done and the queue is empty or the store is away, or sending is done.
func (d *deliverer) run(receiving, sending context.Context) {
	limits := diskqueue.Limits{
		MinBytes: d.cfg.Batch.MinBytes, Linger: d.cfg.Batch.FlushTimeout,
		MaxBytes: d.cfg.Batch.MaxBytes, MaxRecords: d.cfg.Batch.MaxRecords,
	}
	var batch diskqueue.Batch
	for {
		waiting := receiving
		if receiving.Err() != nil {
			if d.queue.Size() == 0 {
				return
			}
			waiting, limits.Linger = sending, 0
		}
		switch err := d.queue.Read(waiting, &batch, limits); {
		case errors.Is(err, diskqueue.ErrClosed) || sending.Err() != nil:
			return
		case err != nil && waiting.Err() != nil:
			continue // from now on only what is left
		case err != nil:
			d.logger.Error("Reading the queue failed; it is tried again.", zap.Error(err))
			if !d.pause(receiving, sending, d.cfg.Retry.MaxInterval) {
				return
			}
			continue
		}
		if !d.deliver(receiving, sending, batch.Data) {
			return
		}
		d.telemetry.sent(batch.Records)
		if d.settler != nil {
			d.settler.keep(sending, batch.Data, batch.Records, d.started)
		}
		if !d.commit(receiving, sending, &batch) {
			return
		}
	}
}

func (d *deliverer) commit(receiving, sending context.Context, batch *diskqueue.Batch) bool {
	for {
		err := d.queue.Commit(batch)
		if err == nil {
			return true
		}
		d.logger.Error("Taking delivered records off the queue failed; it is tried again.", zap.Error(err))
		if !d.pause(receiving, sending, d.cfg.Retry.InitialInterval) {
			return false
		}
	}
}

// maxSearch bounds the requests that are made to find the records of a batch which the store refuses.
const maxSearch = 64

// deliver returns false when it was stopped before the batch was through.
func (d *deliverer) deliver(receiving, sending context.Context, data []byte) bool {
	search := maxSearch
	d.partIsIn = false
	return d.deliverPart(receiving, sending, data, &search)
}

// deliverPart sees a batch, or a part of one, through. What is too large goes on in halves, and so does what the store
// refuses, until the guilty records are alone or the search has cost too much.
func (d *deliverer) deliverPart(receiving, sending context.Context, data []byte, search *int) bool {
	wait := d.cfg.Retry.InitialInterval
	for {
		if d.settler != nil && !d.partIsIn {
			d.started = d.settler.store.known(sending)
		}
		a := d.poster.post(sending, data)
		switch a.verdict {
		case delivered:
			if d.settler != nil && !d.partIsIn && d.started == 0 {
				d.started = d.settler.store.afterwards(sending)
			}
			d.partIsIn = true
			d.noteSuccess()
			return true
		case tooLarge, refused:
			if a.verdict == tooLarge || *search > 0 {
				if both := halves(data); both != nil {
					if a.verdict == refused {
						*search -= len(both)
					}
					return d.deliverPart(receiving, sending, both[0].Data, search) &&
						d.deliverPart(receiving, sending, both[1].Data, search)
				}
			}
			if d.bury(data, a) {
				return true
			}
		case rejectedInPart:
			d.partIsIn = true
			if d.bury(data, a) {
				return true
			}
		case again:
			if sending.Err() != nil {
				return false
			}
			d.noteFailure(a)
			if d.settler != nil {
				d.settler.store.forget()
			}
		}
		if !d.pause(receiving, sending, max(jittered(wait), a.wait)) {
			return false
		}
		wait = min(2*wait, d.cfg.Retry.MaxInterval)
	}
}

// pause waits before the next try; during a shutdown there is none.
func (d *deliverer) pause(receiving, sending context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-receiving.Done():
	case <-sending.Done():
	}
	return false
}

// jittered takes up to a third off, so that many Collectors do not come back at the same moment.
func jittered(wait time.Duration) time.Duration {
	return wait - time.Duration(rand.Int64N(int64(wait)/3+1))
}

func (d *deliverer) noteFailure(a answer) {
	d.telemetry.retried()
	if d.failing && time.Since(d.loggedAt) < logEvery {
		return
	}
	d.failing, d.loggedAt = true, time.Now()
	d.logger.Warn("The store does not take records; they wait on disk and are sent as soon as it does.",
		zap.Int("http_status", a.status), zap.String("reason", a.reason), zap.Int64("waiting_bytes", d.queue.Size()))
}

func (d *deliverer) noteSuccess() {
	if d.failing {
		d.failing = false
		d.logger.Info("The store takes records again.", zap.Int64("waiting_bytes", d.queue.Size()))
	}
}

// refusal is what a dead letter tells beside the records.
type refusal struct {
	Time   string `json:"time"`
	Status int    `json:"httpStatus"`
	Reason string `json:"reason"`
}

// bury writes the batch to the dead-letter file, as one line of OTLP JSON that a file receiver can read
// back. It returns false when that failed and has to be tried again.
func (d *deliverer) bury(data []byte, a answer) bool {
	request := plogotlp.NewExportRequest()
	if err := request.UnmarshalProto(data); err != nil {
		d.logger.Error("The queue held what is no OTLP request; it is dropped.", zap.Error(err))
		return true
	}
	line, err := letter(request.Logs(), a)
	if err == nil {
		err = d.dead.Write(line)
	}
	if err != nil {
		d.logger.Error("Writing the dead-letter file failed; it is tried again.", zap.Error(err))
		return false
	}
	n := request.Logs().LogRecordCount()
	d.telemetry.buried(n)
	d.logger.Warn("The store refused records for good; they are in the dead-letter file.",
		zap.Int("records", n), zap.Int("http_status", a.status), zap.String("reason", a.reason))
	return true
}

func letter(logs plog.Logs, a answer) ([]byte, error) {
	head, err := json.Marshal(refusal{
		Time: time.Now().UTC().Format(time.RFC3339), Status: a.status, Reason: a.reason,
	})
	if err != nil {
		return nil, err
	}
	records, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		return nil, err
	}
	line := append([]byte(`{"refusal":`), head...)
	line = append(line, ',')
	line = append(line, records[1:]...)
	return append(line, '\n'), nil
}
