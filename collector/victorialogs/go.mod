// VictoriaLogs and vmalert as Go tool dependencies: `go build github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs`.
module github.com/aegis-otel/aegis-otel/collector/victorialogs

go 1.26.5

tool (
	github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs
	github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert
)

require github.com/VictoriaMetrics/VictoriaLogs v1.52.1

// The version that VictoriaLogs itself requires.
require github.com/VictoriaMetrics/VictoriaMetrics v1.146.1-0.20260630165203-c82127b6d4d1
