package diskqueue

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk/disktest"
)

// oneSegment is a disk whose queue has some entries in one segment; starts tells where each frame begins.
func oneSegment(t *testing.T, entries ...string) (d *disktest.Disk, path string, starts []int) {
	t.Helper()
	d = disktest.New()
	q, err := openOn(d, inOneSegment, func(err error) { t.Fatal(err) })
	require.NoError(t, err)
	for _, entry := range entries {
		starts = append(starts, int(q.active.written))
		add(t, q, entry)
	}
	return d.After(disktest.Kill), q.path(q.active.segment), starts
}

var inOneSegment = Options{Directory: "/queue", MaxBytes: 1 << 20, SegmentBytes: 1 << 20, Sync: true}

func edit(d *disktest.Disk, path string, change func([]byte) []byte) {
	d.Put(path, change(d.Content(path)))
}

func damageIn(t *testing.T, reported []error) *DamageError {
	t.Helper()
	require.Len(t, reported, 1)
	var damage *DamageError
	require.ErrorAs(t, reported[0], &damage)
	require.ErrorIs(t, reported[0], disk.ErrDamaged)
	return damage
}

func TestADamagedEntryIsKeptAndTheOthersGoOn(t *testing.T) {
	d, path, starts := oneSegment(t, "first", "second", "third", "fourth")
	edit(d, path, func(b []byte) []byte { b[starts[1]+frameHeader] ^= 4; return b })
	left, reported := drain(t, d, inOneSegment)
	require.Equal(t, []string{"first", "third", "fourth"}, left)
	damage := damageIn(t, reported)
	require.Equal(t, int64(starts[1]), damage.Offset)
	require.Equal(t, int64(starts[2]-starts[1]), damage.Bytes)
	require.EqualValues(t, 2, damage.Records)
	require.Equal(t, 2, damage.Behind)
	require.Equal(t, path+".damaged", damage.Kept)
	require.Equal(t, "wecond", string(d.Content(damage.Kept)[starts[1]+frameHeader:]))
}

func TestAFlippedBitInAHeaderIsPutRight(t *testing.T) {
	for bit := range 8 * frameHeader {
		d, path, starts := oneSegment(t, "first", "second", "third")
		edit(d, path, func(b []byte) []byte { b[starts[1]+bit/8] ^= 1 << (bit % 8); return b })
		left, reported := drain(t, d, inOneSegment)
		require.Equal(t, []string{"first", "second", "third"}, left)
		require.Empty(t, reported)
	}
}

func TestADestroyedHeaderCostsOneEntry(t *testing.T) {
	d, path, starts := oneSegment(t, "first", "second", "third", "fourth")
	edit(d, path, func(b []byte) []byte { copy(b[starts[1]:], "all wrong, from here on"); return b })
	left, reported := drain(t, d, inOneSegment)
	require.Equal(t, []string{"first", "third", "fourth"}, left)
	require.EqualValues(t, 2, damageIn(t, reported).Records)
}

func TestADestroyedLastEntryIsDamageNotATornTail(t *testing.T) {
	d, path, starts := oneSegment(t, "first", "second")
	edit(d, path, func(b []byte) []byte { copy(b[starts[1]:], "all wrong, from here on"); return b })
	left, reported := drain(t, d, inOneSegment)
	require.Equal(t, []string{"first"}, left)
	damage := damageIn(t, reported)
	require.EqualValues(t, 1, damage.Records, "at least")
	require.Contains(t, string(d.Content(damage.Kept)), "all wrong, from here on")
}

func TestAnUnfinishedLastEntryIsNoDamage(t *testing.T) {
	whole, path, starts := oneSegment(t, "first", "second")
	for size := starts[1]; size < len(whole.Content(path)); size++ {
		d := whole.After(disktest.Kill)
		edit(d, path, func(b []byte) []byte { return b[:size] })
		left, reported := drain(t, d, inOneSegment)
		require.Equal(t, []string{"first"}, left)
		require.Empty(t, reported)
	}
	edit(whole, path, func(b []byte) []byte { return append(b[:starts[1]], make([]byte, 5000)...) })
	left, reported := drain(t, whole, inOneSegment)
	require.Equal(t, []string{"first"}, left)
	require.Empty(t, reported, "zeros are what a crash leaves of a write")
}

