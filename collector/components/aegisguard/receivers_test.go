package aegisguard

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func check(t *testing.T, receivers map[string]any) (error, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	guard := NewFactory().Create(confmap.ConverterSettings{Logger: zap.New(core)})
	conf := confmap.NewFromStringMap(map[string]any{"receivers": receivers})
	before := conf.ToStringMap()
	err := guard.Convert(context.Background(), conf)
	require.Equal(t, before, conf.ToStringMap(), "the configuration is not changed")
	return err, logs
}

func otlp(settings map[string]any) map[string]any {
	return map[string]any{"otlp": map[string]any{"protocols": map[string]any{"grpc": settings}}}
}

func TestAddressesThatOnlyThisMachineReachesAreFine(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1:4317", "127.8.0.1:0", "localhost:4317", "LOCALHOST:4317", "[::1]:4317", "::1", "127.0.0.1",
		"[::ffff:127.0.0.1]:4317", "unix:///run/agent.sock", "/run/agent.sock",
	} {
		err, _ := check(t, otlp(map[string]any{"endpoint": address}))
		require.NoError(t, err, address)
	}
}

func TestAddressesThatOthersReachAreRefused(t *testing.T) {
	for _, address := range []any{
		"0.0.0.0:4317", ":4317", "", "[::]:4317", "10.1.2.3:4317", "[fe80::1%eth0]:4317", "[2001:db8::1]:4317",
		"collector:4317", "localhost.example.org:4317", "unix:4317", "127.1:4317", "2130706433:4317", 4317,
		"[::ffff:10.0.0.1]:4317", "0.0.0.0", "http://127.0.0.1:4317",
	} {
		err, _ := check(t, otlp(map[string]any{"endpoint": address}))
		require.ErrorContains(t, err, "receivers::otlp::protocols::grpc::endpoint", "%v", address)
	}
}

func TestARefusalNamesReceiverAddressAndRemedy(t *testing.T) {
	err, _ := check(t, map[string]any{"otlp/b": map[string]any{"protocols": map[string]any{
		"http": map[string]any{"endpoint": "0.0.0.0:4318"},
	}}})
	for _, part := range []string{
		"otlp/b", `"0.0.0.0:4318"`, "AEGIS_OTLP_TOKEN", "AEGIS_OTLP_CLIENT_CA_FILE", AllowVariable + "=otlp/b",
	} {
		require.ErrorContains(t, err, part)
	}
}

func TestEachOpenAddressIsNamedOnce(t *testing.T) {
	err, _ := check(t, map[string]any{
		"fluentforward": map[string]any{"endpoint": "0.0.0.0:24224"},
		"syslog":        map[string]any{"tcp": map[string]any{"listen_address": "0.0.0.0:514"}},
		"several":       map[string]any{"inputs": []any{map[string]any{"listen_addresses": []any{"[::]:1", "127.0.0.1:2"}}}},
		"nothing":       nil,
	})
	var joined interface{ Unwrap() []error }
	require.ErrorAs(t, err, &joined)
	require.Len(t, joined.Unwrap(), 3)
}

func TestWhoSendsIsAskedForByATokenOrACertificate(t *testing.T) {
	open := func(key string, value any) map[string]any {
		return otlp(map[string]any{"endpoint": "0.0.0.0:4317", key: value})
	}
	for _, receivers := range []map[string]any{
		open("auth", map[string]any{"authenticator": "bearertokenauth"}),
		open("tls", map[string]any{"client_ca_file": "ca.pem"}),
		open("transport", "unix"),
	} {
		err, _ := check(t, receivers)
		require.NoError(t, err)
	}
	for _, receivers := range []map[string]any{
		open("auth", map[string]any{"authenticator": " "}),
		open("auth", nil),
		open("tls", map[string]any{"client_ca_file": "", "cert_file": "server.pem"}),
		open("transport", "tcp"),
	} {
		err, _ := check(t, receivers)
		require.Error(t, err)
	}
}

func TestAnAuthenticatorGuardsItsOwnProtocolOnly(t *testing.T) {
	err, _ := check(t, map[string]any{"otlp": map[string]any{"protocols": map[string]any{
		"grpc": map[string]any{"endpoint": ":4317", "auth": map[string]any{"authenticator": "bearertokenauth"}},
		"http": map[string]any{"endpoint": ":4318"},
	}}})
	require.ErrorContains(t, err, "http::endpoint")
	require.NotContains(t, err.Error(), "grpc::endpoint")
}

func TestAnAllowedReceiverIsWarnedOf(t *testing.T) {
	receivers := map[string]any{
		"fluentforward":   map[string]any{"endpoint": "0.0.0.0:24224"},
		"fluentforward/2": map[string]any{"endpoint": "0.0.0.0:24225"},
	}
	t.Setenv(AllowVariable, "other, fluentforward")
	err, logs := check(t, receivers)
	require.ErrorContains(t, err, "fluentforward/2")
	require.NotContains(t, err.Error(), "0.0.0.0:24224")
	require.Equal(t, 1, logs.Len())
	require.Equal(t, "fluentforward", logs.All()[0].ContextMap()["receiver"])
}
