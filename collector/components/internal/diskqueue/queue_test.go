package diskqueue

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
)

var everything = Limits{MaxBytes: 1 << 20}

func options(t *testing.T) Options {
	return Options{Directory: t.TempDir(), MaxBytes: 1 << 20, SegmentBytes: 1 << 10, Sync: true}
}

func open(t *testing.T, o Options) *Queue {
	t.Helper()
	q, err := Open(o, func(err error) { t.Log(err) })
	require.NoError(t, err)
	t.Cleanup(func() { _ = q.Close() })
	return q
}

func add(t *testing.T, q *Queue, entries ...string) {
	t.Helper()
	for _, entry := range entries {
		require.NoError(t, q.Append(context.Background(), Item{[]byte(entry), 2}))
	}
}

// take reads everything that is there and commits it.
func take(t *testing.T, q *Queue) []string {
	t.Helper()
	var all []string
	for q.Size() > 0 {
		all = append(all, peek(t, q, true)...)
	}
	return all
}

func peek(t *testing.T, q *Queue, commit bool) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var batch Batch
	require.NoError(t, q.Read(ctx, &batch, everything))
	var entries []string
	for _, e := range batch.Entries {
		entries = append(entries, string(batch.Data[e.Start:e.End]))
	}
	require.Equal(t, 2*len(entries), batch.Records)
	if commit {
		require.NoError(t, q.Commit(&batch))
	}
	return entries
}

func numbered(from, to int) []string {
	var entries []string
	for n := from; n < to; n++ {
		entries = append(entries, fmt.Sprintf("%d:%s", n, strings.Repeat("x", n%97)))
	}
	return entries
}

func segments(t *testing.T, o Options) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(o.Directory, "*"+segmentSuffix))
	require.NoError(t, err)
	return files
}

func TestEntriesComeOutInOrderAcrossSegments(t *testing.T) {
	o := options(t)
	q := open(t, o)
	add(t, q, numbered(0, 200)...)
	require.Greater(t, len(segments(t, o)), 3)
	require.Equal(t, numbered(0, 200), take(t, q))
	require.Zero(t, q.Size())
	require.Len(t, segments(t, o), 1)
}

func TestEntriesSurviveReopening(t *testing.T) {
	o := options(t)
	q := open(t, o)
	add(t, q, numbered(0, 50)...)
	require.NoError(t, q.Close())
	q = open(t, o)
	add(t, q, numbered(50, 60)...)
	require.Equal(t, numbered(0, 60), take(t, q))
	require.NoError(t, q.Close())
	require.Zero(t, open(t, o).Size())
}

func TestABatchComesAgainUntilItIsCommitted(t *testing.T) {
	o := options(t)
	q := open(t, o)
	add(t, q, "a", "b")
	require.Equal(t, []string{"a", "b"}, peek(t, q, false))
	require.Equal(t, []string{"a", "b"}, peek(t, q, false))
	require.NoError(t, q.Close())
	q = open(t, o)
	require.Equal(t, []string{"a", "b"}, peek(t, q, true))
	require.Zero(t, q.Size())
}

func TestATornEntryIsCutOff(t *testing.T) {
	o := options(t)
	q := open(t, o)
	add(t, q, "whole", "torn")
	require.NoError(t, q.Close())
	file := segments(t, o)[0]
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(file, info.Size()-2))
	q = open(t, o)
	add(t, q, "next")
	require.Equal(t, []string{"whole", "next"}, take(t, q))
}

func TestADamagedSegmentIsSetAsideAndReported(t *testing.T) {
	o := options(t)
	q := open(t, o)
	add(t, q, numbered(0, 60)...)
	require.NoError(t, q.Close())
	first := segments(t, o)[0]
	content, err := os.ReadFile(first)
	require.NoError(t, err)
	content[segmentStart+frameHeader+1] ^= 0xff
	require.NoError(t, os.WriteFile(first, content, 0o600))
	var reported error
	q, err = Open(o, func(err error) { reported = err })
	require.NoError(t, err)
	defer q.Close()
	left := take(t, q)
	require.ErrorIs(t, reported, disk.ErrDamaged)
	require.FileExists(t, first+".damaged")
	require.NotEmpty(t, left)
	require.Equal(t, "59:"+strings.Repeat("x", 59), left[len(left)-1])
}

func TestADamagedPositionMeansFromTheBeginning(t *testing.T) {
	o := options(t)
	q := open(t, o)
	add(t, q, "a")
	take(t, q)
	add(t, q, "b")
	require.NoError(t, q.Close())
	require.NoError(t, os.WriteFile(filepath.Join(o.Directory, "position"), []byte("nonsense"), 0o600))
	require.Equal(t, []string{"a", "b"}, take(t, open(t, o)))
}

