package aegisotlphttp

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestOneFlippedBitOfTheQueueCostsOneRequestWhichIsCountedAndLogged(t *testing.T) {
	away := newStore(t, statuses(503))
	cfg := config(t, away)
	first := start(t, cfg)
	const requests, records = 100, 10
	for i := range requests {
		var texts []string
		for n := range records {
			texts = append(texts, fmt.Sprint("record ", i*records+n))
		}
		send(t, first, texts...)
	}
	patience := drainTime
	drainTime = 0
	require.NoError(t, first.Shutdown(context.Background()))
	drainTime = patience
	segments, err := filepath.Glob(filepath.Join(cfg.Queue.Directory, "test", "*.segment"))
	require.NoError(t, err)
	require.Len(t, segments, 1)
	content, err := os.ReadFile(segments[0])
	require.NoError(t, err)
	content[len(content)/2] ^= 1
	require.NoError(t, os.WriteFile(segments[0], content, 0o600))

	back := newStore(t, statuses(200))
	cfg.ClientConfig.Endpoint = back.URL + "/v1/logs"
	telemetry := componenttest.NewTelemetry()
	core, logged := observer.New(zap.ErrorLevel)
	settings := exportertest.NewNopSettings(componentType)
	settings.ID = component.NewIDWithName(componentType, "test")
	settings.TelemetrySettings = telemetry.NewTelemetrySettings()
	settings.Logger = zap.New(core)
	second, err := NewFactory().CreateLogs(context.Background(), settings, cfg)
	require.NoError(t, err)
	require.NoError(t, second.Start(context.Background(), componenttest.NewNopHost()))
	eventually(t, func() bool { return len(back.accepted()) == (requests-1)*records })

	require.Equal(t, 1, logged.Len())
	fields := logged.All()[0].ContextMap()
	require.EqualValues(t, records, fields["lost_records"])
	require.FileExists(t, segments[0]+".damaged")
	lost, err := telemetry.GetMetric("otelcol_aegis_queue_lost_records")
	require.NoError(t, err)
	require.EqualValues(t, records, lost.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
	require.NoError(t, second.Shutdown(context.Background()))
	require.NoError(t, telemetry.Shutdown(context.Background()))
}
