package aegisredact

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/prefilter"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/names"
)

// text returns all that a batch holds.
func text(t *testing.T, logs plog.Logs) string {
	t.Helper()
	encoded, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	return string(encoded)
}

func batch() (plog.Logs, plog.LogRecord) {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	scope := resource.ScopeLogs().AppendEmpty()
	return logs, scope.LogRecords().AppendEmpty()
}

func TestEveryPlaceOfABatchIsRedacted(t *testing.T) {
	const secret = "hunter2"
	logs, record := batch()
	resource := logs.ResourceLogs().At(0)
	scope := resource.ScopeLogs().At(0)
	resource.SetSchemaUrl("https://u:" + secret + "@example.org/schema")
	resource.Resource().Attributes().PutStr("password", secret)
	scope.SetSchemaUrl("https://u:" + secret + "@example.org/schema")
	scope.Scope().SetName("password=" + secret)
	scope.Scope().SetVersion("password=" + secret)
	scope.Scope().Attributes().PutStr("db.password", secret)
	record.SetSeverityText("password=" + secret)
	record.SetEventName("password=" + secret)
	body := record.Body().SetEmptyMap()
	body.PutStr("password", secret)
	body.PutEmptySlice("list").AppendEmpty().SetEmptyMap().PutStr("token", secret)
	record.Attributes().PutEmptyBytes("bytes").FromRaw([]byte("password=" + secret))
	record.Attributes().PutStr("json", `{"a":[{"password":"`+secret+`"}]}`)
	record.Attributes().PutStr("password="+secret, "in the key")
	builtInEngine(t).redactLogs(logs)
	require.NotContains(t, text(t, logs), secret)
}

func TestARecordThatFailsBecomesAMarker(t *testing.T) {
	e := builtInEngine(t)
	logs, record := batch()
	record.SetTimestamp(7)
	record.SetSeverityNumber(plog.SeverityNumberError)
	record.SetTraceID(pcommon.TraceID{1})
	record.Body().SetStr("password=hunter2")
	record.Attributes().PutStr("correlationId", "30da77f5-faef-490b-9218-1db2628d4764")
	record.Attributes().PutStr("auditAction", "CREATE")
	record.Attributes().PutStr("complianceLevel", "219-09-9999")
	many := record.Attributes().PutEmptySlice("many")
	for range contract.MaxNodes + 1 {
		many.AppendEmpty()
	}
	e.redactLogs(logs)
	require.Equal(t, names.RedactionFailed, record.Body().Str())
	require.Equal(t, map[string]any{
		"correlationId": "30da77f5-faef-490b-9218-1db2628d4764", "auditAction": "CREATE", names.RedactionFailure: true,
	}, record.Attributes().AsRaw())
	require.EqualValues(t, 7, record.Timestamp())
	require.Equal(t, plog.SeverityNumberError, record.SeverityNumber())
	require.Equal(t, pcommon.TraceID{1}, record.TraceID())
}

func TestOneRecordThatFailsDoesNotTakeOthersWithIt(t *testing.T) {
	logs, record := batch()
	many := record.Attributes().PutEmptySlice("many")
	for range contract.MaxNodes + 1 {
		many.AppendEmpty()
	}
	second := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
	second.Body().SetStr("fine")
	builtInEngine(t).redactLogs(logs)
	require.Equal(t, "fine", second.Body().Str())
}

func TestAResourceThatFailsLosesItsAttributes(t *testing.T) {
	logs, _ := batch()
	attributes := logs.ResourceLogs().At(0).Resource().Attributes()
	attributes.PutStr("service.name", "orders")
	many := attributes.PutEmptySlice("many")
	for range contract.MaxNodes + 1 {
		many.AppendEmpty()
	}
	builtInEngine(t).redactLogs(logs)
	require.Equal(t, map[string]any{names.RedactionFailure: true}, attributes.AsRaw())
}

func TestABenignRecordIsNotTouched(t *testing.T) {
	logs, record := batch()
	record.Body().SetStr("HTTP Request Completed")
	record.Attributes().PutStr("url", "/api/v1/orders/7?page=2")
	record.Attributes().PutInt("statusCode", 200)
	record.Attributes().PutDouble("responseTime", 12.5)
	before := text(t, logs)
	builtInEngine(t).redactLogs(logs)
	require.Equal(t, before, text(t, logs))
}

func TestAVeryLongSuspiciousTextIsMaskedAsAWhole(t *testing.T) {
	e := builtInEngine(t, func(cfg *Config) { cfg.MaxTextBytes = 100 })
	out, changed := e.redactText("password=hunter2 "+strings.Repeat("x", 100), 0, reader{})
	require.True(t, changed)
	require.Equal(t, "[REDACTED:length]", out)
	plain := strings.Repeat("nothing ", 100)
	out, _ = e.redactText(plain, 0, reader{})
	require.Equal(t, plain, out)
}

