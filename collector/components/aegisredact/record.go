package aegisredact

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Names that the processor needs to know of a record.
const (
	attributeAuditAction     = "auditAction"
	attributeComplianceLevel = "complianceLevel"
	attributeCorrelationID   = "correlationId"
	attributeMetadata        = "metadata"
	attributeFailure         = "redactionFailure"
	auditPrefix              = "AUDIT:"
	failedBody               = "[REDACTION FAILED]"
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

// redactResource also stands for what fails in it: the attributes go, the records stay.
func (e *engine) redactResource(resourceLogs plog.ResourceLogs) {
	attributes := resourceLogs.Resource().Attributes()
	defer guard(func() {
		resourceLogs.SetSchemaUrl("")
		attributes.Clear()
		attributes.PutBool(attributeFailure, true)
	})
	if url := resourceLogs.SchemaUrl(); url != "" {
		if masked, changed := e.redactText(url, 0); changed {
			resourceLogs.SetSchemaUrl(masked)
		}
	}
	e.redactMap(attributes, 0, nil)
}

func (e *engine) redactScope(scopeLogs plog.ScopeLogs) {
	scope := scopeLogs.Scope()
	defer guard(func() {
		scopeLogs.SetSchemaUrl("")
		scope.SetName("")
		scope.SetVersion("")
		scope.Attributes().Clear()
	})
	if url := scopeLogs.SchemaUrl(); url != "" {
		if masked, changed := e.redactText(url, 0); changed {
			scopeLogs.SetSchemaUrl(masked)
		}
	}
	if masked, changed := e.redactText(scope.Name(), 0); changed {
		scope.SetName(masked)
	}
	if masked, changed := e.redactText(scope.Version(), 0); changed {
		scope.SetVersion(masked)
	}
	e.redactMap(scope.Attributes(), 0, nil)
}

func (e *engine) redactRecord(record plog.LogRecord) {
	defer guard(func() { replaceByMarker(record) })
	if body := record.Body(); body.Type() == pcommon.ValueTypeStr {
		if masked, changed := e.redactText(body.Str(), 0); changed {
			body.SetStr(masked)
		}
	} else {
		e.redactValue(body, 0)
	}
	if text := record.SeverityText(); text != "" {
		if masked, changed := e.redactText(text, 0); changed {
			record.SetSeverityText(masked)
		}
	}
	if name := record.EventName(); name != "" {
		if masked, changed := e.redactText(name, 0); changed {
			record.SetEventName(masked)
		}
	}
	var exempt map[string]bool
	if isAudit(record) {
		exempt = e.auditKeys
	}
	e.redactMap(record.Attributes(), 0, exempt)
}

func isAudit(record plog.LogRecord) bool {
	if body := record.Body(); body.Type() == pcommon.ValueTypeStr && strings.HasPrefix(body.Str(), auditPrefix) {
		return true
	}
	attributes := record.Attributes()
	if _, ok := attributes.Get(attributeComplianceLevel); ok {
		return true
	}
	_, ok := attributes.Get(attributeAuditAction)
	return ok
}

// rename is a key that holds a secret, and what is to stand there.
type rename struct{ from, to string }

// redactMap redacts keys and values. exempt are keys which no key rule masks, at this level only.
func (e *engine) redactMap(m pcommon.Map, depth int, exempt map[string]bool) {
	var renames []rename
	m.Range(func(key string, value pcommon.Value) bool {
		verdict := e.key(key)
		if verdict.renamed != "" {
			renames = append(renames, rename{from: key, to: verdict.renamed})
		}
		switch {
		case verdict.kind != noKind && !exempt[key]:
			e.maskValue(value, verdict.kind)
		case exempt != nil && key == attributeMetadata && value.Type() == pcommon.ValueTypeMap:
			e.redactMap(value.Map(), depth+1, exempt)
		default:
			e.redactValue(value, depth)
		}
		return true
	})
	for _, r := range renames {
		renameKey(m, r)
	}
}

func renameKey(m pcommon.Map, r rename) {
	value, ok := m.Get(r.from)
	if !ok {
		return
	}
	moved := pcommon.NewValueEmpty()
	value.MoveTo(moved)
	m.Remove(r.from)
	to := r.to
	for n := 2; ; n++ {
		if _, taken := m.Get(to); !taken {
			break
		}
		to = r.to + "_" + strconv.Itoa(n)
	}
	moved.MoveTo(m.PutEmpty(to))
}

// maskValue masks a value whole, unless there is nothing to hide in it.
func (e *engine) maskValue(value pcommon.Value, kind int) {
	secret := ""
	switch value.Type() {
	case pcommon.ValueTypeEmpty, pcommon.ValueTypeBool:
		return
	case pcommon.ValueTypeStr:
		if secret = value.Str(); secret == "" || e.isMask(secret) {
			return
		}
	case pcommon.ValueTypeInt:
		secret = strconv.FormatInt(value.Int(), 10)
	case pcommon.ValueTypeDouble:
		secret = strconv.FormatFloat(value.Double(), 'g', -1, 64)
	case pcommon.ValueTypeBytes:
		if value.Bytes().Len() == 0 {
			return
		}
	case pcommon.ValueTypeMap:
		if value.Map().Len() == 0 {
			return
		}
	case pcommon.ValueTypeSlice:
		if value.Slice().Len() == 0 {
			return
		}
	}
	value.SetStr(e.mask(kind, secret))
}

func (e *engine) redactValue(value pcommon.Value, depth int) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		if masked, changed := e.redactText(value.Str(), depth); changed {
			value.SetStr(masked)
		}
	case pcommon.ValueTypeInt:
		if n := value.Int(); n >= minCheckedNumber || n <= -minCheckedNumber {
			if masked, changed := e.redactNumber(float64(n), strconv.FormatInt(n, 10)); changed {
				value.SetStr(masked)
			}
		}
	case pcommon.ValueTypeDouble:
		e.redactDouble(value)
	case pcommon.ValueTypeBytes:
		text := strings.ToValidUTF8(string(value.Bytes().AsRaw()), "�")
		if masked, changed := e.redactText(text, depth); changed {
			value.SetStr(masked)
		}
	case pcommon.ValueTypeMap:
		if depth >= e.maxDepth {
			value.SetStr(e.mask(e.depthKind, ""))
			return
		}
		e.redactMap(value.Map(), depth+1, nil)
	case pcommon.ValueTypeSlice:
		if depth >= e.maxDepth {
			value.SetStr(e.mask(e.depthKind, ""))
			return
		}
		for _, item := range value.Slice().All() {
			e.redactValue(item, depth+1)
		}
	}
}

