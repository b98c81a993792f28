package diskqueue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk/disktest"
)

var onFakeDisk = Options{Directory: "/queue", MaxBytes: 1 << 20, SegmentBytes: 600, Sync: true}

const tries = 4

// run is what happens to 50 entries that are appended, one after the other, while some are taken off.
type run struct {
	acknowledged, delivered []string
	errors                  []error
}

func (r *run) report(err error) { r.errors = append(r.errors, err) }

// try does something again until it works, as a sender does, but not for ever.
func (r *run) try(do func() error) bool {
	for range tries {
		err := do()
		if err == nil {
			return true
		}
		r.errors = append(r.errors, err)
	}
	return false
}

func runOn(d disk.System) *run {
	r := &run{}
	var q *Queue
	if !r.try(func() (err error) { q, err = openOn(d, onFakeDisk, r.report); return err }) {
		return r
	}
	var batch Batch
	for i, entry := range numbered(0, 50) {
		if r.try(func() error { return q.Append(context.Background(), Item{[]byte(entry), 2}) }) {
			r.acknowledged = append(r.acknowledged, entry)
		}
		if i%7 == 6 && q.Size() > 0 {
			if r.try(func() error { return q.Read(context.Background(), &batch, Limits{MaxBytes: 200}) }) {
				r.delivered = append(r.delivered, texts(&batch)...)
				r.try(func() error { return q.Commit(&batch) })
			}
		}
	}
	return r
}

func texts(batch *Batch) []string {
	var all []string
	for _, e := range batch.Entries {
		all = append(all, string(batch.Data[e.Start:e.End]))
	}
	return all
}

// drain opens the queue that is on the disk and reads all of it.
func drain(t *testing.T, d disk.System, options Options) (entries []string, reported []error) {
	t.Helper()
	q, err := openOn(d, options, func(err error) { reported = append(reported, err) })
	require.NoError(t, err)
	defer func() { require.NoError(t, q.Close()) }()
	for q.Size() > 0 {
		var batch Batch
		require.NoError(t, q.fill(&batch, everything)) // Read would wait, where the rest is damaged
		if len(batch.Entries) > 0 {
			entries = append(entries, texts(&batch)...)
			require.NoError(t, q.Commit(&batch))
		}
	}
	return entries, reported
}

func requireNoLoss(t *testing.T, r *run, left []string) {
	t.Helper()
	have := map[string]bool{}
	for _, entry := range slices.Concat(r.delivered, left) {
		have[entry] = true
	}
	for _, entry := range r.acknowledged {
		require.True(t, have[entry], "lost: %.8s", entry)
	}
}

// faults are what can go wrong from a step on, for some steps.
var faults = map[string]struct {
	fault disktest.Fault
	steps int
}{
	"nothing":           {disktest.None, 1},
	"disk full":         {disktest.Full, 1},
	"disk stays full":   {disktest.Full, 1000},
	"i/o error":         {disktest.IO, 1},
	"three i/o errors":  {disktest.IO, 3},
	"i/o errors go on":  {disktest.IO, 1000},
	"short write":       {disktest.ShortWrite, 1},
	"short, not undone": {disktest.FailUndone, 1},
	"the power fails":   {disktest.Dead, 1000},
}

func TestNoFaultAtAnyStepLosesAnAcknowledgedRecord(t *testing.T) {
	count := disktest.New()
	whole := runOn(count)
	require.Len(t, whole.acknowledged, 50)
	require.Greater(t, count.Steps, 100)
	for name, kind := range faults {
		t.Run(name, func(t *testing.T) {
			for step := range count.Steps {
				d := disktest.New()
				d.Fails = func(n int) disktest.Fault {
					if n >= step && n < step+kind.steps {
						return kind.fault
					}
					return disktest.None
				}
				r := runOn(d)
				for _, crash := range disktest.Crashes {
					left, reported := drain(t, d.After(crash), onFakeDisk)
					requireNoLoss(t, r, left)
					for _, err := range reported {
						var damage *DamageError
						require.False(t, errors.As(err, &damage), "a false alarm at step %d, crash %d: %v", step, crash, err)
					}

					again := d.After(crash)
					q, err := openOn(again, onFakeDisk, func(error) {})
					require.NoError(t, err)
					require.NoError(t, q.Close())
					twice, _ := drain(t, again, onFakeDisk)
					require.Equal(t, left, twice, "recovered twice, at step %d, crash %d", step, crash)
				}
			}
		})
	}
}

