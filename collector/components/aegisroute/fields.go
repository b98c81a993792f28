package aegisroute

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Attribute names that have a meaning for the connector.
const (
	attrServiceName        = "service.name"
	attrEnvironmentName    = "deployment.environment.name"
	attrEnvironmentOld     = "deployment.environment"
	attrExceptionType      = "exception.type"
	attrExceptionMessage   = "exception.message"
	attrExceptionStack     = "exception.stacktrace"
	attrCorrelationID      = "correlationId"
	attrComplianceLevel    = "complianceLevel"
	attrAuditAction        = "auditAction"
	attrAuditHash          = "auditHash"
	attrErrorName          = "errorName"
	attrErrorMessage       = "errorMessage"
	attrError              = "error"
	unknownService         = "unknown_service"
	defaultComplianceLevel = "HIPAA"
	auditPrefix            = "AUDIT:"
	extraPrefix            = "extra."
)

// The levels of a record.
const (
	levelError = "error"
	levelWarn  = "warn"
	levelInfo  = "info"
	levelDebug = "debug"
)

// isReserved says whether a field of this name belongs to the record itself, so that an attribute of the
// name is kept under another one.
func isReserved(name string) bool {
	switch name {
	case "timestamp", "level", "message", "service", "environment", "traceId", "spanId", "logger":
		return true
	}
	return false
}

// origin is what records get from their resource and scope.
type origin struct {
	service     string
	environment string
	logger      string
	resource    pcommon.Map
}

func (o *origin) readResource(resource pcommon.Map) {
	o.resource = resource
	o.service = textOf(resource, attrServiceName)
	if o.service == "" {
		o.service = unknownService
	}
	o.environment = textOf(resource, attrEnvironmentName)
	if o.environment == "" {
		o.environment = textOf(resource, attrEnvironmentOld)
	}
}

// fields are a record's own fields, whoever sent it.
type fields struct {
	*origin
	record        plog.LogRecord
	class         class
	level         string
	message       string
	bodyRest      pcommon.Map // members of a map body beside the message
	hasRest       bool
	correlationID string
	compliance    string
	traceID       string
	spanID        string
	errorName     string // of an exception in OpenTelemetry's attributes; "" when there is none
	errorMessage  string
	errorStack    string
	sealed        bool   // it has the form of a record of an audit trail
	line          string // the JSON line, once it was asked for
}

// read fills f from a record; the texts of its ids are kept by lines.
func (f *fields) read(o *origin, record plog.LogRecord, lines *lineWriter) {
	*f = fields{origin: o, record: record}
	f.readBody(record.Body())
	f.level = levelOf(record)
	f.readIDs(record, lines)
	hasAudit, hasErrorName := false, false
	record.Attributes().Range(func(key string, value pcommon.Value) bool {
		switch key {
		case attrCorrelationID:
			f.correlationID = value.AsString()
		case attrComplianceLevel:
			f.compliance = value.AsString()
		case attrAuditAction:
			hasAudit = true
		case attrAuditHash:
			f.sealed = isHashText(value)
		case attrErrorName:
			hasErrorName = true
		case attrExceptionType:
			f.errorName = value.AsString()
		case attrExceptionMessage:
			f.errorMessage = value.AsString()
		case attrExceptionStack:
			f.errorStack = value.AsString()
		}
		return true
	})
	if hasErrorName {
		f.errorName, f.errorMessage, f.errorStack = "", "", ""
	} else if f.errorName == "" && (f.errorMessage != "" || f.errorStack != "") {
		f.errorName = "Error"
	}
	if f.compliance == "" && hasAudit {
		f.compliance = defaultComplianceLevel
	}
	if f.correlationID == "" && f.traceID != "" {
		t := f.traceID
		f.correlationID = t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:]
	}
	f.class = f.classify(hasAudit)
}

func (f *fields) classify(hasAudit bool) class {
	switch {
	case hasAudit || f.compliance != "" || strings.HasPrefix(f.message, auditPrefix):
		return classAudit
	case f.level == levelError:
		return classError
	}
	return classRest
}

// isHashText tells a seal by its form. Whether it holds is for a verifier to find out.
func isHashText(value pcommon.Value) bool {
	if value.Type() != pcommon.ValueTypeStr || len(value.Str()) != 64 {
		return false
	}
	return strings.Trim(value.Str(), "0123456789abcdef") == ""
}

// readBody takes the message out of the body. A map holds it under one of the names that loggers use;
// its other members count as attributes.
func (f *fields) readBody(body pcommon.Value) {
	if body.Type() != pcommon.ValueTypeMap {
		f.message = body.AsString()
		return
	}
	for _, name := range [...]string{"message", "msg", "log"} {
		if value, ok := body.Map().Get(name); ok && value.Type() == pcommon.ValueTypeStr {
			f.message, f.bodyRest, f.hasRest = value.Str(), body.Map(), true
			return
		}
	}
	f.message = body.AsString()
}

func (f *fields) readIDs(record plog.LogRecord, lines *lineWriter) {
	if id := record.TraceID(); !id.IsEmpty() {
		f.traceID = lines.hex(id[:])
	}
	if id := record.SpanID(); !id.IsEmpty() {
		f.spanID = lines.hex(id[:])
	}
}

func levelOf(record plog.LogRecord) string {
	switch n := record.SeverityNumber(); {
	case n >= plog.SeverityNumberError:
		return levelError
	case n >= plog.SeverityNumberWarn:
		return levelWarn
	case n >= plog.SeverityNumberInfo:
		return levelInfo
	case n > 0:
		return levelDebug
	}
	switch strings.ToLower(record.SeverityText()) {
	case "error", "err", "fatal", "critical", "crit", "alert", "emerg", "emergency", "panic":
		return levelError
	case "warn", "warning":
		return levelWarn
	case "debug", "trace", "verbose", "silly":
		return levelDebug
	}
	return levelInfo
}

// value returns what a residency rule looks at; ok is false when the record has no such thing.
func (f *fields) value(attribute string) (string, bool) {
	switch attribute {
	case "service":
		return f.service, true
	case "environment":
		return f.environment, f.environment != ""
	case "level":
		return f.level, true
	case "logger":
		return f.logger, f.logger != ""
	}
	if value, ok := f.record.Attributes().Get(attribute); ok {
		return value.AsString(), true
	}
	if value, ok := f.resource.Get(attribute); ok {
		return value.AsString(), true
	}
	return "", false
}

func textOf(m pcommon.Map, key string) string {
	if value, ok := m.Get(key); ok {
		return value.AsString()
	}
	return ""
}