func TestADamagedSegmentHeaderIsReadByItsCopy(t *testing.T) {
	for name, from := range map[string]int{"first": 0, "copy": segmentHeader} {
		t.Run(name, func(t *testing.T) {
			d, path, _ := oneSegment(t, "first", "second")
			edit(d, path, func(b []byte) []byte { clear(b[from : from+segmentHeader]); return b })
			left, reported := drain(t, d, inOneSegment)
			require.Equal(t, []string{"first", "second"}, left)
			require.Empty(t, reported)
		})
	}
}

func TestWithoutASegmentHeaderTheFirstEntryTellsTheMark(t *testing.T) {
	d, path, starts := oneSegment(t, "first", "second")
	edit(d, path, func(b []byte) []byte { clear(b[:starts[0]]); return b })
	left, _ := drain(t, d, inOneSegment)
	require.Equal(t, []string{"first", "second"}, left)
}

func TestWithoutHeaderAndFirstEntryTheSegmentIsKeptAside(t *testing.T) {
	d, path, starts := oneSegment(t, "first", "second")
	edit(d, path, func(b []byte) []byte { clear(b[:starts[0]+frameHeader]); return b })
	left, reported := drain(t, d, inOneSegment)
	require.Empty(t, left)
	damage := damageIn(t, reported)
	require.EqualValues(t, -1, damage.Records)
	require.Contains(t, string(d.Content(damage.Kept)), "second")
}

func TestACutSegmentIsReported(t *testing.T) {
	d, path, starts := oneSegment(t, "first", "second", "third")
	q, err := openOn(d, inOneSegment, func(err error) { t.Fatal(err) })
	require.NoError(t, err)
	add(t, q, "fourth")
	require.NoError(t, q.Close())
	edit(d, path, func(b []byte) []byte { return b[:starts[1]] })
	left, reported := drain(t, d, inOneSegment)
	require.Equal(t, []string{"first", "fourth"}, left)
	require.EqualValues(t, 4, damageIn(t, reported).Records)
}

func TestASegmentThatIsGoneIsReported(t *testing.T) {
	d, entries := damaged(t)
	var gone string
	for _, path := range d.Paths() {
		if strings.HasSuffix(path, segmentSuffix) {
			gone = path[:len(path)-len(suffix2)-1] + "1" + suffix2
			break
		}
	}
	require.NoError(t, d.Remove(gone))
	left, reported := drain(t, d, onFakeDisk)
	require.EqualValues(t, 2*(len(entries)-len(left)), damageIn(t, reported).Records)
	require.Less(t, len(left), len(entries))
}

func TestASenderCannotPutAnEntryIntoARecord(t *testing.T) {
	forged := appendFrame(nil, []byte("forged"), mark{1, 2, 3}, 1, 2)
	d, path, starts := oneSegment(t, "first", "second"+string(forged), "third")
	edit(d, path, func(b []byte) []byte { clear(b[starts[1] : starts[1]+frameHeader]); return b })
	left, _ := drain(t, d, inOneSegment)
	require.Equal(t, []string{"first", "third"}, left)
}

func TestAFailedFsyncRefusesWhatItHadToMakeSafeAndIsNotTriedAgain(t *testing.T) {
	d := disktest.New()
	var reported []error
	q, err := openOn(d, inOneSegment, func(err error) { reported = append(reported, err) })
	require.NoError(t, err)
	add(t, q, "safe")
	failing := d.Steps + 1 // the write, then the fsync
	d.Fails = func(step int) disktest.Fault {
		if step == failing {
			return disktest.IO
		}
		return disktest.None
	}
	before := q.active
	refused := q.Append(context.Background(), Item{[]byte("refused"), 2})
	require.ErrorIs(t, refused, disk.ErrIO)
	require.Equal(t, []error{refused}, reported)
	require.ErrorIs(t, q.syncTo(place{before, before.written}), disk.ErrIO, "no second fsync says otherwise")
	require.NotEqual(t, before.segment.id, q.active.segment.id)
	add(t, q, "sent again")
	left, _ := drain(t, d.After(disktest.LoseAll), inOneSegment)
	require.Equal(t, []string{"safe", "sent again"}, left)
	require.Equal(t, []string{"safe", "sent again"}, take(t, q))
}