func TestFailuresAmongManyWritersLoseNothingAcknowledged(t *testing.T) {
	d := disktest.New()
	d.Fails = func(step int) disktest.Fault {
		if step > 20 && step%7 == 0 {
			return disktest.IO
		}
		return disktest.None
	}
	q, err := openOn(d, onFakeDisk, func(error) {})
	require.NoError(t, err)
	var group sync.WaitGroup
	acknowledged := make([][]string, 8)
	for w := range acknowledged {
		group.Go(func() {
			for n := range 50 {
				entry := fmt.Sprintf("%d-%d", w, n)
				if q.Append(context.Background(), Item{[]byte(entry), 2}) == nil {
					acknowledged[w] = append(acknowledged[w], entry)
				}
			}
		})
	}
	group.Wait()
	left, _ := drain(t, d.After(disktest.LoseAll), onFakeDisk)
	requireNoLoss(t, &run{acknowledged: slices.Concat(acknowledged...)}, left)
	require.NotEmpty(t, left)
	require.Less(t, len(slices.Concat(acknowledged...)), 400)
}

// damaged is a disk with a queue of 50 entries, as a killed process leaves it.
func damaged(t *testing.T) (*disktest.Disk, []string) {
	t.Helper()
	d := disktest.New()
	q, err := openOn(d, onFakeDisk, func(err error) { t.Fatal(err) })
	require.NoError(t, err)
	entries := numbered(0, 50)
	add(t, q, entries...)
	return d.After(disktest.Kill), entries
}

// requireNoSilentLoss requires that everything is delivered, or counted as lost.
func requireNoSilentLoss(t *testing.T, d *disktest.Disk, entries []string) {
	t.Helper()
	left, reported := drain(t, d, onFakeDisk)
	have := map[string]bool{}
	for _, entry := range left {
		have[entry] = true
	}
	lost := int64(0)
	for _, entry := range entries {
		if !have[entry] {
			lost += 2
		}
	}
	told := int64(0)
	for _, err := range reported {
		require.ErrorIs(t, err, disk.ErrDamaged)
		var damage *DamageError
		if errors.As(err, &damage) {
			told += damage.Records
			require.Contains(t, d.Paths(), damage.Kept)
			require.Contains(t, err.Error(), fmt.Sprintf("%d bytes from byte %d", damage.Bytes, damage.Offset))
		}
	}
	require.Equal(t, lost, told)
	for _, entry := range left {
		require.Contains(t, entries, entry)
	}
}

func TestOneFlippedBitLosesOneEntryAtMostAndThatIsTold(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		d, entries := damaged(t)
		paths := slices.DeleteFunc(d.Paths(), func(path string) bool { return len(d.Content(path)) == 0 })
		path := paths[random.IntN(len(paths))]
		content := d.Content(path)
		bit := random.IntN(8 * len(content))
		content[bit/8] ^= 1 << (bit % 8)
		d.Put(path, content)
		requireNoSilentLoss(t, d, entries)
	}
}

func TestABurstOfWrongBytesIsPassedOver(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		d, entries := damaged(t)
		paths := slices.DeleteFunc(d.Paths(), func(path string) bool { return !strings.HasSuffix(path, segmentSuffix) })
		path := paths[random.IntN(len(paths)-2)] // the last ones: what was there, nothing tells
		content := d.Content(path)
		from := segmentStart + random.IntN(len(content)-segmentStart)
		for i := from; i < min(len(content), from+100); i++ {
			content[i] = byte(random.Uint32())
		}
		d.Put(path, content)
		requireNoSilentLoss(t, d, entries)
	}
}
