package aegisotlphttp

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

func init() { drainTime = time.Minute } // a busy machine may need more than a few seconds to send a record

// store is a server that answers as it is told, and keeps what it accepted.
type store struct {
	*httptest.Server
	mu       sync.Mutex
	answer   func(request int, records []string) (status int, header http.Header, body []byte)
	requests int
	headers  []http.Header
	records  []string
}

func newStore(t *testing.T, answer func(int, []string) (int, http.Header, []byte)) *store {
	t.Helper()
	s := &store{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := plogotlp.NewExportRequest()
		if err := request.UnmarshalProto(body); err != nil {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		records := bodies(request.Logs())
		s.mu.Lock()
		defer s.mu.Unlock()
		status, header, reply := s.answer(s.requests, records)
		s.requests++
		s.headers = append(s.headers, r.Header)
		if status == http.StatusOK {
			s.records = append(s.records, records...)
		}
		for name := range header {
			w.Header().Set(name, header.Get(name))
		}
		w.WriteHeader(status)
		_, _ = w.Write(reply)
	}))
	t.Cleanup(s.Close)
	return s
}

func statuses(all ...int) func(int, []string) (int, http.Header, []byte) {
	return func(request int, _ []string) (int, http.Header, []byte) {
		return all[min(request, len(all)-1)], nil, nil
	}
}

func (s *store) accepted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.records...)
}

func (s *store) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func bodies(logs plog.Logs) []string {
	var all []string
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				all = append(all, record.Body().Str())
			}
		}
	}
	return all
}

func config(t *testing.T, s *store) *Config {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.ClientConfig.Endpoint = s.URL + "/v1/logs"
	cfg.ClientConfig.Compression = configcompression.Type("none")
	cfg.Queue.Directory = filepath.Join(t.TempDir(), "queue")
	cfg.DeadLetter.Directory = filepath.Join(t.TempDir(), "dead")
	cfg.Batch.FlushTimeout = 0
	cfg.Retry = RetryConfig{InitialInterval: time.Millisecond, MaxInterval: 10 * time.Millisecond}
	require.NoError(t, cfg.Validate())
	return cfg
}

func start(t *testing.T, cfg *Config) exporter.Logs {
	t.Helper()
	factory := NewFactory()
	settings := exportertest.NewNopSettings(factory.Type())
	settings.ID = component.NewIDWithName(factory.Type(), "test")
	exp, err := factory.CreateLogs(context.Background(), settings, cfg)
	require.NoError(t, err)
	require.NoError(t, exp.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, exp.Shutdown(context.Background())) })
	return exp
}

func send(t *testing.T, exp exporter.Logs, texts ...string) {
	t.Helper()
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, text := range texts {
		records.AppendEmpty().Body().SetStr(text)
	}
	require.NoError(t, exp.ConsumeLogs(context.Background(), logs))
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, time.Minute, time.Millisecond)
}

func deadLetters(t *testing.T, cfg *Config) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(cfg.DeadLetter.Directory, "test.jsonl"))
	require.NoError(t, err)
	return string(content)
}

func TestRecordsArriveInOrder(t *testing.T) {
	s := newStore(t, statuses(200))
	exp := start(t, config(t, s))
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprint(i))
		send(t, exp, fmt.Sprint(i))
	}
	eventually(t, func() bool { return len(s.accepted()) == 50 })
	require.Equal(t, want, s.accepted())
}

func TestWhatTheStoreCannotTakeNowIsSentAgain(t *testing.T) {
	for _, status := range []int{401, 403, 404, 408, 429, 500, 502, 503, 504} {
		s := newStore(t, statuses(status, status, 200))
		cfg := config(t, s)
		send(t, start(t, cfg), "x")
		eventually(t, func() bool { return len(s.accepted()) == 1 })
		require.Equal(t, 3, s.asked(), status)
		require.Empty(t, deadLetters(t, cfg))
	}
}

func TestWhatTheStoreRefusesIsADeadLetterWithItsReason(t *testing.T) {
	s := newStore(t, func(request int, _ []string) (int, http.Header, []byte) {
		if request == 0 {
			return 400, nil, []byte("entry too old")
		}
		return 200, nil, nil
	})
	cfg := config(t, s)
	exp := start(t, cfg)
	send(t, exp, "bad")
	eventually(t, func() bool { return deadLetters(t, cfg) != "" })
	send(t, exp, "good")
	eventually(t, func() bool { return len(s.accepted()) == 1 })
	letter := deadLetters(t, cfg)
	require.Contains(t, letter, `"httpStatus":400,"reason":"entry too old"`)
	logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(letter))
	require.NoError(t, err, "a file receiver must be able to read it back")
	require.Equal(t, []string{"bad"}, bodies(logs))
}

