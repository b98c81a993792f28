package aegisotlphttp

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter"
)

func init() { askEvery = 5 * time.Millisecond }

// impatient makes the exporter wait for metrics no longer than a moment.
func impatient(t *testing.T) {
	before := askTimeout
	askTimeout = 10 * time.Millisecond
	t.Cleanup(func() { askTimeout = before })
}

const (
	noMetrics = 0
	isAway    = -1
)

// processes serves the metrics of a store, which was started at a time that a test changes.
func processes(t *testing.T) (*atomic.Int64, string) {
	t.Helper()
	started := new(atomic.Int64)
	started.Store(1_700_000_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch at := started.Load(); at {
		case isAway:
			w.WriteHeader(http.StatusServiceUnavailable)
		case noMetrics:
		default:
			fmt.Fprintf(w, "# HELP x\nprocess_resident_memory_bytes 1\nprocess_start_time_seconds %d\nz 1\n", at)
		}
	}))
	t.Cleanup(server.Close)
	return started, server.URL
}

func settling(t *testing.T, s *store, keep time.Duration) (*Config, *atomic.Int64) {
	t.Helper()
	cfg := config(t, s)
	started, url := processes(t)
	cfg.Settle = SettleConfig{Time: keep, MetricsURL: url}
	require.NoError(t, cfg.Validate())
	return cfg, started
}

// kept is how many bytes an exporter keeps of what was acknowledged.
func kept(exp exporter.Logs) int64 { return exp.(*logsExporter).settler.kept.Size() }

func TestWhatTheStoreMustHaveWrittenIsNotKept(t *testing.T) {
	s := newStore(t, statuses(200))
	cfg, _ := settling(t, s, 50*time.Millisecond)
	exp := start(t, cfg)
	send(t, exp, "a", "b")
	eventually(t, func() bool { return len(s.accepted()) == 2 && kept(exp) == 0 })
	require.Equal(t, 1, s.asked())
}

func TestWhatAStoreHadAcknowledgedBeforeItWasStartedAgainIsSentAgain(t *testing.T) {
	var started *atomic.Int64
	s := newStore(t, func(request int, _ []string) (int, http.Header, []byte) {
		if request == 0 {
			started.Store(isAway) // dies as soon as it has acknowledged
		}
		return 200, nil, nil
	})
	var cfg *Config
	cfg, started = settling(t, s, time.Millisecond)
	exp := start(t, cfg)
	send(t, exp, "a", "b")
	eventually(t, func() bool { return kept(exp) > 0 })
	started.Store(1_700_000_001)
	eventually(t, func() bool { return len(s.accepted()) == 4 && kept(exp) == 0 })
	require.Equal(t, []string{"a", "b", "a", "b"}, s.accepted())
}

func TestAStoreThatWasCutOffAndGoesOnGetsItsRecordsOnce(t *testing.T) {
	var started *atomic.Int64
	s := newStore(t, func(request int, _ []string) (int, http.Header, []byte) {
		switch request {
		case 1:
			started.Store(isAway)
			return 503, nil, nil
		case 2:
			started.Store(1_700_000_000) // back between the question for its start and the request
		}
		return 200, nil, nil
	})
	var cfg *Config
	cfg, started = settling(t, s, time.Millisecond)
	exp := start(t, cfg)
	send(t, exp, "a")
	eventually(t, func() bool { return len(s.accepted()) == 1 })
	send(t, exp, "b")
	eventually(t, func() bool { return len(s.accepted()) == 2 })
	send(t, exp, "c")
	eventually(t, func() bool { return len(s.accepted()) == 3 })
	eventually(t, func() bool { return kept(exp) == 0 && exp.(*logsExporter).queue.Load().Size() == 0 })
	require.Equal(t, []string{"a", "b", "c"}, s.accepted())
}

func TestWhatIsKeptOutlivesTheCollector(t *testing.T) {
	for name, restarted := range map[string]int64{"the same store": 0, "a store that was started again": 1} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, statuses(200))
			cfg, started := settling(t, s, time.Hour)
			first := start(t, cfg)
			send(t, first, "a")
			eventually(t, func() bool { return kept(first) > 0 })
			require.NoError(t, first.Shutdown(context.Background()))
			started.Add(restarted)
			cfg.Settle.Time = time.Millisecond
			second := start(t, cfg)
			eventually(t, func() bool { return kept(second) == 0 && len(s.accepted()) == 1+int(restarted) })
		})
	}
}

func TestAStoreThatDoesNotTellItsStartGetsItsRecordsOnce(t *testing.T) {
	s := newStore(t, statuses(200))
	cfg, started := settling(t, s, time.Millisecond)
	started.Store(noMetrics)
	exp := start(t, cfg)
	for _, text := range []string{"a", "b", "c"} {
		send(t, exp, text)
	}
	eventually(t, func() bool { return len(s.accepted()) == 3 && kept(exp) == 0 })
	require.Equal(t, []string{"a", "b", "c"}, s.accepted())
}

func TestSeveralProcessesBehindOneAddressDoNotMakeItSendWithoutEnd(t *testing.T) {
	s := newStore(t, statuses(200))
	cfg := config(t, s)
	var answers atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "process_start_time_seconds %d\n", 100+answers.Add(1)%2)
	}))
	t.Cleanup(server.Close)
	cfg.Settle = SettleConfig{Time: time.Millisecond, MetricsURL: server.URL}
	exp := start(t, cfg)
	send(t, exp, "a")
	eventually(t, func() bool {
		return exp.(*logsExporter).settler.store.isUnknowable() && kept(exp) == 0 && exp.(*logsExporter).queue.Load().Size() == 0
	})
	require.LessOrEqual(t, len(s.accepted()), 2)
}

func TestMetricsThatHangDoNotHoldUpDelivery(t *testing.T) {
	impatient(t)
	s := newStore(t, statuses(200))
	cfg := config(t, s)
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ended }))
	t.Cleanup(func() { close(ended); server.Close() })
	cfg.Settle = SettleConfig{Time: time.Hour, MetricsURL: server.URL}
	exp := start(t, cfg)
	for _, text := range []string{"a", "b", "c"} {
		send(t, exp, text)
	}
	eventually(t, func() bool { return len(s.accepted()) == 3 })
}

func TestSettlingNeedsAnAddress(t *testing.T) {
	cfg := config(t, newStore(t, statuses(200)))
	cfg.Settle.Time = time.Second
	require.ErrorContains(t, cfg.Validate(), "settle::metrics_url")
}
