//go:build unix

package trail

import "golang.org/x/sys/unix"

// noFollow refuses a symbolic link, and does not wait for a writer of a pipe.
const noFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK
