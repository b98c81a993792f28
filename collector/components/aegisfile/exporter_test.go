package aegisfile

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
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
