package aegisroute

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/names"
)

// addLoki puts the record under the resource that carries its labels: Loki indexes resource attributes
// only, and all other fields of OTLP would become structured metadata, so they are left out.
func (b *batch) addLoki(f *fields, lines *lineWriter) {
	record := b.group(labels{
		service: f.service, environment: f.environment, level: f.level, compliance: f.compliance,
	}).AppendEmpty()
	record.SetTimestamp(pcommon.Timestamp(timeOf(f)))
	record.Body().SetStr(lines.line(f))
	metadata := record.Attributes()
	if f.traceID != "" {
		metadata.EnsureCapacity(2)
		metadata.PutStr("traceId", f.traceID)
	}
	if f.correlationID != "" {
		metadata.PutStr(names.CorrelationID, f.correlationID)
	}
}

func (b *batch) group(wanted labels) plog.LogRecordSlice {
	if b.last < len(b.groups) && b.groups[b.last].labels == wanted {
		return b.groups[b.last].records
	}
	for i := range b.groups {
		if b.groups[i].labels == wanted {
			b.last = i
			return b.groups[i].records
		}
	}
	resource := b.logs.ResourceLogs().AppendEmpty()
	attributes := resource.Resource().Attributes()
	attributes.EnsureCapacity(4)
	attributes.PutStr("service", wanted.service)
	if wanted.environment != "" {
		attributes.PutStr("environment", wanted.environment)
	}
	attributes.PutStr("level", wanted.level)
	if wanted.compliance != "" {
		attributes.PutStr(names.ComplianceLevel, wanted.compliance)
	}
	b.last = len(b.groups)
	b.groups = append(b.groups, labelGroup{
		labels: wanted, records: resource.ScopeLogs().AppendEmpty().LogRecords(),
	})
	return b.groups[b.last].records
}