func TestAFullDiskHasATypeAndTheQueueCanBeEmptied(t *testing.T) {
	d := disktest.New()
	q, err := openOn(d, inOneSegment, func(error) {})
	require.NoError(t, err)
	add(t, q, "a")
	full := d.Steps
	d.Fails = func(step int) disktest.Fault {
		if step == full {
			return disktest.Full
		}
		return disktest.None
	}
	require.ErrorIs(t, q.Append(context.Background(), Item{[]byte("b"), 2}), disk.ErrFull)
	require.Equal(t, []string{"a"}, take(t, q))
}

// version1 is a segment as earlier versions wrote it.
func version1(entries ...string) []byte {
	var b []byte
	for _, entry := range entries {
		table := crc32.MakeTable(crc32.Castagnoli)
		rest := append(binary.LittleEndian.AppendUint32(nil, 2), entry...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(entry)))
		b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(rest, table))
		b = append(b, rest...)
	}
	return b
}

const path1 = "/queue/0000000000000003.segment"

func TestSegmentsOfVersion1AreReadFirst(t *testing.T) {
	d := disktest.New()
	d.Put("/queue/0000000000000002.segment", version1("a", "b"))
	d.Put(path1, version1("c", "d"))
	position := binary.LittleEndian.AppendUint64(nil, 2)
	position = binary.LittleEndian.AppendUint64(position, uint64(len(version1("a"))))
	position = binary.LittleEndian.AppendUint32(position, crc32.Checksum(position, crc32.MakeTable(crc32.Castagnoli)))
	d.Put("/queue/position", position)
	q, err := openOn(d, inOneSegment, func(err error) { t.Fatal(err) })
	require.NoError(t, err)
	add(t, q, "e")
	require.Equal(t, []string{"b", "c", "d", "e"}, take(t, q))
	require.NotContains(t, d.Paths(), path1)
	require.NoError(t, q.Close())
	left, reported := drain(t, d, inOneSegment)
	require.Empty(t, left)
	require.Empty(t, reported)
}

func TestTheRestOfADamagedSegmentOfVersion1IsKeptAside(t *testing.T) {
	d := disktest.New()
	d.Put(path1, version1("a", "b", "c"))
	size := len(version1("a"))
	edit(d, path1, func(b []byte) []byte { b[size] ^= 1; return b })
	left, reported := drain(t, d, inOneSegment)
	require.Equal(t, []string{"a"}, left)
	damage := damageIn(t, reported)
	require.EqualValues(t, 2*size, damage.Bytes)
	require.EqualValues(t, -1, damage.Records)
	require.Equal(t, version1("a", "b", "c")[size+1:], d.Content(damage.Kept)[size+1:])
}

func TestALaterVersionIsLeftAlone(t *testing.T) {
	d, path, _ := oneSegment(t, "a")
	edit(d, path, func(b []byte) []byte {
		b[8] = 3
		binary.LittleEndian.PutUint32(b[60:], crc32.Checksum(b[:60], crc32.MakeTable(crc32.Castagnoli)))
		return b
	})
	before := d.Content(path)
	_, err := openOn(d, inOneSegment, func(error) {})
	require.ErrorContains(t, err, "has version 3")
	require.Equal(t, before, d.Content(path))
}

