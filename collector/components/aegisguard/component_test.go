package aegisguard

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/metadatatest"
)

func TestTheMetadataTellTheClass(t *testing.T) {
	metadata := metadatatest.Read(t)
	require.Equal(t, "aegis_guard", metadata["type"])
	require.Equal(t, "converter", metadata["status"].(map[string]any)["class"])
}
