package capture

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Drop gives up every privilege that the process has, for good and in all threads: the supplementary groups, the user,
// if name is not empty, all capabilities, and the way back by programs that would give some. It looks afterwards
// whether that is so. A process that is not root can only stay who it is, with an empty name. Rings that are open
// stay so.
func Drop(name string) error {
	if err := drop(name); err != nil {
		return fmt.Errorf("capture: give up privileges: %w", err)
	}
	return nil
}

func drop(name string) error {
	if err := everyThread(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return err
	}
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		// Only whoever has CAP_SETPCAP may, and a kernel may know fewer: without new privileges the set is void anyway.
		_ = everyThread(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c)
	}
	if name != "" {
		if err := become(name); err != nil {
			return err
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := everyThread(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none))); err != nil {
		return err
	}
	return privileged()
}

// everyThread makes a system call in each thread. A program that is linked with cgo cannot: there, a change of user
// takes the capabilities, and Seal forbids new ones in all threads.
func everyThread(trap, a, b uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall(trap, a, b, 0)
	if errno != 0 && errno != unix.ENOTSUP {
		return errno
	}
	return nil
}

// overflow is the kernel's own number of who is nobody, and of nobody's group: a system without a list of users has him.
const overflow = 65534

// Identity is the user that name tells, and the group: a name or a number that the system knows, with its own group; a
// number that it does not know, with the group of that number; or UID:GID. In a container there often is no list.
func Identity(name string) (uid, gid int, err error) {
	number := func(text string) (int, bool) {
		n, err := strconv.ParseUint(text, 10, 32)
		return int(n), err == nil && n < 1<<32-1
	}
	if u, g, both := strings.Cut(name, ":"); both {
		uid, uok := number(u)
		gid, gok := number(g)
		if !uok || !gok {
			return 0, 0, fmt.Errorf("user %q is not UID:GID, two numbers", name)
		}
		return uid, gid, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if err == nil {
		uid, _ = strconv.Atoi(u.Uid)
		gid, _ = strconv.Atoi(u.Gid)
		return uid, gid, nil
	}
	if n, ok := number(name); ok {
		return n, n, nil
	}
	if name == "nobody" {
		return overflow, overflow, nil
	}
	return 0, 0, fmt.Errorf("there is no user %q; make one, or give a number, like 65534, or UID:GID", name)
}

// become changes to a user and a group.
func become(name string) error {
	uid, gid, err := Identity(name)
	if err != nil {
		return err
	}
	if uid == 0 || gid == 0 {
		return fmt.Errorf("user %q is root; set one that is not", name)
	}
	if os.Geteuid() != 0 && uid == os.Geteuid() {
		return nil
	}
	for _, step := range []struct {
		what string
		err  func() error
	}{
		{"leave the groups", func() error { return syscall.Setgroups(nil) }},
		{"change the group", func() error { return syscall.Setresgid(gid, gid, gid) }},
		{"change the user", func() error { return syscall.Setresuid(uid, uid, uid) }},
	} {
		if err := step.err(); err != nil {
			return fmt.Errorf("%s to %s's (only root can; start as root, or as that user with no user set): %w", step.what, name, err)
		}
	}
	return nil
}

// privileged says which thread still has a capability.
func privileged() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, thread := range threads {
		text, err := os.ReadFile("/proc/self/task/" + thread.Name() + "/status")
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // it has ended
		}
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			key, set, _ := strings.Cut(strings.TrimSpace(line), ":\t")
			if slices.Contains([]string{"CapInh", "CapPrm", "CapEff", "CapAmb"}, key) && strings.Trim(set, "0") != "" {
				return fmt.Errorf("a thread still has %s %s; set a user to change to, or build with CGO_ENABLED=0", key, set)
			}
		}
	}
	return nil
}
