package aegisfile

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func started(t *testing.T, path string) exporter.Logs {
	t.Helper()
	factory := NewFactory()
	cfg := factory.CreateDefaultConfig().(*Config)
	cfg.Path = path
	require.NoError(t, cfg.Validate())
	exp, err := factory.CreateLogs(context.Background(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, exp.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, exp.Shutdown(context.Background())) })
	return exp
}

func logsWith(bodies ...string) plog.Logs {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, body := range bodies {
		records.AppendEmpty().Body().SetStr(body)
	}
	return logs
}

func TestEachRecordIsOneLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store", "logs.jsonl")
	exp := started(t, path)
	require.NoError(t, exp.ConsumeLogs(context.Background(), logsWith(`{"a":1}`, "two\nlines")))
	require.NoError(t, exp.ConsumeLogs(context.Background(), logsWith(`{"b":2}`)))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "{\"a\":1}\ntwo lines\n{\"b\":2}\n", string(content))
}

func TestAnEmptyBatchWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.jsonl")
	exp := started(t, path)
	require.NoError(t, exp.ConsumeLogs(context.Background(), plog.NewLogs()))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, content)
}

func TestAPathIsRequired(t *testing.T) {
	require.ErrorContains(t, NewFactory().CreateDefaultConfig().(*Config).Validate(), "path")
}

func TestAnUnusablePathStopsTheStart(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	factory := NewFactory()
	cfg := factory.CreateDefaultConfig().(*Config)
	cfg.Path = filepath.Join(blocked, "logs.jsonl")
	exp, err := factory.CreateLogs(context.Background(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.Error(t, exp.Start(context.Background(), componenttest.NewNopHost()))
}

func TestAnAgeMayBeInDays(t *testing.T) {
	for text, want := range map[string]time.Duration{"2196d": 2196 * 24 * time.Hour, "36h": 36 * time.Hour, "0": 0} {
		var age Age
		require.NoError(t, age.UnmarshalText([]byte(text)))
		require.Equal(t, want, time.Duration(age))
	}
	for _, text := range []string{"six years", "d", "-1d", "99999d", ""} {
		require.ErrorContains(t, new(Age).UnmarshalText([]byte(text)), "2196d")
	}
}

func TestAnAgeWithoutAUnitIsRefused(t *testing.T) {
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	cfg.Path = "x"
	cfg.MaxAge = 2196
	require.ErrorContains(t, cfg.Validate(), "2196d")
}

func TestLittleSpaceIsWarnedOf(t *testing.T) {
	folder := t.TempDir()
	free, known := freeSpace(folder)
	if !known {
		t.Skip("the free space is not known on this system")
	}
	core, logged := observer.New(zap.WarnLevel)
	watch := watchSpace(filepath.Join(folder, "logs.jsonl"), free*2+1, zap.New(core))
	require.Eventually(t, func() bool { return logged.Len() == 1 }, 30*time.Second, 5*time.Millisecond)
	watch.stop()
	require.Contains(t, logged.All()[0].Message, "nearly full")

	watch = watchSpace(filepath.Join(folder, "logs.jsonl"), 1, zap.New(core))
	watch.stop()
	require.Equal(t, 1, logged.Len())
}
