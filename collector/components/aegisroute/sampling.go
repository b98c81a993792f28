package aegisroute

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/names"
)

// sampler decides which of the thinned-out records stay.
type sampler struct {
	keepAll   bool
	threshold uint64 // of 56 random bits; a record stays when its bits are below
	all       bool
	loggers   []string
}

const randomBits = 56 // of a trace id, by W3C Trace Context Level 2, section "random-trace-id flag"

func newSampler(cfg SamplingConfig) *sampler {
	s := &sampler{
		keepAll:   cfg.Rate >= 1,
		threshold: uint64(math.Round(cfg.Rate * (1 << randomBits))),
	}
	for _, logger := range cfg.Loggers {
		switch logger = strings.TrimSpace(logger); logger {
		case "":
		case "*":
			s.all = true
		default:
			s.loggers = append(s.loggers, logger)
		}
	}
	return s
}

// keeps decides by trace, so that all records of one trace stay or go together, in every Collector.
func (s *sampler) keeps(f *fields) bool {
	if s.keepAll || f.class != classRest || f.level == names.LevelWarn || !s.covers(f.logger) {
		return true
	}
	return randomness(f) < s.threshold
}

func (s *sampler) covers(logger string) bool {
	if s.all {
		return true
	}
	for _, name := range s.loggers {
		if rest, found := strings.CutPrefix(logger, name); found && (rest == "" || rest[0] == '.') {
			return true
		}
	}
	return false
}

func randomness(f *fields) uint64 {
	id := f.record.TraceID()
	if !id.IsEmpty() {
		return mixed(binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:]))
	}
	hash := fnv.New64a()
	if f.correlationID != "" {
		_, _ = hash.Write([]byte(f.correlationID))
	} else {
		var stamp [8]byte
		binary.BigEndian.PutUint64(stamp[:], uint64(stampOf(f.record)))
		_, _ = hash.Write(stamp[:])
		_, _ = hash.Write([]byte(f.message))
	}
	return mixed(hash.Sum64(), 0)
}

func stampOf(record plog.LogRecord) int64 {
	if t := record.Timestamp(); t != 0 {
		return int64(t)
	}
	return int64(record.ObservedTimestamp())
}

// mixed spreads the bits (the finalizer of SplitMix64), since not every sender's trace ids are random.
func mixed(a, b uint64) uint64 {
	z := a ^ (b * 0x9e3779b97f4a7c15)
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	z ^= z >> 31
	return z >> (64 - randomBits)
}
