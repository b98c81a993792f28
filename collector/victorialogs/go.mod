// VictoriaLogs as a Go tool dependency: `go build github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs` in this folder.
module github.com/aegis-otel/aegis-otel/collector/victorialogs

go 1.26.5

tool github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs

require github.com/VictoriaMetrics/VictoriaLogs v1.52.1
