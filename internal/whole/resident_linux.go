package whole

import (
	"os"
	"syscall"
)

// resident is the most memory that a process had, in bytes.
func resident(s *os.ProcessState) int64 {
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss << 10
	}
	return 0
}
