package aegisredact

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/names"
)

// redactLogs redacts all that the batch holds, in place.
func (e *engine) redactLogs(logs plog.Logs) {
	for _, resourceLogs := range logs.ResourceLogs().All() {
		e.redactResource(resourceLogs)
		for _, scopeLogs := range resourceLogs.ScopeLogs().All() {
			e.redactScope(scopeLogs)
			for _, record := range scopeLogs.LogRecords().All() {
				e.redactRecord(record)
			}
		}
	}
}

// replaceText redacts a text that is kept outside of a value.
func (e *engine) replaceText(text string, r reader, set func(string)) {
	if text == "" {
		return
	}
	if redacted, changed := e.redactText(text, 0, r); changed {
		set(redacted)
	}
}

// redactResource also stands for what fails in it: the attributes go, the records stay.
func (e *engine) redactResource(resourceLogs plog.ResourceLogs) {
	attributes := resourceLogs.Resource().Attributes()
	defer guard(func() {
		resourceLogs.SetSchemaUrl("")
		attributes.Clear()
		attributes.PutBool(names.RedactionFailure, true)
	})
	e.replaceText(resourceLogs.SchemaUrl(), reader{}, resourceLogs.SetSchemaUrl)
	e.newWalk(false).attributes(attributes, false, reader{})
}

func (e *engine) redactScope(scopeLogs plog.ScopeLogs) {
	scope := scopeLogs.Scope()
	defer guard(func() {
		scopeLogs.SetSchemaUrl("")
		scope.SetName("")
		scope.SetVersion("")
		scope.Attributes().Clear()
	})
	e.replaceText(scopeLogs.SchemaUrl(), reader{}, scopeLogs.SetSchemaUrl)
	e.replaceText(scope.Name(), reader{}, scope.SetName)
	e.replaceText(scope.Version(), reader{}, scope.SetVersion)
	e.newWalk(false).attributes(scope.Attributes(), false, reader{})
}

func (e *engine) redactRecord(record plog.LogRecord) {
	defer guard(func() { replaceByMarker(record) })
	audit := isAudit(record)
	var found repeats
	r := reader{found: &found}
	e.newWalk(false).body(record.Body(), r)
	e.replaceText(record.SeverityText(), r, func(text string) { record.SetSeverityText(text) })
	e.replaceText(record.EventName(), r, record.SetEventName)
	e.newWalk(false).attributes(record.Attributes(), audit, r)
	if len(found.secrets) == 0 {
		return
	}
	e.hideIn(&found, record.Body())
	for name, value := range record.Attributes().All() {
		if !audit || !e.auditKeys[name] {
			e.hideIn(&found, value)
		}
	}
}

func isAudit(record plog.LogRecord) bool {
	message := ""
	if body := record.Body(); body.Type() == pcommon.ValueTypeStr {
		message = body.Str()
	}
	return names.IsAudit(record.Attributes(), message)
}

// guard runs replace when the caller panics: what cannot be redacted must not pass.
func guard(replace func()) {
	if recover() != nil {
		replace()
	}
}

// replaceByMarker leaves of a record only what cannot hold a secret: when, how severe, which trace, and
// whose request or which audit action, as far as these look like it.
func replaceByMarker(record plog.LogRecord) {
	marker := plog.NewLogRecord()
	marker.SetTimestamp(record.Timestamp())
	marker.SetObservedTimestamp(record.ObservedTimestamp())
	marker.SetSeverityNumber(record.SeverityNumber())
	marker.SetTraceID(record.TraceID())
	marker.SetSpanID(record.SpanID())
	marker.SetFlags(record.Flags())
	marker.Body().SetStr(names.RedactionFailed)
	for name, looksRight := range map[string]func(string) bool{
		names.CorrelationID:   chars.IsUUID,
		names.AuditAction:     isUpperWord,
		names.ComplianceLevel: isUpperWord,
	} {
		if value, ok := record.Attributes().Get(name); ok && value.Type() == pcommon.ValueTypeStr && looksRight(value.Str()) {
			marker.Attributes().PutStr(name, value.Str())
		}
	}
	marker.Attributes().PutBool(names.RedactionFailure, true)
	marker.MoveTo(record)
}

func isUpperWord(s string) bool {
	for i := range len(s) {
		if !chars.IsUpper(s[i]) && s[i] != '_' {
			return false
		}
	}
	return len(s) <= 32
}