func TestARejectionInPartIsADeadLetter(t *testing.T) {
	reply := plogotlp.NewExportResponse()
	reply.PartialSuccess().SetRejectedLogRecords(1)
	reply.PartialSuccess().SetErrorMessage("no")
	body, err := reply.MarshalProto()
	require.NoError(t, err)
	s := newStore(t, func(int, []string) (int, http.Header, []byte) {
		return 200, http.Header{"Content-Type": {contentType}}, body
	})
	cfg := config(t, s)
	send(t, start(t, cfg), "a", "b")
	eventually(t, func() bool { return strings.Contains(deadLetters(t, cfg), "1 records rejected: no") })
}

func TestATooLargeRequestIsSplitDownToOneRecord(t *testing.T) {
	s := newStore(t, func(_ int, records []string) (int, http.Header, []byte) {
		if len(records) > 1 || records[0] == "huge" {
			return 413, nil, nil
		}
		return 200, nil, nil
	})
	cfg := config(t, s)
	send(t, start(t, cfg), "a", "b", "huge", "c", "d")
	eventually(t, func() bool { return len(s.accepted()) == 4 && deadLetters(t, cfg) != "" })
	require.Equal(t, []string{"a", "b", "c", "d"}, s.accepted())
	require.Contains(t, deadLetters(t, cfg), "huge")
}

func TestOnlyTheRefusedRecordsOfABatchAreDeadLetters(t *testing.T) {
	s := newStore(t, func(_ int, records []string) (int, http.Header, []byte) {
		if slices.Contains(records, "bad") || slices.Contains(records, "worse") {
			return 400, nil, []byte("too old")
		}
		return 200, nil, nil
	})
	cfg := config(t, s)
	texts := make([]string, 100)
	for i := range texts {
		texts[i] = fmt.Sprint("good ", i)
	}
	texts[17], texts[83] = "bad", "worse"
	send(t, start(t, cfg), texts...)
	eventually(t, func() bool { return len(s.accepted()) == 98 && strings.Count(deadLetters(t, cfg), "\n") == 2 })
	require.Equal(t, slices.DeleteFunc(slices.Clone(texts), func(text string) bool {
		return text == "bad" || text == "worse"
	}), s.accepted(), "in their order, each once")
	require.Contains(t, deadLetters(t, cfg), `"bad"`)
	require.Contains(t, deadLetters(t, cfg), `"worse"`)
	require.NotContains(t, deadLetters(t, cfg), "good")
}

func TestTheSearchForRefusedRecordsIsBounded(t *testing.T) {
	s := newStore(t, statuses(400))
	cfg := config(t, s)
	texts := make([]string, 1000)
	for i := range texts {
		texts[i] = fmt.Sprint("record ", i)
	}
	cfg.Batch.MaxRecords = len(texts)
	send(t, start(t, cfg), texts...)
	eventually(t, func() bool { return strings.Count(deadLetters(t, cfg), `"record `) == len(texts) })
	require.LessOrEqual(t, s.asked(), maxSearch+2)
}

func TestDeadLettersAreSentAgainFromTheResendFolder(t *testing.T) {
	var fixed atomic.Bool
	s := newStore(t, func(int, []string) (int, http.Header, []byte) {
		if fixed.Load() {
			return 200, nil, nil
		}
		return 400, nil, []byte("stream limit")
	})
	cfg := config(t, s)
	exp := start(t, cfg)
	send(t, exp, "first")
	eventually(t, func() bool { return strings.Contains(deadLetters(t, cfg), "first") })
	folder := filepath.Join(cfg.DeadLetter.Directory, "resend")
	require.NoError(t, os.Mkdir(folder, 0o700))
	move := func() {
		require.NoError(t, os.Rename(filepath.Join(cfg.DeadLetter.Directory, "test.jsonl"), filepath.Join(folder, "test.jsonl")))
	}
	move()
	again := filepath.Join(cfg.DeadLetter.Directory, "test.jsonl") // refused again, in a new file
	eventually(t, func() bool { letter, _ := os.ReadFile(again); return strings.Contains(string(letter), "first") })
	fixed.Store(true)
	move()
	eventually(t, func() bool { return len(s.accepted()) == 1 && len(names(t, folder)) == 0 })
	require.Equal(t, []string{"first"}, s.accepted())
}

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestAFileToSendAgainIsNotTakenForTheOneBeforeOfItsName(t *testing.T) {
	s := newStore(t, statuses(503))
	cfg := config(t, s)
	cfg.Queue.MaxMegabytes = 1
	exp := start(t, cfg)
	large := strings.Repeat("x", 1<<20)
	send(t, exp, large) // the queue is full, so the files have to wait

	folder := filepath.Join(cfg.DeadLetter.Directory, "resend")
	name := filepath.Join(folder, "test.jsonl")
	put := func(text string) {
		temporary := filepath.Join(cfg.DeadLetter.Directory, "temporary")
		require.NoError(t, os.MkdirAll(folder, 0o700))
		require.NoError(t, os.WriteFile(temporary, letterOf(t, text), 0o600))
		require.NoError(t, os.Rename(temporary, name))
	}
	put("one")
	eventually(t, func() bool { _, err := os.Stat(name); return os.IsNotExist(err) })
	require.Len(t, names(t, folder), 1, "it is being sent")
	put("two")
	require.NoError(t, exp.Shutdown(context.Background()))
	require.Len(t, names(t, folder), 2, "neither is lost")

	s.mu.Lock()
	s.answer = statuses(200)
	s.mu.Unlock()
	start(t, cfg)
	eventually(t, func() bool { return len(s.accepted()) == 3 && len(names(t, folder)) == 0 })
	require.ElementsMatch(t, []string{large, "one", "two"}, s.accepted())
}

