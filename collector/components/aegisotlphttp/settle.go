package aegisotlphttp

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/diskqueue"
)

const (
	startMetric = "process_start_time_seconds"

	// An entry begins with the time of the acknowledgement and the start time of the store, 8 bytes each.
	settleHeader = 16

	keepTimeout = time.Second
)

var (
	// askEvery is how often a store is asked at most when it was started.
	askEvery = time.Second

	// askTimeout bounds how long an answer is waited for, as delivery waits too.
	askTimeout = 2 * time.Second
)

// settler keeps requests that the store has acknowledged until the store must have written them to its disk. Where the
// store was started again before that, it puts them back on the queue.
type settler struct {
	time   time.Duration
	kept   *diskqueue.Queue
	queue  *diskqueue.Queue
	store  *storeStart
	logger *zap.Logger
}

// keep takes a request that a store, started at that time, has acknowledged just now.
func (s *settler) keep(ctx context.Context, data []byte, records int, started float64) {
	if s.store.isUnknowable() {
		return
	}
	// Not for long: where both queues are full, each would wait for the other.
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	entry := make([]byte, settleHeader, settleHeader+len(data))
	binary.BigEndian.PutUint64(entry, uint64(time.Now().UnixNano()))
	binary.BigEndian.PutUint64(entry[8:], math.Float64bits(started))
	if err := s.kept.Append(ctx, diskqueue.Item{Data: append(entry, data...), Records: records}); err != nil {
		s.logger.Error("What the store has acknowledged cannot be kept; if the store dies now, it may be lost.",
			zap.Int("records", records), zap.Error(err))
	}
}

// run looks after what is kept, until ctx is done; the rest waits on disk for the next start.
func (s *settler) run(ctx context.Context) {
	var batch diskqueue.Batch
	for ctx.Err() == nil {
		err := s.kept.Read(ctx, &batch, diskqueue.Limits{MaxBytes: 1})
		if errors.Is(err, diskqueue.ErrClosed) || ctx.Err() != nil {
			return
		}
		if err == nil {
			err = s.settle(ctx, &batch)
		}
		if err == nil {
			err = s.kept.Commit(&batch)
		}
		if err != nil && ctx.Err() == nil {
			s.logger.Error("Looking after acknowledged records failed; it is tried again.", zap.Error(err))
			sleep(ctx, askEvery)
		}
	}
}

// settle returns nil once the entry is written by the store, or is on the queue again.
func (s *settler) settle(ctx context.Context, batch *diskqueue.Batch) error {
	if len(batch.Data) < settleHeader {
		s.logger.Error("An entry of acknowledged records is damaged; it is dropped.")
		return nil
	}
	acknowledged := time.Unix(0, int64(binary.BigEndian.Uint64(batch.Data)))
	started := math.Float64frombits(binary.BigEndian.Uint64(batch.Data[8:]))
	due := acknowledged.Add(s.time)
	if latest := time.Now().Add(s.time); due.After(latest) { // the clock was put back
		due = latest
	}
	sleep(ctx, time.Until(due))
	now, err := s.store.startedAfter(ctx, due)
	if err != nil || s.store.isUnknowable() || now == started {
		return err
	}
	s.logger.Warn("The store was started again before it must have written what it had acknowledged; this is sent again.",
		zap.Int("records", batch.Records))
	return s.queue.Append(ctx, diskqueue.Item{Data: batch.Data[settleHeader:], Records: batch.Records})
}

// storeStart knows when the store was started, which tells one of its processes from the next.
type storeStart struct {
	client *http.Client
	url    string
	logger *zap.Logger

	mu         sync.Mutex
	started    float64 // seconds since the epoch; 0 where it is not known
	latest     float64
	asked      time.Time // when that was
	unknowable bool
	failed     bool // it was away, and was not asked since it takes records again
}

// known returns when the store was started, by what was known last; it asks where nothing is known, and returns 0 where
// the store does not answer.
func (s *storeStart) known(ctx context.Context) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started == 0 && !s.unknowable && time.Since(s.asked) >= askEvery {
		_ = s.ask(ctx)
	}
	return s.started
}

// forget is for a store that has failed: it may be another process soon.
func (s *storeStart) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started, s.asked, s.failed = 0, time.Time{}, true
}

// afterwards returns when the process was started that has just acknowledged a request, where that was not known before
// it: it is the process of before, if that one answers now. Otherwise, 0. After a failure it asks once.
func (s *storeStart) afterwards(ctx context.Context) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.latest
	if s.failed && s.started == 0 && !s.unknowable {
		_ = s.ask(ctx)
	}
	s.failed = false
	if s.started == before {
		return before
	}
	return 0
}

func (s *storeStart) isUnknowable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unknowable
}

// startedAfter returns when the process was started that has answered at this moment or later; it waits for the answer.
func (s *storeStart) startedAfter(ctx context.Context, moment time.Time) (float64, error) {
	for {
		s.mu.Lock()
		started, asked, unknowable := s.started, s.asked, s.unknowable
		if !unknowable && (started == 0 || asked.Before(moment)) && time.Since(asked) >= askEvery {
			_ = s.ask(ctx)
			started, asked, unknowable = s.started, s.asked, s.unknowable
		}
		s.mu.Unlock()
		if unknowable || started != 0 && !asked.Before(moment) {
			return started, nil
		}
		if !sleep(ctx, askEvery) {
			return 0, ctx.Err()
		}
	}
}

// ask is called with the mutex held.
func (s *storeStart) ask(ctx context.Context) error {
	asked := time.Now()
	started, err := s.read(ctx)
	s.asked = asked
	switch {
	case errors.Is(err, errNoStart):
		s.unknowable = true
		s.logger.Warn("The store does not tell when it was started, so what it acknowledges is not kept any longer.",
			zap.String("url", s.url), zap.Error(err))
	case err != nil:
		s.started = 0
	case started < s.latest:
		s.unknowable = true
		s.logger.Warn("Several processes answer for the store, so what it acknowledges is not kept any longer.",
			zap.String("url", s.url))
	default:
		s.started, s.latest = started, started
	}
	return err
}

// errNoStart: there was an answer, and it does not say when the store was started.
var errNoStart = errors.New("no " + startMetric)

func (s *storeStart) read(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return 0, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests:
		return 0, errors.New(response.Status)
	case response.StatusCode != http.StatusOK:
		return 0, fmt.Errorf("%w: %s", errNoStart, response.Status)
	}
	lines := bufio.NewScanner(io.LimitReader(response.Body, 16<<20))
	for lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), startMetric+" "); found {
			if started, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil && started > 0 {
				_, _ = io.Copy(io.Discard, response.Body)
				return started, nil
			}
		}
	}
	if lines.Err() != nil {
		return 0, lines.Err()
	}
	return 0, errNoStart
}

// sleep returns false when ctx was done before the time was over.
func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
