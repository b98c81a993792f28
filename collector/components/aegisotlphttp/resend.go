package aegisotlphttp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/linefile"
)

const (
	// resendFolder is where an operator moves dead letters that are to be sent again, below their own folder.
	resendFolder = "resend"

	// resendEvery is how often that folder is looked at.
	resendEvery = 2 * time.Second

	// A file that is being sent has a name of its own, so that another one may come to its former place meanwhile.
	sendingSuffix = ".sending"
	unreadSuffix  = ".unread"
	stampPattern  = `[0-9]{8}T[0-9]{6}\.[0-9]{9}Z`
)

// resend puts dead letters that an operator has moved to the resend folder back on the queue, until receiving is done. A
// file that it has begun it finishes, unless the queue is full or sending is done as well.
func (e *logsExporter) resend(receiving, sending context.Context) {
	folder := filepath.Join(e.cfg.DeadLetter.Directory, resendFolder)
	ours := regexp.MustCompile(`^` + regexp.QuoteMeta(e.name) + `(?:-` + stampPattern + `)?\.jsonl(?:\.` + stampPattern +
		regexp.QuoteMeta(sendingSuffix) + `)?$`)
	ticker := time.NewTicker(resendEvery)
	defer ticker.Stop()
	for {
		entries, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			e.set.Logger.Error("The folder of dead letters to send again cannot be read.", zap.Error(err))
		}
		for _, entry := range entries {
			if ours.MatchString(entry.Name()) && entry.Type().IsRegular() && receiving.Err() == nil {
				e.resendFile(receiving, sending, filepath.Join(folder, entry.Name()))
			}
		}
		select {
		case <-receiving.Done():
			return
		case <-ticker.C:
		}
	}
}

// resendFile queues all records of a file, and then removes it. A file of which a line cannot be read is kept under
// another name; one that was not read to its end is read again from its beginning, also after the next start.
func (e *logsExporter) resendFile(receiving, sending context.Context, path string) {
	path, err := claim(path)
	if err == nil {
		// It may be the file that is being written: from now on another one is.
		err = e.dead.Reopen()
	}
	records, unread := 0, 0
	if err == nil {
		records, unread, err = e.queueFile(receiving, sending, path)
	}
	if err == nil && unread > 0 {
		err = os.Rename(path, strings.TrimSuffix(path, sendingSuffix)+unreadSuffix)
	} else if err == nil {
		err = os.Remove(path)
	}
	switch {
	case err != nil && receiving.Err() != nil:
	case err != nil:
		e.set.Logger.Error("Sending dead letters again failed; it is tried again.", zap.String("file", path), zap.Error(err))
	case unread > 0:
		e.set.Logger.Error("Lines of a file of dead letters cannot be read; it is kept with .unread at the end of its name.",
			zap.String("file", path), zap.Int("lines", unread), zap.Int("records_queued", records))
	default:
		e.set.Logger.Info("Dead letters are sent again.", zap.String("file", path), zap.Int("records", records))
	}
}

// claim gives a file the name of one that is being sent, which no other file has.
func claim(path string) (string, error) {
	if strings.HasSuffix(path, sendingSuffix) {
		return path, nil
	}
	claimed := path + "." + time.Now().UTC().Format(linefile.StampFormat) + sendingSuffix
	return claimed, os.Rename(path, claimed)
}

func (e *logsExporter) queueFile(receiving, sending context.Context, path string) (records, unread int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	unmarshaler := plog.JSONUnmarshaler{}
	for lines := bufio.NewReader(file); ; {
		if sending.Err() != nil {
			return records, unread, sending.Err()
		}
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if logs, broken := unmarshaler.UnmarshalLogs(line); broken != nil {
				unread++
			} else if err := e.ConsumeLogs(receiving, logs); err != nil {
				return records, unread, err
			} else {
				records += logs.LogRecordCount()
			}
		}
		if errors.Is(err, io.EOF) {
			return records, unread, nil
		}
		if err != nil {
			return records, unread, err
		}
	}
}
