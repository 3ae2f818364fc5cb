package bpf_test

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"auscult/sensor/bpf"
	"auscult/sensor/packet"
)

// kernel runs programs in the kernel: a filter sees a datagram between two local sockets from its first byte, as it
// sees a frame on a packet socket, and needs no privilege there.
type kernel struct{ in, out int }

func newKernel(t *testing.T) kernel {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(pair[0])
		unix.Close(pair[1])
	})
	return kernel{pair[0], pair[1]}
}

func (k kernel) attach(t *testing.T, text string, p *bpf.Program) {
	t.Helper()
	var code []unix.SockFilter
	for _, in := range p.Raw(1 << 16) {
		code = append(code, unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K})
	}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if err := unix.SetsockoptSockFprog(k.out, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
}

func (k kernel) takes(t *testing.T, frame []byte) bool {
	t.Helper()
	if _, err := unix.Write(k.in, frame); err != nil {
		t.Fatal(err)
	}
	var b [1 << 16]byte
	_, err := unix.Read(k.out, b[:])
	if err != nil && err != unix.EAGAIN {
		t.Fatal(err)
	}
	return err == nil
}

// TestInKernel holds that the kernel takes every program, and takes and leaves what our machine does. No tag stands
// beside these datagrams, so a program for Aside must judge those without one as the other does.
func TestInKernel(t *testing.T) {
	all := corpus(t)
	k := newKernel(t)
	for _, q := range asked(t) {
		frames := all[q.link][:100]
		text, _, _ := strings.Cut(q.text, " => ")
		filter, err := bpf.Parse(bpf.Defaults(), text)
		if err != nil {
			t.Fatal(err)
		}
		for _, tags := range []bpf.Tags{bpf.InFrame, bpf.Aside} {
			p, err := filter.Compile(linkNames[q.link], tags)
			if err != nil {
				continue // TestAside counts those
			}
			k.attach(t, text, p)
			for _, frame := range frames {
				if _, proto, _ := untagged(frame); proto != 0 && tags == bpf.Aside && linkNames[q.link] == packet.LinkEthernet {
					continue
				}
				want := p.Match(frame, len(frame))
				if got := k.takes(t, frame); got != want {
					t.Fatalf("%s %q (%d): %v in the kernel, %v in ours: %x", q.link, text, tags, got, want, frame)
				}
			}
		}
	}
}