func TestAFullQueueMakesAppendWait(t *testing.T) {
	o := options(t)
	o.MaxBytes = 100
	q := open(t, o)
	add(t, q, strings.Repeat("x", 80))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, q.Append(ctx, Item{[]byte(strings.Repeat("y", 50)), 1}), context.DeadlineExceeded)
	done := make(chan error)
	go func() { done <- q.Append(context.Background(), Item{[]byte("z"), 2}) }()
	take(t, q)
	require.NoError(t, <-done)
}

func TestEntriesAppendedTogetherComeOutInOrder(t *testing.T) {
	q := open(t, Options{Directory: t.TempDir(), MaxBytes: 1 << 20, SegmentBytes: 64, Sync: true})
	items := make([]Item, 9)
	for i := range items {
		items[i] = Item{Data: []byte(fmt.Sprint("entry ", i)), Records: 1}
	}
	require.NoError(t, q.Append(context.Background(), items...))
	require.NoError(t, q.Append(context.Background()))
	require.Equal(t, q.active.written, q.active.synced.Load(), "all of it is safe")
	require.Zero(t, q.unsynced)
	var batch Batch
	require.NoError(t, q.Read(context.Background(), &batch, Limits{MaxBytes: 1 << 20}))
	require.Equal(t, 9, batch.Records)
	require.True(t, strings.HasPrefix(string(batch.Data), "entry 0entry 1"))
}

func TestAnEntryLargerThanTheQueuePassesWhenItIsEmpty(t *testing.T) {
	o := options(t)
	o.MaxBytes = 10
	q := open(t, o)
	add(t, q, strings.Repeat("x", 500))
	require.Len(t, take(t, q)[0], 500)
}

func TestABatchIsLimitedInBytes(t *testing.T) {
	q := open(t, options(t))
	add(t, q, "aaaa", "bbbb", "cccc", strings.Repeat("d", 100))
	var batch Batch
	sizes := []int{}
	for q.Size() > 0 {
		require.NoError(t, q.Read(context.Background(), &batch, Limits{MaxBytes: 9}))
		sizes = append(sizes, len(batch.Data))
		require.NoError(t, q.Commit(&batch))
	}
	require.Equal(t, []int{8, 4, 100}, sizes)
}

func TestABatchIsLimitedInRecords(t *testing.T) {
	q := open(t, options(t))
	for _, records := range []int{2, 1, 2, 9, 1} {
		require.NoError(t, q.Append(context.Background(), Item{Data: []byte("x"), Records: records}))
	}
	var batch Batch
	counts := []int{}
	for q.Size() > 0 {
		require.NoError(t, q.Read(context.Background(), &batch, Limits{MaxBytes: 100, MaxRecords: 3}))
		counts = append(counts, batch.Records)
		require.NoError(t, q.Commit(&batch))
	}
	require.Equal(t, []int{3, 2, 9, 1}, counts)
}

func TestReadLingersForMore(t *testing.T) {
	q := open(t, options(t))
	add(t, q, "a")
	go func() { _ = q.Append(context.Background(), Item{[]byte("b"), 1}) }()
	var batch Batch
	require.NoError(t, q.Read(context.Background(), &batch, Limits{MinBytes: 2 * (frameHeader + 1), Linger: time.Minute, MaxBytes: 100}))
	require.Equal(t, "ab", string(batch.Data))
}

func TestCloseEndsWaiting(t *testing.T) {
	q := open(t, options(t))
	done := make(chan error)
	go func() { done <- q.Read(context.Background(), &Batch{}, everything) }()
	require.NoError(t, q.Close())
	require.ErrorIs(t, <-done, ErrClosed)
	require.ErrorIs(t, q.Append(context.Background(), Item{[]byte("x"), 1}), ErrClosed)
}

func TestTwoProcessesCannotShareAQueue(t *testing.T) {
	o := options(t)
	open(t, o)
	_, err := Open(o, func(error) {})
	require.ErrorContains(t, err, "another process")
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	o := options(t)
	o.Directory = filepath.Join(o.Directory, "queue")
	add(t, open(t, o), "a")
	entries, err := os.ReadDir(o.Directory)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), entry.Name())
	}
}

func TestManyWritersAndOneReaderLoseNothing(t *testing.T) {
	for name, maxBytes := range map[string]int64{"with room": 1 << 20, "always full": 300} {
		t.Run(name, func(t *testing.T) { manyWriters(t, maxBytes) })
	}
}

func manyWriters(t *testing.T, maxBytes int64) {
	o := options(t)
	o.MaxBytes = maxBytes
	q := open(t, o)
	const writers, each = 8, 50
	var group sync.WaitGroup
	for w := range writers {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range each {
				if err := q.Append(context.Background(), Item{[]byte(fmt.Sprintf("%d-%d", w, n)), 2}); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	seen := map[string]bool{}
	for len(seen) < writers*each {
		for _, entry := range peek(t, q, true) {
			require.False(t, seen[entry])
			seen[entry] = true
		}
	}
	group.Wait()
	require.Zero(t, q.Size())
}
