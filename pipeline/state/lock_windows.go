package state

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the file for this process alone; the system gives it back when the process ends, however it does.
func lock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, new(windows.Overlapped))
}

// syncFolder does nothing: NTFS logs changes of names by itself.
func syncFolder(*os.File) error { return nil }
