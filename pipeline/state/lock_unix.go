//go:build unix

package state

import (
	"os"
	"syscall"
)

// lock takes the file for this process alone; the system gives it back when the process ends, however it does.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

func syncFolder(f *os.File) error { return f.Sync() }
