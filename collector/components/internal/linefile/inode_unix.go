//go:build unix

package linefile

import (
	"os"
	"syscall"
)

// inode returns the number by which the file system knows the file.
func inode(info os.FileInfo) uint64 {
	if status, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(status.Ino)
	}
	return 0
}
