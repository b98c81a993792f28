package aegisfile

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/linefile"
)

// fileExporter writes the body of each record as one line.
type fileExporter struct {
	cfg     *Config
	logger  *zap.Logger
	file    *linefile.File
	space   *spaceWatch
	buffers sync.Pool
}

// idKey is the member of a line by which records are looked up.
const idKey = "correlationId"

func (e *fileExporter) start(context.Context, component.Host) error {
	file, err := linefile.Open(linefile.Options{
		Path:     e.cfg.Path,
		MaxBytes: e.cfg.MaxMegabytes << 20,
		MaxFiles: e.cfg.MaxFiles,
		Sync:     e.cfg.Fsync,
		MaxAge:   time.Duration(e.cfg.MaxAge),
		Index:    e.index(),
		OnError: func(err error) {
			e.logger.Warn("something went wrong with the files of the store; reading and writing go on", zap.Error(err))
		},
	})
	e.file = file
	if err == nil && e.cfg.MinFreeMegabytes > 0 {
		e.space = watchSpace(e.cfg.Path, uint64(e.cfg.MinFreeMegabytes)<<20, e.logger)
	}
	return err
}

func (e *fileExporter) index() string {
	if e.cfg.Sidecars {
		return idKey
	}
	return ""
}

func (e *fileExporter) shutdown(context.Context) error {
	e.space.stop()
	if e.file == nil {
		return nil
	}
	return e.file.Close()
}

func (e *fileExporter) consumeLogs(_ context.Context, logs plog.Logs) error {
	buffer, _ := e.buffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	defer e.buffers.Put(buffer)
	lines := (*buffer)[:0]
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				lines = appendLine(lines, record.Body())
			}
		}
	}
	*buffer = lines
	if len(lines) == 0 {
		return nil
	}
	return e.file.Write(lines)
}

// appendLine appends a text as it is, but never as more than one line.
func appendLine(lines []byte, body pcommon.Value) []byte {
	text := body.Str()
	if body.Type() != pcommon.ValueTypeStr {
		text = body.AsString()
	}
	for i := range len(text) {
		if c := text[i]; c == '\n' || c == '\r' {
			lines = append(lines, ' ')
		} else {
			lines = append(lines, c)
		}
	}
	return append(lines, '\n')
}
