package aegisroute

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/names"
)

// routed is a connector with a sink behind each pipeline.
type routed struct {
	connector.Logs
	sinks map[string]*consumertest.LogsSink
}

func routeTo(t testing.TB, change func(*Config), pipelines ...string) routed {
	t.Helper()
	sinks := map[string]*consumertest.LogsSink{}
	consumers := map[pipeline.ID]consumer.Logs{}
	for _, name := range pipelines {
		sinks[name] = new(consumertest.LogsSink)
		consumers[pipeline.NewIDWithName(pipeline.SignalLogs, name)] = sinks[name]
	}
	factory := NewFactory()
	cfg := factory.CreateDefaultConfig().(*Config)
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	logs, err := factory.CreateLogsToLogs(context.Background(),
		connectortest.NewNopSettings(factory.Type()), cfg, connector.NewLogsRouter(consumers))
	require.NoError(t, err)
	require.NoError(t, logs.Start(context.Background(), componenttest.NewNopHost()))
	return routed{Logs: logs, sinks: sinks}
}

func (r *routed) send(t testing.TB, logs plog.Logs) {
	t.Helper()
	require.NoError(t, r.ConsumeLogs(context.Background(), logs))
}

// bodies returns the bodies of all records that a pipeline got.
func (r *routed) bodies(name string) []string {
	var bodies []string
	for _, logs := range r.sinks[name].AllLogs() {
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					bodies = append(bodies, record.Body().AsString())
				}
			}
		}
	}
	return bodies
}

func sample() (plog.Logs, plog.LogRecordSlice) {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "orders")
	resource.Resource().Attributes().PutStr("deployment.environment.name", "test")
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName("orders.api")
	return logs, scope.LogRecords()
}

func add(records plog.LogRecordSlice, body string, severity plog.SeverityNumber) plog.LogRecord {
	record := records.AppendEmpty()
	record.Body().SetStr(body)
	record.SetSeverityNumber(severity)
	return record
}

func line(t testing.TB, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &fields))
	return fields
}

func TestEachClassGoesToItsPipelineAndAllToTheOthers(t *testing.T) {
	r := routeTo(t, nil, "x-audit", "x-error", "x-rest", "y", "z-nonaudit")
	logs, records := sample()
	add(records, "AUDIT: by its message", plog.SeverityNumberInfo)
	add(records, "by its attribute", plog.SeverityNumberInfo).Attributes().PutStr("auditAction", "READ")
	add(records, "by its level of compliance", plog.SeverityNumberError).Attributes().PutStr("complianceLevel", "SOX")
	add(records, "by a level without a value", plog.SeverityNumberInfo).Attributes().PutStr("complianceLevel", "")
	add(records, "an error", plog.SeverityNumberError)
	add(records, "the rest", plog.SeverityNumberDebug)
	r.send(t, logs)
	require.Equal(t, []string{
		"AUDIT: by its message", "by its attribute", "by its level of compliance", "by a level without a value",
	}, r.bodies("x-audit"))
	require.Equal(t, []string{"an error"}, r.bodies("x-error"))
	require.Equal(t, []string{"the rest"}, r.bodies("x-rest"))
	require.Len(t, r.bodies("y"), 6)
	require.Equal(t, []string{"an error", "the rest"}, r.bodies("z-nonaudit"))
}

func TestUnknownStoresGetRecordsAsTheyCame(t *testing.T) {
	r := routeTo(t, nil, "other")
	logs, records := sample()
	record := add(records, "x", plog.SeverityNumberInfo)
	record.Attributes().PutStr("level", "odd")
	want := plog.NewLogs()
	logs.CopyTo(want)
	r.send(t, logs)
	require.Equal(t, want, r.sinks["other"].AllLogs()[0])
}

func TestAShapeCanBeChosenForAnyStore(t *testing.T) {
	r := routeTo(t, func(c *Config) { c.Shapes = map[string]Shape{"loki-eu": ShapeLoki} }, "loki-eu-rest")
	logs, records := sample()
	add(records, "x", plog.SeverityNumberInfo)
	r.send(t, logs)
	require.Equal(t, "x", line(t, r.bodies("loki-eu-rest")[0])["message"])
}

func TestLokiRecordsAreGroupedByTheirOwnLabels(t *testing.T) {
	r := routeTo(t, nil, "loki")
	logs, records := sample()
	for i := range 100 {
		add(records, "x", plog.SeverityNumber(1+i%20))
	}
	r.send(t, logs)
	got := r.sinks["loki"].AllLogs()[0]
	require.Equal(t, 4, got.ResourceLogs().Len())
	for _, resource := range got.ResourceLogs().All() {
		level, _ := resource.Resource().Attributes().Get("level")
		for _, record := range resource.ScopeLogs().At(0).LogRecords().All() {
			require.Equal(t, level.Str(), line(t, record.Body().Str())["level"])
		}
	}
}

