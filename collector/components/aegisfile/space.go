package aegisfile

import (
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	spaceCheckEvery   = time.Minute
	spaceWarningEvery = time.Hour
)

// spaceWatch warns while little space is left on the disk of the store.
type spaceWatch struct {
	done  chan struct{}
	ended sync.WaitGroup
}

func watchSpace(path string, wanted uint64, logger *zap.Logger) *spaceWatch {
	w := &spaceWatch{done: make(chan struct{})}
	folder := filepath.Dir(path)
	w.ended.Add(1)
	go func() {
		defer w.ended.Done()
		ticker := time.NewTicker(spaceCheckEvery)
		defer ticker.Stop()
		for warned := (time.Time{}); ; {
			if free, ok := freeSpace(folder); ok && free < wanted && time.Since(warned) >= spaceWarningEvery {
				warned = time.Now()
				logger.Warn("the disk of the store is nearly full: free some space, or records will be refused",
					zap.String("folder", folder), zap.Uint64("free_bytes", free), zap.Uint64("warned_below_bytes", wanted))
			}
			select {
			case <-w.done:
				return
			case <-ticker.C:
			}
		}
	}()
	return w
}

func (w *spaceWatch) stop() {
	if w != nil {
		close(w.done)
		w.ended.Wait()
	}
}