func TestAShutdownWaitsNoLongerForAFileToSendAgainThanForTheStore(t *testing.T) {
	s := newStore(t, statuses(200))
	exp := start(t, config(t, s)).(*logsExporter)
	name := filepath.Join(t.TempDir(), "test.jsonl")
	require.NoError(t, os.WriteFile(name, bytes.Repeat(letterOf(t, "x"), 3), 0o600))
	running, ended := context.Background(), func() context.Context {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return ctx
	}()
	records, _, err := exp.queueFile(ended, ended, name)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, records, "though the queue has room")
	records, _, err = exp.queueFile(ended, running, name)
	require.NoError(t, err)
	require.Equal(t, 3, records)
}

func letterOf(t *testing.T, text string) []byte {
	t.Helper()
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(text)
	line, err := letter(logs, answer{})
	require.NoError(t, err)
	return line
}

func TestAFileOfDeadLettersThatCannotBeReadIsKept(t *testing.T) {
	s := newStore(t, statuses(200))
	cfg := config(t, s)
	folder := filepath.Join(cfg.DeadLetter.Directory, "resend")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	line := letterOf(t, "good")
	name := filepath.Join(folder, "test-20260101T000000.000000000Z.jsonl")
	require.NoError(t, os.WriteFile(name, append(line, "no JSON\n"...), 0o600))
	other := filepath.Join(folder, "test-other.jsonl")
	require.NoError(t, os.WriteFile(other, line, 0o600))
	start(t, cfg)
	eventually(t, func() bool { return len(s.accepted()) == 1 })
	eventually(t, func() bool {
		kept, err := filepath.Glob(name + ".*" + unreadSuffix)
		return err == nil && len(kept) == 1
	})
	require.FileExists(t, other, "another exporter's")
}

func TestABatchLargerThanTheLimitIsQueuedInParts(t *testing.T) {
	s := newStore(t, statuses(200))
	cfg := config(t, s)
	cfg.Batch.MinBytes, cfg.Batch.MaxBytes = 0, 100
	send(t, start(t, cfg), strings.Repeat("a", 60), strings.Repeat("b", 60), strings.Repeat("c", 60))
	eventually(t, func() bool { return len(s.accepted()) == 3 })
	require.Equal(t, 3, s.asked())
}

func TestARequestHasNoMoreRecordsThanACrashMayRepeat(t *testing.T) {
	s := newStore(t, statuses(200))
	cfg := config(t, s)
	cfg.Batch.MaxRecords = 2
	send(t, start(t, cfg), "a", "b", "c", "d", "e")
	eventually(t, func() bool { return len(s.accepted()) == 5 })
	require.Equal(t, 3, s.asked())
}

func TestWhatIsLeftAtAShutdownIsSentAfterTheNextStart(t *testing.T) {
	s := newStore(t, statuses(503))
	cfg := config(t, s)
	exp := start(t, cfg)
	send(t, exp, "kept")
	eventually(t, func() bool { return s.asked() > 0 })
	require.NoError(t, exp.Shutdown(context.Background()))
	s.mu.Lock()
	s.answer = statuses(200)
	s.mu.Unlock()
	start(t, cfg)
	eventually(t, func() bool { return len(s.accepted()) == 1 })
}

func TestAShutdownSendsWhatWaitsForMore(t *testing.T) {
	s := newStore(t, statuses(200))
	cfg := config(t, s)
	cfg.Batch.FlushTimeout = time.Hour
	exp := start(t, cfg)
	send(t, exp, "x")
	require.NoError(t, exp.Shutdown(context.Background()))
	require.Equal(t, []string{"x"}, s.accepted())
}

