// Package metadatatest compares a component's metadata.yaml, which has the form of the Collector's mdatagen, with its
// factory.
package metadatatest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// Require fails unless metadata.yaml in the package's folder tells this type, class, and the stability of its signal.
func Require(t *testing.T, name component.Type, class, signal string, stability component.StabilityLevel) {
	t.Helper()
	metadata := Read(t)
	require.Equal(t, name.String(), metadata["type"])
	status, _ := metadata["status"].(map[string]any)
	require.Equal(t, class, status["class"])
	require.Equal(t, map[string]any{strings.ToLower(stability.String()): []any{signal}}, status["stability"])
}

// Read returns what metadata.yaml in the package's folder holds.
func Read(t *testing.T) map[string]any {
	t.Helper()
	conf, err := confmaptest.LoadConf("metadata.yaml")
	require.NoError(t, err)
	return conf.ToStringMap()
}
