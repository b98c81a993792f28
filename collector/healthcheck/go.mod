module github.com/aegis-otel/aegis-otel/collector/healthcheck

go 1.25
