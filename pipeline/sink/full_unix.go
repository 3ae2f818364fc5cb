//go:build unix

package sink

import "syscall"

const (
	errFull  = syscall.ENOSPC
	errQuota = syscall.EDQUOT
)
