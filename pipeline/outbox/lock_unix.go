//go:build unix

package outbox

import (
	"os"
	"syscall"
)

// lock takes the file for this process alone; the system gives it back when the process ends, however it does.
func lock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