func TestTheLineIsAlwaysJSON(t *testing.T) {
	r := routeTo(t, nil, "file")
	logs, records := sample()
	record := add(records, "quote \" backslash \\ control \x01 \x7f bad \xff\xfe nel \u0085 ls \u2028 emoji 😀", plog.SeverityNumberInfo)
	record.Attributes().PutDouble("nan", math.NaN())
	record.Attributes().PutDouble("big", 1e300)
	record.Attributes().PutDouble("small", 1e-9)
	record.Attributes().PutInt("min", math.MinInt64)
	record.Attributes().PutEmpty("nothing")
	record.Attributes().PutEmptyMap("empty")
	record.Attributes().PutEmptySlice("list").AppendEmpty().SetBool(true)
	record.Attributes().PutStr("ke\"y", "v")
	r.send(t, logs)
	got := line(t, r.bodies("file")[0])
	require.Equal(t, "quote \" backslash \\ control \x01 \x7f bad \uFFFD\uFFFD nel \u0085 ls \u2028 emoji 😀", got["message"])
	require.Equal(t, "NaN", got["nan"])
	require.InDelta(t, 1e300, got["big"], 1e285)
	require.InDelta(t, 1e-9, got["small"], 1e-20)
	require.Equal(t, map[string]any{}, got["empty"])
	require.Equal(t, "v", got["ke\"y"])
	require.NotContains(t, r.bodies("file")[0], "\u2028")
}

func TestTimesOfAllErasAreWritten(t *testing.T) {
	w := lineWriter{}
	for want, nanos := range map[string]int64{
		"1970-01-01T00:00:00.000Z": 0,
		"1969-12-31T23:59:59.999Z": -1_000_000,
		"2025-06-26T00:22:21.578Z": 1_750_897_341_578_999_999,
	} {
		require.Equal(t, want, string(w.appendTime(nil, nanos)))
	}
}

func TestSamplingIsByTraceAndNearTheRate(t *testing.T) {
	s := newSampler(SamplingConfig{Rate: 0.25, Loggers: []string{"*"}})
	kept := 0
	for i := range 4000 {
		record := plog.NewLogRecord()
		record.SetTraceID(pcommon.TraceID{byte(i), byte(i >> 8), 15: 1})
		f := fields{origin: &origin{}, record: record, class: classRest, level: names.LevelInfo}
		first := s.keeps(&f)
		require.Equal(t, first, s.keeps(&f))
		if first {
			kept++
		}
	}
	require.InDelta(t, 1000, kept, 150)
}

func TestRecordsKeptOutOfOneStoreStillReachOthers(t *testing.T) {
	r := routeTo(t, func(c *Config) {
		c.Residency = []ResidencyRule{{Attribute: "region", Values: []string{"eu*"}, Stores: []string{"a"}}}
	}, "a", "b")
	logs, records := sample()
	add(records, "eu", plog.SeverityNumberInfo).Attributes().PutStr("region", "eu-west")
	add(records, "us", plog.SeverityNumberInfo).Attributes().PutStr("region", "us")
	r.send(t, logs)
	require.Equal(t, []string{"us"}, r.bodies("a"))
	require.Equal(t, []string{"eu", "us"}, r.bodies("b"))
}

func TestAPipelineThatFailsDoesNotKeepRecordsFromOthers(t *testing.T) {
	failure := errors.New("full")
	rest, audit := consumertest.NewErr(failure), new(consumertest.LogsSink)
	factory := NewFactory()
	c, err := factory.CreateLogsToLogs(context.Background(), connectortest.NewNopSettings(factory.Type()),
		factory.CreateDefaultConfig(), connector.NewLogsRouter(map[pipeline.ID]consumer.Logs{
			pipeline.NewIDWithName(pipeline.SignalLogs, "x-rest"):  rest,
			pipeline.NewIDWithName(pipeline.SignalLogs, "x-audit"): audit,
		}))
	require.NoError(t, err)
	logs, records := sample()
	add(records, "rest", plog.SeverityNumberInfo)
	add(records, "AUDIT: x", plog.SeverityNumberInfo)
	require.ErrorIs(t, c.ConsumeLogs(context.Background(), logs), failure)
	require.Equal(t, 1, audit.LogRecordCount())
}

func TestWrongConfigurationsSayWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"sampling::rate": func(c *Config) { c.Sampling.Rate = math.NaN() },
		"residency":      func(c *Config) { c.Residency = []ResidencyRule{{Attribute: "x"}} },
		"shapes::x":      func(c *Config) { c.Shapes = map[string]Shape{"x": "round"} },
	} {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), want)
	}
	_, _, err := storeAndClass("")
	require.Error(t, err)
}

func TestNamesOfPipelines(t *testing.T) {
	for name, want := range map[string]struct {
		store string
		class class
	}{
		"loki":          {"loki", classAll},
		"loki-audit":    {"loki", classAudit},
		"loki-eu-error": {"loki-eu", classError},
		"file-nonaudit": {"file", classNonAudit},
		"loki-other":    {"loki-other", classAll},
		"-rest":         {"-rest", classAll},
	} {
		store, c, err := storeAndClass(name)
		require.NoError(t, err)
		require.Equal(t, want.store, store)
		require.Equal(t, want.class, c)
	}
}

func BenchmarkRouteToLoki(b *testing.B) {
	r := routeTo(b, nil, "loki-audit", "loki-error", "loki-rest")
	logs, records := sample()
	for range 500 {
		record := add(records, "HTTP Request Completed", plog.SeverityNumberInfo)
		record.SetTraceID(pcommon.TraceID{1})
		record.Attributes().PutStr("url", "/api/v1/orders/7")
		record.Attributes().PutInt("statusCode", 200)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.send(b, logs)
		for _, sink := range r.sinks {
			sink.Reset()
		}
	}
}