func TestHeadersWithoutAValueAreNotSent(t *testing.T) {
	s := newStore(t, statuses(200))
	cfg := config(t, s)
	cfg.ClientConfig.Headers = configopaque.MapList{{Name: "X-Empty"}, {Name: "X-Full", Value: "v"}}
	send(t, start(t, cfg), "x")
	eventually(t, func() bool { return len(s.accepted()) == 1 })
	require.NotContains(t, s.headers[0], "X-Empty")
	require.Equal(t, "v", s.headers[0].Get("X-Full"))
	require.Len(t, cfg.ClientConfig.Headers, 2, "the configuration itself is not changed")
}

func TestTheStoresWishToWaitIsRead(t *testing.T) {
	require.Equal(t, 7*time.Second, retryAfter("7"))
	require.Equal(t, maxRetryAfter, retryAfter("100000"))
	require.Zero(t, retryAfter(""))
	require.Zero(t, retryAfter("-1"))
	require.Zero(t, retryAfter("soon"))
	require.Zero(t, retryAfter("1.5"))
	require.Equal(t, maxRetryAfter, retryAfter("9223372037"), "in nanoseconds more than 63 bits")
	require.Equal(t, maxRetryAfter, retryAfter(strings.Repeat("9", 300)))
	require.Equal(t, maxRetryAfter, retryAfter("Fri, 31 Dec 9999 23:59:59 GMT"))
	require.Zero(t, retryAfter("Thu, 01 Jan 1970 00:00:00 GMT"))
	date := time.Now().Add(time.Minute).UTC().Truncate(time.Second) // as the header has it
	in := retryAfter(date.Format(http.TimeFormat))
	require.LessOrEqual(t, in, time.Minute)
	require.GreaterOrEqual(t, in, time.Until(date))
}

func TestARedirectIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		stranger := newStore(t, statuses(200))
		s := newStore(t, func(request int, _ []string) (int, http.Header, []byte) {
			if request == 0 {
				return status, http.Header{"Location": {stranger.URL + "/v1/logs?key=secret"}}, nil
			}
			return 200, nil, nil
		})
		send(t, start(t, config(t, s)), "x")
		eventually(t, func() bool { return len(s.accepted()) == 1 })
		require.Zero(t, stranger.asked(), status)
	}
}

func TestAPageOfHTMLIsNotTheStoresConsent(t *testing.T) {
	s := newStore(t, func(request int, _ []string) (int, http.Header, []byte) {
		if request < 2 {
			return 203, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, []byte("<html>log in</html>")
		}
		return 200, nil, nil
	})
	send(t, start(t, config(t, s)), "x")
	eventually(t, func() bool { return len(s.accepted()) == 1 })
	require.Equal(t, 3, s.asked())
}

func TestUnusableDirectoriesStopTheStart(t *testing.T) {
	s := newStore(t, statuses(200))
	blocked := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	for _, change := range []func(*Config){
		func(c *Config) { c.Queue.Directory = blocked },
		func(c *Config) { c.DeadLetter.Directory = blocked },
	} {
		cfg := config(t, s)
		change(cfg)
		factory := NewFactory()
		exp, err := factory.CreateLogs(context.Background(), exportertest.NewNopSettings(factory.Type()), cfg)
		require.NoError(t, err)
		require.Error(t, exp.Start(context.Background(), componenttest.NewNopHost()))
		require.NoError(t, exp.Shutdown(context.Background()))
	}
}

func TestWrongConfigurationsSayWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"endpoint":     func(c *Config) { c.ClientConfig.Endpoint = "loki:3100" },
		"directory":    func(c *Config) { c.Queue.Directory = "" },
		"min_bytes":    func(c *Config) { c.Batch.MinBytes = c.Batch.MaxBytes + 1 },
		"max_records":  func(c *Config) { c.Batch.MaxRecords = 0 },
		"max_interval": func(c *Config) { c.Retry.MaxInterval = 0 },
		"dead_letter":  func(c *Config) { c.DeadLetter.Directory = "" },
	} {
		cfg := config(t, newStore(t, statuses(200)))
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), want)
	}
}

func TestGzipIsTheFastestUnlessALevelIsSet(t *testing.T) {
	// RFC 1952, 2.3.1: what the ninth byte says of the level.
	for level, said := range map[configcompression.Level]byte{0: 4, gzip.BestSpeed: 4, gzip.BestCompression: 2, 5: 0} {
		heads := make(chan []byte, 1)
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			heads <- body[:10]
		}))
		cfg := config(t, &store{Server: server})
		cfg.ClientConfig.Compression = configcompression.TypeGzip
		cfg.ClientConfig.CompressionParams.Level = level
		send(t, start(t, cfg), "a record")
		require.Equal(t, said, (<-heads)[8], "level %d", level)
		server.Close()
	}
}
