package aegisroute

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/names"
)

// addProperties writes the record for a store with properties (Seq): the message is the body, each field an attribute,
// under the names that the JSON line has. The message is one too, since queries name it without Seq's `@`.
func addProperties(record plog.LogRecord, f *fields) {
	record.SetTimestamp(f.record.Timestamp())
	record.SetObservedTimestamp(f.record.ObservedTimestamp())
	record.SetSeverityNumber(severityOf(f))
	record.SetSeverityText(f.record.SeverityText())
	record.SetTraceID(f.record.TraceID())
	record.SetSpanID(f.record.SpanID())
	record.SetFlags(f.record.Flags())
	record.SetEventName(f.record.EventName())
	record.Body().SetStr(f.message)

	out, in := record.Attributes(), f.record.Attributes()
	out.EnsureCapacity(in.Len() + 9)
	putText(out, "message", f.message)
	putOwn(out, f)
	eachAttribute(f, func(key string, value pcommon.Value) { copyAttribute(out, key, value) })
	if f.errorName != "" {
		putError(out, f)
	}
}

// putOwn writes the fields that the record has itself, but for its message.
func putOwn(out pcommon.Map, f *fields) {
	putText(out, "level", f.level)
	putText(out, "service", f.service)
	putText(out, "environment", f.environment)
	putText(out, names.CorrelationID, f.correlationID)
	putText(out, "traceId", f.traceID)
	putText(out, "spanId", f.spanID)
	putText(out, "logger", f.logger)
	putText(out, names.ComplianceLevel, f.compliance)
}

// eachAttribute calls put with each attribute and each further member of the body that no field of the record holds.
func eachAttribute(f *fields, put func(key string, value pcommon.Value)) {
	in := f.record.Attributes()
	in.Range(func(key string, value pcommon.Value) bool {
		switch key {
		case names.CorrelationID, names.ComplianceLevel:
			return true
		case names.ExceptionType, names.ExceptionMessage, names.ExceptionStack:
			if f.errorName != "" {
				return true
			}
		}
		put(key, value)
		return true
	})
	if f.hasRest {
		f.bodyRest.Range(func(key string, value pcommon.Value) bool {
			if _, taken := in.Get(key); !taken && !isMessageOf(f, key, value) {
				put(key, value)
			}
			return true
		})
	}
}

// putError writes the exception under the names of AegisX.
func putError(out pcommon.Map, f *fields) {
	out.PutStr(names.ErrorName, f.errorName)
	out.PutStr(names.ErrorMessage, f.errorMessage)
	detail := out.PutEmptyMap(names.Error)
	detail.PutStr("name", f.errorName)
	detail.PutStr("message", f.errorMessage)
	detail.PutStr("stack", f.errorStack)
}

func copyAttribute(out pcommon.Map, key string, value pcommon.Value) {
	if isReserved(key) {
		key = names.ExtraPrefix + key
	}
	value.CopyTo(out.PutEmpty(key))
}

func putText(out pcommon.Map, key, value string) {
	if value != "" {
		out.PutStr(key, value)
	}
}

// severityOf gives a record without a severity number the one of its level.
func severityOf(f *fields) plog.SeverityNumber {
	if n := f.record.SeverityNumber(); n != plog.SeverityNumberUnspecified {
		return n
	}
	switch f.level {
	case names.LevelError:
		return plog.SeverityNumberError
	case names.LevelWarn:
		return plog.SeverityNumberWarn
	case names.LevelDebug:
		return plog.SeverityNumberDebug
	}
	return plog.SeverityNumberInfo
}
