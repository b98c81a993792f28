package aegiswitness

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// Bounds of alarms. One sender can cause very many refusals, of which the first of each kind says as much as all.
const (
	maxAlarms  = 256
	quiet      = time.Hour // until the same is said again of a chain
	maxQuiet   = 10_000
	perMinute  = 60 // of what needs the key of a chain or a node; and again as many that anybody can cause
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// meaning says in words what a refusal means.
var meaning = map[verdict]string{
	fork:        "the chain has another history than the one that was witnessed",
	rollback:    "the chain has gone back behind what was witnessed",
	signature:   "it is not signed by the chain's key",
	endorsement: "no node key endorses the chain's key",
	untrusted:   "the chain's node key is not among the trusted keys",
	otherKey:    "the chain is opened a second time, with another key",
	unproven:    "what it follows did not come in time",
	crowded:     "too many checkpoints wait for earlier ones",
	damaged:     "what is remembered of the chain is damaged",
}

// alarms tells refusals: in the Collector's log, and as log records that go the way of all others.
type alarms struct {
	name  string
	said  map[saying]time.Time
	queue chan plog.Logs
	quit  chan struct{}
	gone  chan struct{}
	last  time.Time // of an error of the disk
	count [2]int    // of this minute: of what needs a key, of what anybody can cause
	since time.Time
}

type saying struct {
	chain record.Hash
	about verdict
}

func startAlarms(name string, logger *zap.Logger, next consumer.Logs) *alarms {
	a := &alarms{
		name: name, said: map[saying]time.Time{}, queue: make(chan plog.Logs, maxAlarms), quit: make(chan struct{}), gone: make(chan struct{}),
	}
	go a.run(logger, next)
	return a
}

func (a *alarms) stop() {
	close(a.quit)
	<-a.gone
}

// byAnybody tells refusals that a sender without any key can cause.
func byAnybody(v verdict) bool {
	return v != fork && v != rollback && v != otherKey
}

// allows counts an alarm of this minute, and says once if there are too many.
func (a *alarms) allows(logger *zap.Logger, v verdict, now time.Time) bool {
	if now.Sub(a.since) >= time.Minute {
		a.since, a.count = now, [2]int{}
	}
	count := &a.count[0]
	if byAnybody(v) {
		count = &a.count[1]
	}
	if *count++; *count == perMinute+1 {
		logger.Error("There are very many refusals. For the rest of this minute, those like this one are only counted.", zap.String("reason", string(v)))
	}
	return *count <= perMinute
}

// raise tells a refusal, unless the same was told of this chain in the last hour, or there are too many.
func (a *alarms) raise(logger *zap.Logger, chain record.Hash, size int64, v verdict) {
	now := time.Now()
	if now.Sub(a.said[saying{chain, v}]) < quiet {
		return
	}
	if !a.allows(logger, v, now) {
		return
	}
	if len(a.said) >= maxQuiet {
		clear(a.said)
	}
	a.said[saying{chain, v}] = now
	logger.Error("An audit checkpoint is refused: "+meaning[v]+".",
		zap.String("reason", string(v)), zap.Stringer("chain", chain), zap.Int64("size", size))
	select {
	case a.queue <- a.record(chain, size, v, now):
	default:
		logger.Error("An alarm of the witness could not be sent as a log record: too many wait.", zap.Stringer("chain", chain))
	}
}

// often logs an error of the disk, at most once a minute.
func (a *alarms) often(logger *zap.Logger, text string, err error) {
	if now := time.Now(); now.Sub(a.last) >= time.Minute {
		a.last = now
		logger.Error(text, zap.Error(err))
	}
}

// record is the alarm as a log record. It is no audit record: nobody has sealed it.
func (a *alarms) record(chain record.Hash, size int64, v verdict, now time.Time) plog.Logs {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "aegis-otelcol")
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName("aegis_witness")
	log := scope.LogRecords().AppendEmpty()
	log.SetTimestamp(pcommon.NewTimestampFromTime(now))
	log.SetObservedTimestamp(log.Timestamp())
	log.SetSeverityNumber(plog.SeverityNumberError)
	log.SetSeverityText("ERROR")
	log.Body().SetStr("Audit checkpoint refused: " + meaning[v])
	log.Attributes().PutStr("witness", a.name)
	log.Attributes().PutStr("refusal", string(v))
	log.Attributes().PutStr("chain", chain.String())
	log.Attributes().PutInt("size", size)
	return logs
}

// run sends alarms until the end, each until it is taken; at the end each once.
func (a *alarms) run(logger *zap.Logger, next consumer.Logs) {
	defer close(a.gone)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for {
		select {
		case logs := <-a.queue:
			a.send(ctx, logger, next, logs)
			continue
		default:
		}
		select {
		case logs := <-a.queue:
			a.send(ctx, logger, next, logs)
		case <-a.quit:
			return
		}
	}
}

func (a *alarms) send(ctx context.Context, logger *zap.Logger, next consumer.Logs, logs plog.Logs) {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		mine := plog.NewLogs()
		logs.CopyTo(mine) // who takes it may change it
		err := next.ConsumeLogs(ctx, mine)
		if err == nil {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-a.quit:
			timer.Stop()
			logger.Error("An alarm of the witness could not be sent as a log record before the end.", zap.Error(err))
			return
		}
	}
}
