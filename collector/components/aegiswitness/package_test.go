package aegiswitness

import (
	"testing"

	"go.uber.org/goleak"
)

// A goroutine that outlives the tests of this package fails them.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
