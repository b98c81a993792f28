package aegisguard

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// p is a pipeline written short: "receivers > processors > exporters".
func p(text string) map[string]any {
	parts := strings.Split(text, ">")
	entry := map[string]any{}
	for i, name := range []string{"receivers", "processors", "exporters"} {
		var items []any
		for _, item := range strings.Fields(parts[i]) {
			items = append(items, item)
		}
		entry[name] = items
	}
	return entry
}

func checkPipelines(t *testing.T, pipelines map[string]any) (error, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	guard := NewFactory().Create(confmap.ConverterSettings{Logger: zap.New(core)})
	conf := confmap.NewFromStringMap(map[string]any{
		"connectors": map[string]any{"aegis_route": nil, "routing/team": map[string]any{}},
		"service":    map[string]any{"pipelines": pipelines},
	})
	return guard.Convert(context.Background(), conf), logs
}

func TestPipelinesThatRedactAreFine(t *testing.T) {
	for name, pipelines := range map[string]map[string]any{
		"as shipped": {
			"logs/in":  p("otlp filelog > memory_limiter aegis_redact > aegis_route"),
			"logs/out": p("aegis_route > > aegis_file"),
		},
		"a processor before it":      {"logs/in": p("otlp > transform/parse aegis_redact > debug")},
		"under a name of its own":    {"logs/in": p("otlp > aegis_redact/strict > debug")},
		"behind a connector":         {"logs/in": p("otlp > > routing/team"), "logs/b": p("routing/team > aegis_redact > debug")},
		"nothing comes from outside": {"logs/b": p("routing/team > > debug")},
		"a circle":                   {"logs/a": p("otlp routing/team > > routing/team")},
		"no pipelines":               nil,
	} {
		err, _ := checkPipelines(t, pipelines)
		require.NoError(t, err, name)
	}
}

func TestPipelinesThatDoNotRedactAreRefusedByName(t *testing.T) {
	for name, pipelines := range map[string]map[string]any{
		"another processor":         {"logs/team": p("otlp > transform/team > debug")},
		"a file receiver":           {"logs/team": p("filelog/x > > debug")},
		"a name that only looks so": {"logs/team": p("otlp > transform/aegis_redact redaction > debug")},
		"behind two connectors": {
			"logs/team": p("otlp > > routing/team"), "logs/b": p("routing/team > batch > aegis_route"), "logs/c": p("aegis_route > > debug"),
		},
		"one branch of two": {
			"logs/team": p("otlp > > routing/team"), "logs/b": p("routing/team > aegis_redact > otlphttp"), "logs/c": p("routing/team > > debug"),
		},
		"a text for a list": {"logs/team": map[string]any{"receivers": "otlp", "exporters": "debug, aegis_route"}},
		"spaces in the id":  {" logs/team ": p("otlp > > debug")},
		"beside a sound one": {
			"logs/in": p("otlp > aegis_redact > debug"), "logs/team": p("otlp > > debug"),
		},
		"receiver and connector together": {"logs/team": p("aegis_route otlp > > debug")},
	} {
		err, _ := checkPipelines(t, pipelines)
		require.ErrorContains(t, err, "service::pipelines::logs/team: its records reach debug", name)
		require.ErrorContains(t, err, AllowUnredactedVariable+"=logs/team", name)
		require.NotContains(t, err.Error(), "pipelines::logs/in", name)
	}
}

func TestTracesAndMetricsAreNotRedactedYet(t *testing.T) {
	err, _ := checkPipelines(t, map[string]any{"traces": p("otlp > batch > otlp/tempo")})
	require.ErrorContains(t, err, "service::pipelines::traces: its records reach otlp/tempo")
}

func TestAnAllowedPipelineIsNamedAtEachStart(t *testing.T) {
	t.Setenv(AllowUnredactedVariable, "logs/team , traces")
	err, logs := checkPipelines(t, map[string]any{"logs/team": p("otlp > > debug"), "logs/other": p("otlp > > debug")})
	require.ErrorContains(t, err, "logs/other")
	require.NotContains(t, err.Error(), "logs/team")
	require.Equal(t, 1, logs.Len())
	require.Equal(t, map[string]any{"pipeline": "logs/team", "exporters": "debug"}, logs.All()[0].ContextMap())
}
