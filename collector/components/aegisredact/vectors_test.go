package aegisredact

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/jsontext"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/names"
)

// vector is a case which both engines, the one in Python and this one, must agree on.
type vector struct {
	Name    string          `json:"name"`
	Fn      string          `json:"fn"`
	In      json.RawMessage `json:"in"`
	Out     json.RawMessage `json:"out"`
	Options struct {
		HashKey string         `json:"hash_key"`
		Audit   bool           `json:"audit"`
		Enable  []string       `json:"enable"`
		Disable []string       `json:"disable"`
		Rules   map[string]any `json:"rules"`
	} `json:"options"`
}

func (v *vector) engine(t *testing.T) *engine {
	return builtInEngine(t, func(cfg *Config) {
		cfg.HashKey = configopaque.String(v.Options.HashKey)
		cfg.Enable = v.Options.Enable
		cfg.Disable = append(cfg.Disable, v.Options.Disable...)
		if v.Options.Rules != nil {
			text, err := json.Marshal(v.Options.Rules)
			require.NoError(t, err)
			cfg.RulesFile = filepath.Join(t.TempDir(), "rules.yaml")
			require.NoError(t, os.WriteFile(cfg.RulesFile, text, 0o600))
		}
	})
}

func TestVectors(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "contract", "vectors.json"))
	if errors.Is(err, fs.ErrNotExist) && !insideRepository() {
		t.Skip("the vectors are in the repository, and this is not it")
	}
	require.NoError(t, err)
	var vectors []vector
	require.NoError(t, json.Unmarshal(text, &vectors))
	require.NotEmpty(t, vectors)
	plain := builtInEngine(t)
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			e := plain
			if o := v.Options; o.HashKey != "" || o.Enable != nil || o.Disable != nil || o.Rules != nil {
				e = v.engine(t)
			}
			switch v.Fn {
			case "key":
				v.testKey(t, e)
			case "text":
				v.testText(t, e)
			case "value":
				v.testValue(t, e)
			case "record":
				v.testRecord(t, e)
			default:
				t.Fatalf("unknown function %q", v.Fn)
			}
		})
	}
}

// insideRepository says whether this package still lies where the Python package is beside it.
func insideRepository() bool {
	_, err := os.Stat(filepath.Join("..", "..", "..", "aegis_otel", "redaction"))
	return err == nil
}

func (v *vector) testKey(t *testing.T, e *engine) {
	var key, kind string // no kind: the key is not secret
	require.NoError(t, json.Unmarshal(v.In, &key))
	require.NoError(t, json.Unmarshal(v.Out, &kind))
	rule := e.keys.Match(key)
	if kind == "" {
		require.Nil(t, rule)
		return
	}
	require.NotNil(t, rule)
	require.Equal(t, kind, e.kinds[rule.Kind].name)
}

func (v *vector) testText(t *testing.T, e *engine) {
	var in, out string
	require.NoError(t, json.Unmarshal(v.In, &in))
	require.NoError(t, json.Unmarshal(v.Out, &out))
	redacted, _ := e.redactText(in, 0, reader{})
	require.Equal(t, out, redacted)
	again, changed := e.redactText(redacted, 0, reader{})
	require.Equal(t, out, again)
	require.False(t, changed)
}

func (v *vector) testValue(t *testing.T, e *engine) {
	value := valueOf(t, v.In)
	e.newWalk(false).under(nil, value, 0, reader{})
	require.JSONEq(t, string(v.Out), asJSON(t, value))
}

func (v *vector) testRecord(t *testing.T, e *engine) {
	var in struct {
		Message    string          `json:"message"`
		Attributes json.RawMessage `json:"attributes"`
	}
	require.NoError(t, json.Unmarshal(v.In, &in))
	record := plog.NewLogRecord()
	record.Body().SetStr(in.Message)
	valueOf(t, in.Attributes).Map().CopyTo(record.Attributes())
	if v.Options.Audit && !isAudit(record) {
		record.Attributes().PutStr(names.ComplianceLevel, "HIPAA")
		defer func() { record.Attributes().Remove(names.ComplianceLevel) }()
	}
	e.redactRecord(record)
	if v.Options.Audit {
		var out struct {
			Attributes map[string]any `json:"attributes"`
		}
		require.NoError(t, json.Unmarshal(v.Out, &out))
		if _, wanted := out.Attributes[names.ComplianceLevel]; !wanted {
			record.Attributes().Remove(names.ComplianceLevel)
		}
	}
	attributes := pcommon.NewValueMap()
	record.Attributes().CopyTo(attributes.Map())
	message, err := json.Marshal(record.Body().Str())
	require.NoError(t, err)
	require.JSONEq(t, string(v.Out), `{"message":`+string(message)+`,"attributes":`+asJSON(t, attributes)+`}`)
}

// valueOf reads JSON with the members of objects in order, and numbers as senders have them.
func valueOf(t *testing.T, text []byte) pcommon.Value {
	t.Helper()
	value, ok := jsontext.Parse(string(text))
	require.True(t, ok)
	plainNumbers(t, value)
	return value
}

func plainNumbers(t *testing.T, value pcommon.Value) {
	switch value.Type() {
	case pcommon.ValueTypeBytes:
		raw := string(value.Bytes().AsRaw())
		if n, err := strconv.ParseInt(raw, 10, 64); err == nil {
			value.SetInt(n)
			return
		}
		n, err := strconv.ParseFloat(raw, 64)
		require.NoError(t, err)
		value.SetDouble(n)
	case pcommon.ValueTypeMap:
		for _, member := range value.Map().All() {
			plainNumbers(t, member)
		}
	case pcommon.ValueTypeSlice:
		for _, item := range value.Slice().All() {
			plainNumbers(t, item)
		}
	}
}

func asJSON(t *testing.T, value pcommon.Value) string {
	t.Helper()
	text, err := json.Marshal(value.AsRaw())
	require.NoError(t, err)
	return string(text)
}
