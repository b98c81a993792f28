package names

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestARecordIsAuditByItsFieldsWhateverTheirValueOrByItsMessage(t *testing.T) {
	for _, name := range []string{AuditAction, ComplianceLevel} {
		attributes := pcommon.NewMap()
		attributes.PutStr(name, "")
		require.True(t, IsAudit(attributes, "seen"), name)
	}
	require.True(t, IsAudit(pcommon.NewMap(), "AUDIT: seen"))
	require.False(t, IsAudit(pcommon.NewMap(), "seen by AUDIT:"))
}
