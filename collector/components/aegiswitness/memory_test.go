package aegiswitness

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/disk/disktest"
)

// remember saves growing sizes of two chains, and returns the size up to which it was told that all is safe.
func remember(t *testing.T, system *disktest.Disk) int64 {
	t.Helper()
	memory, origins, err := openMemory(system, "/witness")
	if err != nil {
		return 0
	}
	a, b := origins[record.Hash{1}], origins[record.Hash{2}]
	if a == nil || b == nil {
		a, b = &origin{chain: record.Hash{1}}, &origin{chain: record.Hash{2}}
	}
	safe := int64(0)
	for size := int64(1); size <= 4; size++ {
		a.size, b.size = size, size
		if memory.save([]*origin{a, b}) != nil {
			continue // as the witness does: again, with what is new by then
		}
		safe = size
		_ = memory.publish(map[record.Hash][]byte{a.chain: []byte("note")})
	}
	_ = memory.close()
	return safe
}

func TestNoCrashTakesBackWhatWasSaidToBeSafe(t *testing.T) {
	whole := disktest.New()
	require.EqualValues(t, 4, remember(t, whole))
	for _, fault := range []disktest.Fault{disktest.Full, disktest.IO, disktest.ShortWrite, disktest.FailUndone, disktest.Dead} {
		for at := 1; at <= whole.Steps; at++ {
			system := disktest.New()
			system.Fails = func(step int) disktest.Fault {
				if step == at || fault == disktest.Dead && step > at {
					return fault
				}
				return disktest.None
			}
			safe := remember(t, system)
			for _, crash := range disktest.Crashes {
				after := system.After(crash)
				memory, origins, err := openMemory(after, "/witness")
				require.NoError(t, err)
				for _, chain := range []record.Hash{{1}, {2}} {
					if safe == 0 && origins[chain] == nil {
						continue
					}
					require.NotNil(t, origins[chain], "fault %v at step %d, crash %v", fault, at, crash)
					require.False(t, origins[chain].damaged, "fault %v at step %d, crash %v", fault, at, crash)
					require.GreaterOrEqual(t, origins[chain].size, safe, "fault %v at step %d, crash %v", fault, at, crash)
				}
				require.NoError(t, memory.close())
			}
		}
	}
}
