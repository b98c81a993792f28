package aegiswitness

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
)

// maxKeys is the largest file of trusted keys that is read.
const maxKeys = 1 << 20

// trust are the trusted node keys. The file is read again when a key is missing and the file has changed.
type trust struct {
	path   string
	keys   *note.Keys
	stamp  time.Time
	size   int64
	asked  time.Time
	failed func(error)
}

func loadTrust(path string, failed func(error)) (*trust, error) {
	t := &trust{path: path, failed: failed}
	return t, t.load()
}

func (t *trust) load() error {
	file, err := os.Open(t.path)
	if err != nil {
		return fmt.Errorf("trusted_keys: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("trusted_keys: %w", err)
	}
	t.stamp, t.size = info.ModTime(), info.Size()
	keys, err := note.ReadKeys(io.LimitReader(file, maxKeys))
	if err != nil {
		return fmt.Errorf("trusted_keys: %s: %w", t.path, err)
	}
	if keys.Empty() {
		return fmt.Errorf("trusted_keys: %s names no node key", t.path)
	}
	t.keys = keys
	return nil
}

// trusts reports whether a node key may endorse a chain that was opened then.
func (t *trust) trusts(key record.Hash, opened, now time.Time) bool {
	if t.keys.Trusts(key, opened) {
		return true
	}
	if now.Sub(t.asked) < time.Second {
		return false
	}
	t.asked = now
	info, err := os.Stat(t.path)
	if err == nil && info.ModTime().Equal(t.stamp) && info.Size() == t.size {
		return false
	}
	if err := t.load(); err != nil { // those that were read before stay in force
		t.failed(err)
		return false
	}
	return t.keys.Trusts(key, opened)
}
