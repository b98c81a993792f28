// Code generated from contract/ by `python -m tools.contract`. DO NOT EDIT.

// Package names holds the names of a record's fields, and its levels.
package names

// Names of fields, and values that they have.
const AuditAction = "auditAction"
const AuditHash = "auditHash"
const ComplianceLevel = "complianceLevel"
const DefaultComplianceLevel = "HIPAA"
const AuditPrefix = "AUDIT:"
const CorrelationID = "correlationId"
const RedactionFailure = "redactionFailure"
const RedactionFailed = "[REDACTION FAILED]"
const ServiceName = "service.name"
const UnknownService = "unknown_service"
const ExtraPrefix = "extra."
const ErrorName = "errorName"
const ErrorMessage = "errorMessage"
const Error = "error"
const ExceptionType = "exception.type"
const ExceptionMessage = "exception.message"
const ExceptionStack = "exception.stacktrace"
const LevelError = "error"
const LevelWarn = "warn"
const LevelInfo = "info"
const LevelDebug = "debug"
const DefaultLevel = "info"

// Lists of names.
var Reserved = []string{"timestamp", "level", "message", "service", "environment", "traceId", "spanId", "logger"}
var Messages = []string{"message", "msg", "log"}
var Environments = []string{"deployment.environment.name", "deployment.environment"}

// Level is one of a record's levels: its least severity number, and severity texts that mean it.
type Level struct {
	Name  string
	From  int32
	Texts []string
}

// Levels are all levels, the highest first.
var Levels = []Level{
	{"error", 17, []string{"error", "err", "fatal", "critical", "crit", "alert", "emerg", "emergency", "panic"}},
	{"warn", 13, []string{"warn", "warning"}},
	{"info", 9, []string{}},
	{"debug", 1, []string{"debug", "trace", "verbose", "silly"}},
}
