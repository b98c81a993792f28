//go:build linux || darwin || freebsd

package aegisotlphttp

import "golang.org/x/sys/unix"

// freeBytes returns how much of the disk that holds directory is free for this user.
func freeBytes(directory string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(directory, &stat); err != nil {
		return 0, err
	}
	return uint64(stat.Bavail) * uint64(stat.Bsize), nil
}
