package aegislimits

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/metadatatest"
)

func TestTheFactoryIsWhatItsMetadataSays(t *testing.T) {
	factory := NewFactory()
	metadatatest.Require(t, factory.Type(), "extension", "extension", factory.Stability())
	require.NoError(t, componenttest.CheckConfigStruct(factory.CreateDefaultConfig()))
}

func TestItCanBeStartedAndStopped(t *testing.T) {
	found, err := NewFactory().Create(context.Background(), extensiontest.NewNopSettings(componentType), createDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, found.Start(context.Background(), componenttest.NewNopHost()))
	require.NoError(t, found.Shutdown(context.Background()))
}

func TestEachLimitMustBePositive(t *testing.T) {
	require.NoError(t, createDefaultConfig().(*Config).Validate())
	for _, change := range []func(*Config){
		func(c *Config) { c.MaxRecords = 0 }, func(c *Config) { c.MaxValues = -1 }, func(c *Config) { c.MaxDepth = 0 },
		func(c *Config) { c.MaxInFlightMiB = 0 }, func(c *Config) { c.MaxRequests = 0 }, func(c *Config) { c.Timeout = 0 },
	} {
		config := createDefaultConfig().(*Config)
		change(config)
		require.Error(t, config.Validate())
	}
}
