//go:build unix && !solaris && !aix

package disk

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

func (f file) Lock() error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("%w: %w", ErrInUse, err)
	}
	return err
}
