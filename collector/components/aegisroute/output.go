package aegisroute

import (
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
)

// output is what some pipelines get: records of one class, in one shape, less what residency withholds.
// Pipelines whose records would be the same share one output.
type output struct {
	class     class
	shape     Shape
	residency []*ResidencyRule
	consumers []consumer.Logs
}

// takes says whether the record goes to this output; withheld is true when only residency keeps it out.
func (o *output) takes(f *fields) (takes, withheld bool) {
	switch o.class {
	case classAll, f.class:
	case classNonAudit:
		if f.class == classAudit {
			return false, false
		}
	default:
		return false, false
	}
	for _, rule := range o.residency {
		if rule.matches(f) {
			return false, true
		}
	}
	return true, false
}

// batch collects the records of one output while a batch of the receiver is taken apart.
type batch struct {
	logs plog.Logs

	// Of the shapes properties and none: where the last record went, and where that came from.
	source   sourcePosition
	scope    plog.ScopeLogs
	hasScope bool

	// Of the shape loki.
	groups []labelGroup
	last   int
}

// sourcePosition tells one scope of one resource of the batch from another.
type sourcePosition struct{ resource, scope int }

// labels are Loki's index labels.
type labels struct {
	service, environment, level, compliance string
}

type labelGroup struct {
	labels  labels
	records plog.LogRecordSlice
}

// source is where the record at hand comes from.
type source struct {
	position sourcePosition
	resource plog.ResourceLogs
	scope    plog.ScopeLogs
}

func (b *batch) add(shape Shape, f *fields, from *source, lines *lineWriter) {
	switch shape {
	case ShapeLoki:
		b.addLoki(f, lines)
	case ShapeLine:
		b.addLine(f, lines)
	case ShapeProperties:
		addProperties(b.next(from), f)
	case ShapeIndexed:
		b.addIndexed(f, lines)
	default:
		f.record.CopyTo(b.next(from))
	}
}

// next returns a new record under the same resource and scope as the original.
func (b *batch) next(from *source) plog.LogRecord {
	if !b.hasScope || b.source != from.position {
		var resource plog.ResourceLogs
		if all := b.logs.ResourceLogs(); b.hasScope && b.source.resource == from.position.resource {
			resource = all.At(all.Len() - 1)
		} else {
			resource = all.AppendEmpty()
			from.resource.Resource().CopyTo(resource.Resource())
			resource.SetSchemaUrl(from.resource.SchemaUrl())
		}
		b.scope = resource.ScopeLogs().AppendEmpty()
		from.scope.Scope().CopyTo(b.scope.Scope())
		b.scope.SetSchemaUrl(from.scope.SchemaUrl())
		b.source, b.hasScope = from.position, true
	}
	return b.scope.LogRecords().AppendEmpty()
}

// addLine writes nothing but the line and its time.
func (b *batch) addLine(f *fields, lines *lineWriter) {
	record := b.single().AppendEmpty()
	record.SetTimestamp(f.record.Timestamp())
	record.Body().SetStr(lines.line(f))
}

// single returns the records of the batch's one resource and scope, which say nothing.
func (b *batch) single() plog.LogRecordSlice {
	if !b.hasScope {
		b.scope = b.logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
		b.hasScope = true
	}
	return b.scope.LogRecords()
}
