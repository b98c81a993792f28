//go:build linux || darwin || freebsd

package aegisfile

import "golang.org/x/sys/unix"

// freeSpace returns the bytes that are free for this user on the disk of the folder.
func freeSpace(folder string) (uint64, bool) {
	var status unix.Statfs_t
	if err := unix.Statfs(folder, &status); err != nil {
		return 0, false
	}
	return uint64(status.Bavail) * uint64(status.Bsize), true
}
