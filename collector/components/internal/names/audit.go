package names

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// IsAudit says whether a record belongs to the audit trail: by a field that only audit records have, whatever its
// value is, or by the beginning of its message.
func IsAudit(attributes pcommon.Map, message string) bool {
	if strings.HasPrefix(message, AuditPrefix) {
		return true
	}
	for _, name := range [...]string{AuditAction, ComplianceLevel} {
		if _, ok := attributes.Get(name); ok {
			return true
		}
	}
	return false
}