// maxIntegralDouble bounds the numbers that a double holds to the last digit (2^53).
const maxIntegralDouble = 1 << 53

func (e *engine) redactDouble(value pcommon.Value) {
	number := value.Double()
	if number < -maxIntegralDouble || number > maxIntegralDouble || number != float64(int64(number)) {
		return
	}
	if masked, changed := e.redactNumber(number, strconv.FormatInt(int64(number), 10)); changed {
		value.SetStr(masked)
	}
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
	kept := map[string]string{}
	for _, name := range [...]string{attributeCorrelationID, attributeAuditAction, attributeComplianceLevel} {
		if value, ok := record.Attributes().Get(name); ok && value.Type() == pcommon.ValueTypeStr &&
			isIdentifier(value.Str()) {
			kept[name] = value.Str()
		}
	}
	marker := plog.NewLogRecord()
	marker.SetTimestamp(record.Timestamp())
	marker.SetObservedTimestamp(record.ObservedTimestamp())
	marker.SetSeverityNumber(record.SeverityNumber())
	marker.SetTraceID(record.TraceID())
	marker.SetSpanID(record.SpanID())
	marker.SetFlags(record.Flags())
	marker.Body().SetStr(failedBody)
	for name, value := range kept {
		marker.Attributes().PutStr(name, value)
	}
	marker.Attributes().PutBool(attributeFailure, true)
	marker.MoveTo(record)
}

const maxIdentifier = 64

func isIdentifier(s string) bool {
	if len(s) > maxIdentifier {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !isKeyByte(s[i]) {
			return false
		}
	}
	return true
}
