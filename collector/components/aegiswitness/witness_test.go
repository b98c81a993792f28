package aegiswitness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	sumdb "golang.org/x/mod/sumdb/note"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trailtest"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

var nodeKey = trailtest.Seed("node")

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), mode))
	require.NoError(t, os.Chmod(path, mode))
}

func configOf(t *testing.T) *Config {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	folder := t.TempDir()
	cfg.Directory = filepath.Join(folder, "witness")
	cfg.TrustedKeys = filepath.Join(folder, "keys.txt")
	cfg.Patience = time.Minute
	write(t, cfg.TrustedKeys, trailtest.NodeVkey(nodeKey)+"\n", 0o600)
	return cfg
}

func witnessOf(t *testing.T, cfg *Config) (*witness, *consumertest.LogsSink) {
	t.Helper()
	sink := &consumertest.LogsSink{}
	w, err := newWitness(cfg, processortest.NewNopSettings(componentType).TelemetrySettings, sink)
	require.NoError(t, err)
	return w, sink
}

func startWitness(t *testing.T, cfg *Config) (*witness, *consumertest.LogsSink) {
	t.Helper()
	w, sink := witnessOf(t, cfg)
	require.NoError(t, w.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { stop(t, w) })
	return w, sink
}

func stop(t *testing.T, w *witness) {
	t.Helper()
	if w.quit != nil {
		require.NoError(t, w.Shutdown(context.Background()))
	}
}

// logsOf are records of a chain as an app sends them.
func logsOf(records ...trailtest.Record) plog.Logs {
	logs := plog.NewLogs()
	slice := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, r := range records {
		log := slice.AppendEmpty()
		stamp, _ := record.ParseTime(r["timestamp"].(string))
		log.SetTimestamp(pcommon.NewTimestampFromTime(stamp))
		log.Body().SetStr(r["message"].(string))
		for name, value := range r {
			switch value := value.(type) {
			case string:
				log.Attributes().PutStr(name, value)
			case int:
				log.Attributes().PutInt(name, int64(value))
			case []string:
				list := log.Attributes().PutEmptySlice(name)
				for _, item := range value {
					list.AppendEmpty().SetStr(item)
				}
			}
		}
	}
	return logs
}

func send(t *testing.T, w *witness, records ...trailtest.Record) {
	t.Helper()
	require.NoError(t, w.ConsumeLogs(context.Background(), logsOf(records...)))
}

// evidenceOf are the sizes that a witness' evidence states, after it was stopped. Each note must be signed by both.
func evidenceOf(t *testing.T, cfg *Config, chains ...*trailtest.Chain) map[string]int64 {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(cfg.Directory, evidenceFile))
	require.NoError(t, err)
	vkey, err := os.ReadFile(filepath.Join(cfg.Directory, vkeyFile))
	require.NoError(t, err)
	keys, err := note.ReadKeys(strings.NewReader(string(vkey)))
	require.NoError(t, err)
	require.Len(t, keys.Witnesses(), 1)
	signed, err := note.Split(content)
	require.NoError(t, err)
	sizes := map[string]int64{}
	for _, one := range signed {
		_, err := sumdb.Open(one, sumdb.VerifierList(keys.Witnesses()...))
		require.NoError(t, err)
		text, _, _ := strings.Cut(string(one), "\n\n")
		chain, size, _, err := note.ParseText(text + "\n")
		require.NoError(t, err)
		sizes[chain.String()] = size
		for _, c := range chains {
			if c.ID == chain.String() {
				require.Contains(t, string(one), string(c.Evidence(int(size), "x", nodeKey))[:100])
				verifier, err := sumdb.NewVerifier(trailtest.Vkey("aegis-otel.audit/"+c.ID, 1, c.Key))
				require.NoError(t, err)
				_, err = sumdb.Open(one, sumdb.VerifierList(verifier))
				require.NoError(t, err)
			}
		}
	}
	return sizes
}

// alarmsIn are the refusals that went out as log records.
func alarmsIn(sink *consumertest.LogsSink) []string {
	var refusals []string
	for _, logs := range sink.AllLogs() {
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, log := range scope.LogRecords().All() {
					if value, ok := log.Attributes().Get("refusal"); ok {
						refusals = append(refusals, value.Str())
					}
				}
			}
		}
	}
	return refusals
}

func requireAlarms(t *testing.T, sink *consumertest.LogsSink, wanted ...string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) { require.ElementsMatch(c, wanted, alarmsIn(sink)) }, time.Minute, 5*time.Millisecond)
}

func threeCheckpoints(word string) *trailtest.Chain {
	return trailtest.NewChain(word, nodeKey).Add(3).Checkpoint().Add(4).Checkpoint().Add(1).Close()
}