func TestAPlaceThatCannotBeReadIsGivenUpAfterSomeTries(t *testing.T) {
	d, path, starts := oneSegment(t, "first", "second", "third")
	q, err := openOn(unreadable{d, path, int64(starts[1] + frameHeader)}, inOneSegment, func(err error) {
		require.ErrorIs(t, err, disk.ErrIO)
	})
	require.NoError(t, err)
	var left []string
	failures := 0
	for q.Size() > 0 {
		var batch Batch
		if err := q.fill(&batch, everything); err != nil {
			require.ErrorIs(t, err, disk.ErrIO)
			failures++
		} else if len(batch.Entries) > 0 {
			left = append(left, texts(&batch)...)
			require.NoError(t, q.Commit(&batch))
		}
	}
	require.Equal(t, []string{"first", "third"}, left)
	require.Equal(t, maxReadFailures-1, failures)
}

// unreadable is a disk with a place that cannot be read.
type unreadable struct {
	*disktest.Disk
	path string
	at   int64
}

func (u unreadable) OpenFile(path string, flag int, mode disk.Mode) (disk.File, error) {
	file, err := u.Disk.OpenFile(path, flag, mode)
	if err == nil && path == u.path {
		file = unreadableFile{file, u.at}
	}
	return file, err
}

type unreadableFile struct {
	disk.File
	at int64
}

func (f unreadableFile) ReadAt(b []byte, offset int64) (int, error) {
	if offset <= f.at && f.at < offset+int64(len(b)) {
		return 0, fmt.Errorf("read: %w", disk.ErrIO)
	}
	return f.File.ReadAt(b, offset)
}

// FuzzReader gives the reader a segment of any content: it must end, and deliver whole entries only.
func FuzzReader(f *testing.F) {
	f.Add([]byte{}, uint8(2))
	f.Add(version1("a", "bc", ""), uint8(1))
	s := segment{id: first2, version: version, mark: mark{1, 2, 3, 4, 5, 6, 7, 8}}
	content := appendSegmentHeader(appendSegmentHeader(nil, s), s)
	content = appendFrame(content, []byte("an entry"), s.mark, 0, 2)
	f.Add(content, uint8(2))
	f.Add(appendFrame(append(content, "rubbish"...), []byte("x"), s.mark, 4, 1), uint8(2))
	f.Fuzz(func(t *testing.T, content []byte, kind uint8) {
		d := disktest.New()
		path := path1
		if kind%2 == 0 {
			path = "/queue/" + (&segment{id: first2, version: version}).name()
		}
		d.Put(path, content)
		q, err := openOn(d, inOneSegment, func(error) {})
		if err != nil {
			require.ErrorContains(t, err, "version")
			return
		}
		total := 0
		for rounds := 0; q.Size() > 0; rounds++ {
			require.LessOrEqual(t, rounds, len(content)+1)
			var batch Batch
			require.NoError(t, q.fill(&batch, Limits{MaxBytes: 1 << 20}))
			if len(batch.Entries) > 0 {
				total += len(batch.Data)
				require.NoError(t, q.Commit(&batch))
			}
		}
		require.LessOrEqual(t, total, len(content))
		require.NoError(t, q.Append(context.Background(), Item{[]byte("next"), 1}))
		var batch Batch
		require.NoError(t, q.fill(&batch, everything))
		require.Equal(t, "next", string(batch.Data))
		require.NoError(t, q.Close())
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{300, 30_000} {
		for _, sync := range []bool{false, true} {
			b.Run(fmt.Sprintf("bytes=%d/sync=%v", size, sync), func(b *testing.B) {
				q, err := Open(Options{Directory: b.TempDir(), MaxBytes: 1 << 40, SegmentBytes: 16 << 20, Sync: sync}, func(err error) { b.Fatal(err) })
				require.NoError(b, err)
				defer q.Close()
				entry := slices.Repeat([]byte("x"), size)
				var batch Batch
				for b.Loop() {
					if err := q.Append(context.Background(), Item{entry, 1}); err != nil {
						b.Fatal(err)
					}
					if q.Size() > 8<<20 {
						for q.Size() > 0 {
							if err := errors.Join(q.Read(context.Background(), &batch, Limits{MaxBytes: 32 << 10}), q.Commit(&batch)); err != nil {
								b.Fatal(err)
							}
						}
					}
				}
			})
		}
	}
}
