package aegisroute

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
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
	putText(out, attrCorrelationID, f.correlationID)
	putText(out, "traceId", f.traceID)
	putText(out, "spanId", f.spanID)
	putText(out, "logger", f.logger)
	putText(out, attrComplianceLevel, f.compliance)
}

// eachAttribute calls put with each attribute and each further member of the body that no field of the record holds.
func eachAttribute(f *fields, put func(key string, value pcommon.Value)) {
	in := f.record.Attributes()
	in.Range(func(key string, value pcommon.Value) bool {
		switch key {
		case attrCorrelationID, attrComplianceLevel:
			return true
		case attrExceptionType, attrExceptionMessage, attrExceptionStack:
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
	out.PutStr(attrErrorName, f.errorName)
	out.PutStr(attrErrorMessage, f.errorMessage)
	detail := out.PutEmptyMap(attrError)
	detail.PutStr("name", f.errorName)
	detail.PutStr("message", f.errorMessage)
	detail.PutStr("stack", f.errorStack)
}

func copyAttribute(out pcommon.Map, key string, value pcommon.Value) {
	if isReserved(key) {
		key = extraPrefix + key
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
	case levelError:
		return plog.SeverityNumberError
	case levelWarn:
		return plog.SeverityNumberWarn
	case levelDebug:
		return plog.SeverityNumberDebug
	}
	return plog.SeverityNumberInfo
}
