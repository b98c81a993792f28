package aegisroute

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/names"
)

// isReserved says whether a field of this name belongs to the record itself, so that an attribute of the
// name is kept under another one.
func isReserved(name string) bool {
	return slices.Contains(names.Reserved, name)
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
	o.service = textOf(resource, names.ServiceName)
	if o.service == "" {
		o.service = names.UnknownService
	}
	for _, name := range names.Environments {
		if o.environment = textOf(resource, name); o.environment != "" {
			return
		}
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
		case names.CorrelationID:
			f.correlationID = value.AsString()
		case names.ComplianceLevel:
			f.compliance = value.AsString()
		case names.AuditAction:
			hasAudit = true
		case names.AuditHash:
			f.sealed = isHashText(value)
		case names.ErrorName:
			hasErrorName = true
		case names.ExceptionType:
			f.errorName = value.AsString()
		case names.ExceptionMessage:
			f.errorMessage = value.AsString()
		case names.ExceptionStack:
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
		f.compliance = names.DefaultComplianceLevel
	}
	if f.correlationID == "" && f.traceID != "" {
		t := f.traceID
		f.correlationID = t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:]
	}
	f.class = f.classify()
}

func (f *fields) classify() class {
	switch {
	case names.IsAudit(f.record.Attributes(), f.message):
		return classAudit
	case f.level == names.LevelError:
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
	for _, name := range names.Messages {
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
	if number := int32(record.SeverityNumber()); number > 0 {
		for _, level := range names.Levels {
			if number >= level.From {
				return level.Name
			}
		}
	}
	text := strings.ToLower(record.SeverityText())
	for _, level := range names.Levels {
		if slices.Contains(level.Texts, text) {
			return level.Name
		}
	}
	return names.DefaultLevel
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