func TestCheckpointsAreCosignedAndKept(t *testing.T) {
	cfg := configOf(t)
	w, sink := startWitness(t, cfg)
	c, other := threeCheckpoints("a"), threeCheckpoints("b")
	send(t, w, c.Records...)
	send(t, w, other.Records[:6]...)
	require.Equal(t, len(c.Records)+6, sink.LogRecordCount(), "all records go on")
	stop(t, w)
	require.Equal(t, map[string]int64{c.ID: 12, other.ID: 5}, evidenceOf(t, cfg, c, other))
	require.Empty(t, alarmsIn(sink))
	for _, name := range []string{keyFile, evidenceFile, vkeyFile, c.ID + originSuffix} {
		info, err := os.Stat(filepath.Join(cfg.Directory, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestRecordsPassUnchangedWhateverTheyAre(t *testing.T) {
	w, sink := startWitness(t, configOf(t))
	strange := logsOf(trailtest.Record{"timestamp": "2026-01-31T12:00:00.000Z", "message": "x", "auditEvent": "checkpoint", "auditChain": "short"})
	log := strange.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
	log.Attributes().PutInt("auditEvent", 5)
	log = strange.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
	log.Attributes().PutStr("auditEvent", "opened")
	before := plog.NewLogs()
	strange.CopyTo(before)
	require.NoError(t, w.ConsumeLogs(context.Background(), strange))
	require.Equal(t, []plog.Logs{before}, sink.AllLogs())
}

func TestARetryIsNoAlarm(t *testing.T) {
	cfg := configOf(t)
	w, sink := startWitness(t, cfg)
	c := threeCheckpoints("a")
	for range 2 {
		for _, r := range c.Records {
			send(t, w, r)
		}
	}
	stop(t, w)
	w, again := startWitness(t, cfg)
	send(t, w, c.Records...)
	stop(t, w)
	require.Empty(t, append(alarmsIn(sink), alarmsIn(again)...))
	require.EqualValues(t, 12, evidenceOf(t, cfg)[c.ID])
}

func TestAnyOrderOfArrivalEndsAtTheSameSize(t *testing.T) {
	for _, order := range [][]int{{4, 9, 11}, {9, 4, 11}, {11, 9, 4}, {11, 4, 9}, {9, 11, 4}, {4, 11, 9}} {
		for opening := range 4 { // how many checkpoints come before the opening
			cfg := configOf(t)
			w, sink := startWitness(t, cfg)
			c := threeCheckpoints("a")
			for i, seq := range order {
				if i == opening {
					send(t, w, c.Records[0])
				}
				send(t, w, c.Records[seq])
			}
			if opening == 3 {
				send(t, w, c.Records[0])
			}
			stop(t, w)
			require.EqualValues(t, 12, evidenceOf(t, cfg, c)[c.ID], "%v, opened after %d", order, opening)
			require.Empty(t, alarmsIn(sink))
		}
	}
}

func TestWhatIsHeldBackOutlivesARestart(t *testing.T) {
	cfg := configOf(t)
	c := threeCheckpoints("a")
	w, _ := startWitness(t, cfg)
	send(t, w, c.Records[0], c.Records[11], c.Records[9])
	stop(t, w)
	w, _ = startWitness(t, cfg)
	send(t, w, c.Records[4])
	stop(t, w)
	require.EqualValues(t, 12, evidenceOf(t, cfg, c)[c.ID])
}

// other is a chain with the same id and key whose records from a number on are others.
func other(word string, from, size int) *trailtest.Chain {
	c := trailtest.NewChain(word, nodeKey)
	if from <= 4 {
		c.Add(from - 1)
	} else {
		c.Add(3).Checkpoint().Add(from - 5)
	}
	c.Seal(trailtest.Record{"patient": "another"})
	c.Add(size - len(c.Records) - 1).Checkpoint()
	return c
}

func TestWhatGoesBackOrForksIsRefusedAlsoAfterARestart(t *testing.T) {
	for _, c := range []struct {
		name     string
		from     int // the first record that is another
		size     int // of the forked chain, which has a checkpoint at its end
		refusals []string
	}{
		{"the same size", 7, 10, []string{"fork"}},
		{"smaller", 7, 8, []string{"rollback"}},
		{"larger, from an earlier checkpoint", 7, 20, []string{"fork"}},
		{"the size of the first one", 3, 5, []string{"fork"}},
		{"larger, from the start", 2, 20, []string{"fork"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := configOf(t)
			true_ := threeCheckpoints("a")
			forked := other("a", c.from, c.size)
			last := forked.Records[len(forked.Records)-1]
			w, sink := startWitness(t, cfg)
			send(t, w, true_.Records[:10]...)
			send(t, w, last)
			requireAlarms(t, sink, c.refusals...)
			stop(t, w)
			w, sink = startWitness(t, cfg)
			send(t, w, last)
			requireAlarms(t, sink, c.refusals...)
			stop(t, w)
			require.Equal(t, map[string]int64{true_.ID: 10}, evidenceOf(t, cfg, true_))
		})
	}
}

func TestAChainThatIsClosedStaysClosed(t *testing.T) {
	cfg := configOf(t)
	w, sink := startWitness(t, cfg)
	c := threeCheckpoints("a")
	send(t, w, c.Records...)
	c.Add(1).Checkpoint()
	send(t, w, c.Records[13])
	requireAlarms(t, sink, "fork")
}

func TestStrangersAreRefused(t *testing.T) {
	thief := trailtest.Seed("thief")
	for name, c := range map[string]struct {
		change  func(c *trailtest.Chain)
		refusal string
	}{
		"another node key": {func(c *trailtest.Chain) { *c = *trailtest.NewChain("a", thief).Add(1).Checkpoint() }, "untrusted"},
		"a wrong endorsement": {func(c *trailtest.Chain) {
			c.Records[0]["auditEndorsement1"] = trailtest.Zero
		}, "endorsement"},
		"a wrong signature": {func(c *trailtest.Chain) { c.Records[2]["auditSignature2"] = trailtest.Zero }, "signature"},
		"a wrong root":      {func(c *trailtest.Chain) { c.Records[2]["auditRoot"] = trailtest.Zero }, "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := configOf(t)
			w, sink := startWitness(t, cfg)
			chain := trailtest.NewChain("a", nodeKey).Add(1).Checkpoint()
			c.change(chain)
			send(t, w, chain.Records...)
			requireAlarms(t, sink, c.refusal)
			stop(t, w)
			require.Empty(t, evidenceOf(t, cfg))
		})
	}
}

func TestASecondOpeningWithAnotherKeyIsRefused(t *testing.T) {
	cfg := configOf(t)
	w, sink := startWitness(t, cfg)
	c := threeCheckpoints("a")
	send(t, w, c.Records...)
	send(t, w, c.Reopened("another key").Records[0])
	requireAlarms(t, sink, "key")
	unendorsed := c.Reopened("a third key").Records[0]
	unendorsed["auditEndorsement1"] = trailtest.Zero
	send(t, w, unendorsed)
	requireAlarms(t, sink, "key", "endorsement")
	stop(t, w)
	require.EqualValues(t, 12, evidenceOf(t, cfg, c)[c.ID])
}

func TestAFloodOfStrangersDoesNotHideAFork(t *testing.T) {
	cfg := configOf(t)
	w, sink := startWitness(t, cfg)
	c := threeCheckpoints("a")
	send(t, w, c.Records[:10]...)
	bogus := threeCheckpoints("b").Records[0]
	bogus["auditEndorsement1"] = trailtest.Zero
	for i := range 3 * perMinute {
		bogus["auditChain"] = strings.Repeat("0", 61) + fmt.Sprintf("%03d", i)
		send(t, w, bogus)
	}
	forked := other("a", 7, 10)
	send(t, w, forked.Records[9])
	require.Eventually(t, func() bool { return slices.Contains(alarmsIn(sink), "fork") }, time.Minute, 5*time.Millisecond)
	require.LessOrEqual(t, len(alarmsIn(sink)), perMinute+1)
}

func TestAKeyThatIsAddedToTheFileIsTrusted(t *testing.T) {
	cfg := configOf(t)
	w, _ := startWitness(t, cfg)
	next := trailtest.Seed("next node")
	write(t, cfg.TrustedKeys, trailtest.NodeVkey(nodeKey)+"\n"+trailtest.NodeVkey(next)+"\n", 0o600)
	c := trailtest.NewChain("a", next).Add(1).Checkpoint()
	send(t, w, c.Records...)
	stop(t, w)
	require.EqualValues(t, 3, evidenceOf(t, cfg, c)[c.ID])
}

func TestWhatNeverConnectsIsRefusedInTime(t *testing.T) {
	cfg := configOf(t)
	cfg.HoldTime = time.Millisecond
	w, sink := startWitness(t, cfg)
	c := threeCheckpoints("a")
	send(t, w, c.Records[0], c.Records[9]) // the one before is lost
	unknown := threeCheckpoints("b")
	send(t, w, unknown.Records[4]) // its opening is lost
	requireAlarms(t, sink, "unproven", "unproven")
	stop(t, w)
	require.Empty(t, evidenceOf(t, cfg))
}

func TestWhatIsHeldBackHasBounds(t *testing.T) {
	cfg := configOf(t)
	w, sink := startWitness(t, cfg)
	c := trailtest.NewChain("a", nodeKey)
	unknown := trailtest.NewChain("b", nodeKey)
	for range maxHeld + 3 {
		c.Add(1).Checkpoint()
	}
	for range maxOrphansChain + 2 {
		unknown.Add(1).Checkpoint()
	}
	send(t, w, append(append([]trailtest.Record{c.Records[0]}, c.Records[4:]...), unknown.Records[1:]...)...)
	requireAlarms(t, sink, "crowded", "crowded")
	send(t, w, c.Records[2], unknown.Records[0])
	stop(t, w)
	require.Equal(t, map[string]int64{c.ID: 1 + 2*(1+maxHeld), unknown.ID: 1 + 2*maxOrphansChain}, evidenceOf(t, cfg, c, unknown))
}

func TestDamagedMemoryIsNotForgotten(t *testing.T) {
	cfg := configOf(t)
	c := threeCheckpoints("a")
	w, _ := startWitness(t, cfg)
	send(t, w, c.Records[:10]...)
	stop(t, w)
	path := filepath.Join(cfg.Directory, c.ID+originSuffix)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	content[len(content)/2] ^= 1
	write(t, path, string(content), 0o600)
	w, sink := startWitness(t, cfg)
	send(t, w, c.Records...)
	requireAlarms(t, sink, "damaged")
	fine := threeCheckpoints("b")
	send(t, w, fine.Records...)
	stop(t, w)
	require.Equal(t, map[string]int64{fine.ID: 12}, evidenceOf(t, cfg))
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, content, after)
}

// hung is a disk on which renames wait until they are let go.
type hung struct {
	disk.System
	release chan struct{}
}

func (h hung) Rename(from, to string) error {
	<-h.release
	return h.System.Rename(from, to)
}

func TestADiskThatHangsHoldsUpNobodyTwice(t *testing.T) {
	cfg := configOf(t)
	cfg.Patience = time.Millisecond
	w, sink := witnessOf(t, cfg)
	stuck := hung{disk.OS, make(chan struct{})}
	w.disk = stuck
	require.NoError(t, w.Start(context.Background(), componenttest.NewNopHost()))
	c := threeCheckpoints("a")
	for range 2 * maxQueue { // more than fit into its queue
		send(t, w, c.Records[:6]...)
	}
	require.Equal(t, 2*maxQueue*6, sink.LogRecordCount())
	close(stuck.release)
	stop(t, w)
	require.EqualValues(t, 5, evidenceOf(t, cfg, c)[c.ID])
}

// failing is a disk whose renames fail for some time.
type failing struct {
	disk.System
	mu    sync.Mutex
	times int
}

func (f *failing) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.times--; f.times >= 0 {
		return disk.ErrIO
	}
	return f.System.Rename(from, to)
}

func TestADiskThatFailsIsTriedAgain(t *testing.T) {
	cfg := configOf(t)
	cfg.Patience = time.Millisecond
	w, sink := witnessOf(t, cfg)
	w.disk = &failing{System: disk.OS, times: 3}
	require.NoError(t, w.Start(context.Background(), componenttest.NewNopHost()))
	c := threeCheckpoints("a")
	for _, r := range c.Records {
		send(t, w, r)
	}
	require.Equal(t, len(c.Records), sink.LogRecordCount())
	require.Eventually(t, func() bool {
		content, _ := os.ReadFile(filepath.Join(cfg.Directory, evidenceFile))
		return strings.Contains(string(content), "\n12\n")
	}, time.Minute, 5*time.Millisecond)
	stop(t, w)
	require.EqualValues(t, 12, evidenceOf(t, cfg, c)[c.ID])
}

func TestTheSenderHearsWhatTheStoreSays(t *testing.T) {
	w, _ := startWitness(t, configOf(t))
	refusal := errors.New("the store is full")
	w.next = consumertest.NewErr(refusal)
	err := w.ConsumeLogs(context.Background(), logsOf(threeCheckpoints("a").Records...))
	require.ErrorIs(t, err, refusal)
}

func TestAnAlarmIsSentUntilItIsTaken(t *testing.T) {
	cfg := configOf(t)
	w, sink := witnessOf(t, cfg)
	busy := &busyOnce{Logs: sink}
	w.next = busy
	require.NoError(t, w.Start(context.Background(), componenttest.NewNopHost()))
	c := trailtest.NewChain("a", trailtest.Seed("thief"))
	send(t, w, c.Records[0])
	requireAlarms(t, sink, "untrusted")
	stop(t, w)
}

// busyOnce refuses the first alarm.
type busyOnce struct {
	consumer.Logs
	once sync.Once
}

func (b *busyOnce) ConsumeLogs(ctx context.Context, logs plog.Logs) (err error) {
	if logs.ResourceLogs().At(0).ScopeLogs().At(0).Scope().Name() == "aegis_witness" {
		b.once.Do(func() { err = errors.New("busy") })
	}
	if err == nil {
		err = b.Logs.ConsumeLogs(ctx, logs)
	}
	return err
}
