package aegislimits

import (
	"fmt"
	"sync/atomic"
)

// budget is the memory that requests in flight may take together.
type budget struct {
	most int64
	used atomic.Int64
}

// take reserves bytes; it tells false, and reserves nothing, if they are not free.
func (b *budget) take(bytes int64) bool {
	if b.used.Add(bytes) <= b.most {
		return true
	}
	b.used.Add(-bytes)
	return false
}

func (b *budget) give(bytes int64) { b.used.Add(-bytes) }

// fits tells an error for a request that would not fit even if it were alone.
func (b *budget) fits(found size) error {
	if found.memory() <= b.most {
		return nil
	}
	return fmt.Errorf("the request would take about %d MiB of memory, more than %d MiB (max_in_flight_mib)",
		found.memory()>>20, b.most>>20)
}
