package aegisguard

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func refusalOf(name, text string) error {
	return errors.Join(badValues(func(asked string) (string, bool) { return text, asked == name })...)
}

func TestAValueOfTheWrongKindIsRefusedByTheNameOfItsVariable(t *testing.T) {
	for _, c := range []struct{ name, text, wanted string }{
		{"AEGIS_SAMPLING_RATE", "abc", `AEGIS_SAMPLING_RATE="abc": expected a number`},
		{"AEGIS_SAMPLING_RATE", "nan", "a number"},
		{"AEGIS_QUEUE_MAX_MB", "-5", "a number"},
		{"AEGIS_QUEUE_MAX_MB", "1GB", "a number"},
		{"AEGIS_QUEUE_FSYNC", "maybe", "true or false"},
		{"AEGIS_EXPORT_TIMEOUT", "30", "a duration"},
		{"AEGIS_RETRY_MAX", "half an hour", "a duration"},
		{"AEGIS_OTLP_GRPC_ENDPOINT", "4317", "host:port"},
		{"AEGIS_OTLP_HTTP_ENDPOINT", "127.0.0.1:70000", "host:port"},
		{"AEGIS_LOKI_URL", "loki:3100", "a URL"},
		{"AEGIS_LOKI_COMPRESSION", "brotli", "one of zstd, gzip, lz4, none"},
		{"AEGIS_COLLECTOR_LOG_LEVEL", "LOUD", "one of debug, info, warn, error"},
	} {
		err := refusalOf(c.name, c.text)
		require.ErrorContains(t, err, c.name, c.text)
		require.ErrorContains(t, err, c.wanted, c.text)
	}
}

func TestValuesOfTheRightKindPass(t *testing.T) {
	for name, texts := range map[string][]string{
		"AEGIS_SAMPLING_RATE":      {"0.25", "1", "1e-3", " 1 ", ""},
		"AEGIS_QUEUE_FSYNC":        {"true", "false"},
		"AEGIS_EXPORT_TIMEOUT":     {"30s", "1m30s", "1.5h", "0"},
		"AEGIS_FILE_AUDIT_MAX_AGE": {"2196d", "72h"},
		"AEGIS_OTLP_GRPC_ENDPOINT": {"[::1]:0", "collector:4317", "/run/agent.sock", "unix:///run/agent.sock", ":4317"},
		"AEGIS_LOKI_URL":           {"https://loki.example.org/prefix"},
	} {
		for _, text := range texts {
			require.NoError(t, refusalOf(name, text), "%s=%s", name, text)
		}
	}
}

func TestARefusalShowsNoPassword(t *testing.T) {
	err := refusalOf("AEGIS_LOKI_URL", "ftp://bob:hunter2@loki:3100")
	require.ErrorContains(t, err, "AEGIS_LOKI_URL")
	require.NotContains(t, err.Error(), "hunter2")
}
