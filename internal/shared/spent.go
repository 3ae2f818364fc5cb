package shared

import (
	"runtime"
	"time"
)

// Spent is the processor time that f takes on its thread, where the system tells; elsewhere it is the time by the
// clock. So a test of what input costs holds on a busy machine.
func Spent(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := used()
	f()
	return used() - began
}
