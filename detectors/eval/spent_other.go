//go:build !linux

package main

import "time"

// spent is the time by the clock that f takes, where the system does not tell that of a thread.
func spent(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}
