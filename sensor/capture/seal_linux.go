package capture

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// sends are the system calls that put bytes into the descriptor that is their first argument, or make another
// descriptor of it. The fourth kind, splice, names it third.
var sends = []uint32{
	unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_PWRITE64, unix.SYS_PWRITEV, unix.SYS_PWRITEV2, unix.SYS_SENDTO,
	unix.SYS_SENDMSG, unix.SYS_SENDMMSG, unix.SYS_SENDFILE, unix.SYS_DUP, unix.SYS_DUP3, unix.SYS_FCNTL,
}

// dup2 is a system call of amd64 alone.
const dup2 = 33

// Layout of struct seccomp_data (linux/seccomp.h); of an argument the lower half, on machines of little-endian order.
const (
	sealCall = 0
	sealArch = 4
	sealArg0 = 16
	sealArg2 = 32

	bpfJge   = 0x35
	sealDeny = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	sealPass = 0x7fff0000 // SECCOMP_RET_ALLOW
)

// Seal has the kernel refuse, in all threads and for good, that anything is sent through the sockets that capture, and
// that new packet sockets or ways around are made (seccomp(2)). It allows no new privileges either.
func (s *Source) Seal() error {
	arch := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]
	if arch == 0 {
		return fmt.Errorf("capture: seal: not on %s", runtime.GOARCH)
	}
	var fds []uint32
	for _, f := range s.fds[1:] {
		fds = append(fds, uint32(f.Fd))
	}
	p := sealed(arch, fds)
	code := make([]unix.SockFilter, len(p))
	for i, c := range p {
		code[i] = unix.SockFilter{Code: c.Op, Jt: c.Jt, Jf: c.Jf, K: c.K}
	}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	runtime.LockOSThread() // one thread must do both
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("capture: seal: %w", err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return fmt.Errorf("capture: seal: %w", errno)
	}
	return nil
}

// sealed is the filter: other kinds of system calls than the machine's own are refused altogether, as their numbers
// mean other things.
func sealed(arch uint32, fds []uint32) program {
	is := func(k uint32, t, f uint8) bpf.RawInstruction {
		return bpf.RawInstruction{Op: bpfJeq, K: k, Jt: t, Jf: f}
	}
	p := program{
		{Op: bpfLdW, K: sealArch}, is(arch, 1, 0), {Op: bpfRetK, K: sealDeny},
		{Op: bpfLdW, K: sealCall}, {Op: bpfJge, K: 0x40000000, Jf: 1}, {Op: bpfRetK, K: sealDeny},
		is(unix.SYS_IO_URING_SETUP, 0, 1), {Op: bpfRetK, K: sealDeny},
		is(unix.SYS_SOCKET, 0, 4), {Op: bpfLdW, K: sealArg0}, is(unix.AF_PACKET, 0, 1), {Op: bpfRetK, K: sealDeny}, {Op: bpfRetK, K: sealPass},
	}
	calls := append([]uint32{unix.SYS_SPLICE}, sends...)
	if arch == unix.AUDIT_ARCH_X86_64 {
		calls = append(calls, dup2)
	}
	for i, call := range calls {
		arg := uint32(sealArg0)
		if i == 0 {
			arg = sealArg2
		}
		for _, fd := range fds {
			p = append(p, is(call, 0, 4), bpf.RawInstruction{Op: bpfLdW, K: arg}, is(fd, 0, 1), bpf.RawInstruction{Op: bpfRetK, K: sealDeny},
				bpf.RawInstruction{Op: bpfLdW, K: sealCall})
		}
	}
	return append(p, bpf.RawInstruction{Op: bpfRetK, K: sealPass})
}