func TestTheMaskCanBeChosen(t *testing.T) {
	e := builtInEngine(t, func(cfg *Config) { cfg.Mask = "<{kind}>" })
	out, _ := e.redactText("password=hunter2", 0, reader{})
	require.Equal(t, "password=<password>", out)
	again, changed := e.redactText(out, 0, reader{})
	require.False(t, changed, again)
}

func TestWrongConfigurationsNameTheRule(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"missing closing": func(c *Config) { c.Values = []ValueRule{{Kind: "badge", Pattern: "("}} },
		"badge":           func(c *Config) { c.Values = []ValueRule{{Kind: "badge", Pattern: "x", Group: 1}} },
		"empty text":      func(c *Config) { c.Values = []ValueRule{{Kind: "badge", Pattern: "x*"}} },
		"unknown":         func(c *Config) { c.Values = []ValueRule{{Kind: "badge", Pattern: "x", Check: "nope"}} },
		"no letter":       func(c *Config) { c.Keys = []KeyRule{{Kind: "badge", Names: []string{"--"}}} },
		"must be":         func(c *Config) { c.Keys = []KeyRule{{Kind: "badge", Names: []string{"x"}, Text: "page"}} },
		"kind must":       func(c *Config) { c.Keys = []KeyRule{{Kind: "my badge", Names: []string{"x"}}} },
		"{kind}":          func(c *Config) { c.Mask = "***" },
		"not_secret":      func(c *Config) { c.NotSecret = "(" },
		"no such":         func(c *Config) { c.RulesFile = "/no/such/file" },
		"max_depth":       func(c *Config) { c.MaxDepth = 0 },
	} {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), name)
	}
}

func TestNumbersThatAreLeftOutHaveNoTextThatIsLookedAt(t *testing.T) {
	e := builtInEngine(t)
	for _, number := range []float64{
		0, -1, 12.5, 1e8 - 1, 1e8 - 0.5, 1e8, 4111111111111111, 4111111111111111.5, -4111111111111111, 1e21, 1e39, 1e41,
		math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, math.Copysign(0, -1),
	} {
		value := pcommon.NewValueDouble(number)
		wanted, changed := e.redactNumber(numberText(value), 0, reader{})
		e.newWalk(false).number(value, 0, reader{})
		require.Equal(t, changed, value.Type() == pcommon.ValueTypeStr, "%v", number)
		if changed {
			require.Equal(t, wanted, value.Str())
		}
	}
}

func TestTheProcessorPassesRedactedBatchesOn(t *testing.T) {
	factory := NewFactory()
	sink := new(consumertest.LogsSink)
	p, err := factory.CreateLogs(context.Background(), processortest.NewNopSettings(factory.Type()), builtIn(t), sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(context.Background(), componenttest.NewNopHost()))
	logs, record := batch()
	record.Body().SetStr("password=hunter2")
	require.NoError(t, p.ConsumeLogs(context.Background(), logs))
	require.NoError(t, p.Shutdown(context.Background()))
	require.Len(t, sink.AllLogs(), 1)
	require.NotContains(t, text(t, sink.AllLogs()[0]), "hunter2")
}

// Whatever comes in, redaction ends, what it leaves is what it would leave again, and neither the automaton nor known
// lines change anything.
func FuzzRedactText(f *testing.F) {
	e := builtInEngine(f)
	for _, seed := range benchTexts {
		f.Add(seed.text)
	}
	f.Add("a\\\"password\\\":\\\"x\\\"")
	f.Add("password='a''b' INSERT INTO t (password) VALUES ('x')")
	f.Add("p\u200bassword=hunter2 %70assword=x &#112;assword=x \x1b[1mtoken\x1b[0m=abc123")
	f.Add("call 555-867-5309 ext 4, MRN: A-12345, born 1970-01-02, é4111 1111 1111 1111\xff219-09-9999")
	f.Add(strings.Repeat("  at f (m.js:7)\n", 9) + "password:\n hunter2 4111 1111\n1111 1111\n")
	searching := *e
	searching.automata, searching.lines = [automata]*prefilter.Automaton{}, nil
	f.Fuzz(func(t *testing.T, in string) {
		e.lines.Learn(e.scanner, prefilter.FreshLines{Text: in})
		e.lines.Learn(e.scanner, prefilter.FreshLines{Text: in})
		once, _ := e.redactText(in, 0, reader{})
		if searched, _ := searching.redactText(in, 0, reader{}); once != searched {
			t.Errorf("%q\nwith:    %q\nwithout: %q", in, once, searched)
		}
		if twice, _ := e.redactText(once, 0, reader{}); once != twice {
			t.Errorf("%q\nonce:  %q\ntwice: %q", in, once, twice)
		}
	})
}
