//go:build !linux

package shared

import "time"

var start = time.Now()

func used() time.Duration { return time.Since(start) }
