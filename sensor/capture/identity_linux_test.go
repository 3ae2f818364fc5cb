package capture

import (
	"os"
	"strings"
	"testing"
)

func TestIdentity(t *testing.T) {
	is := func(name string, uid, gid int) {
		t.Helper()
		if u, g, err := Identity(name); err != nil || u != uid || g != gid {
			t.Errorf("%q is %d:%d, %v; want %d:%d", name, u, g, err, uid, gid)
		}
	}
	is("4000123456", 4000123456, 4000123456) // no list of users has it
	is("4000123456:65532", 4000123456, 65532)
	is("0:0", 0, 0)
	if users, err := os.ReadFile("/etc/passwd"); err != nil || !strings.Contains(string(users), "\nnobody:") {
		is("nobody", overflow, overflow)
	}
	for _, name := range []string{"no such user", "", "-1", "4294967295", "1:", ":1", "nobody:nogroup", "1:2:3", "0x10"} {
		if u, g, err := Identity(name); err == nil {
			t.Errorf("%q is %d:%d", name, u, g)
		} else if !strings.Contains(err.Error(), "UID:GID") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
