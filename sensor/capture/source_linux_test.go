package capture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"auscult/replay"
	"auscult/sensor/capture"
	"auscult/sensor/clock"
	"auscult/sensor/packet"
)

// tagged is frame with a VLAN tag.
func tagged(frame []byte, tpid, tci uint16) []byte {
	b := append([]byte(nil), frame[:12]...)
	b = binary.BigEndian.AppendUint16(b, tpid)
	b = binary.BigEndian.AppendUint16(b, tci)
	return append(b, frame[12:]...)
}

// traffic is a capture's packets, some of them with one tag, two, and others' kinds.
func traffic(t testing.TB) [][]byte {
	list := frames(t, "../../pcaps/ward-round/traffic.pcap")[:600]
	for i, f := range list {
		switch i % 6 {
		case 1:
			list[i] = tagged(f, 0x8100, 0x2007)
		case 2:
			list[i] = tagged(f, 0x88a8, 0x0fff)
		case 3:
			list[i] = tagged(tagged(f, 0x8100, 7), 0x88a8, 0xe123)
		case 4:
			list[i] = tagged(tagged(f, 0x8100, 7), 0x8100, 0)
		}
	}
	return list
}

// same holds packets against the frames that were sent.
func same(t *testing.T, got []packet.Raw, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d packets of %d", len(got), len(want))
	}
	for i, raw := range got {
		if !bytes.Equal(raw.Frame, want[i]) || raw.WireLen != len(want[i]) || raw.Link != packet.LinkEthernet {
			t.Fatalf("packet %d is %d bytes of %d, link %d:\n%x, sent\n%x", i, len(raw.Frame), raw.WireLen, raw.Link, raw.Frame, want[i])
		}
		if i > 0 && raw.Time < got[i-1].Time {
			t.Fatalf("packet %d is %v earlier than the one before", i, got[i-1].Time.Sub(raw.Time))
		}
	}
}

func TestFramesAreAsSent(t *testing.T) {
	want := traffic(t)
	for _, workers := range []int{1, 2, 3} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			veth(t, "rx0", "tx0")
			src := listen(t, small(), "rx0")
			var file bytes.Buffer
			src.Record = &file
			p := start(t, src, workers)
			began := time.Now()
			out := open(t, "tx0")
			for _, f := range want {
				out.send(t, f)
			}
			ended := time.Now()
			got := p.end()
			for _, lane := range got {
				same(t, lane, want)
				if !slices.EqualFunc(lane, got[0], equal) {
					t.Error("lanes differ")
				}
			}
			if first, last := got[0][0].Time.UTC(), got[0][len(want)-1].Time.UTC(); first.Before(began) || last.After(ended) {
				t.Errorf("stamped %v to %v, sent %v to %v", first, last, began, ended)
			}
			st := src.Stats().Interfaces[0]
			if st.Packets != 600 || st.Received != 600 || st.Tagged != 400 || st.Dropped+st.Cut+st.Giant+st.Outgoing+st.Malformed != 0 || !st.Up {
				t.Errorf("counted %+v", st)
			}
			if again := replayed(t, file.Bytes()); !slices.EqualFunc(again, got[0], equal) {
				t.Errorf("a replay of the recording gives %d packets, not the same", len(again))
			}
		})
	}
}

func equal(a, b packet.Raw) bool {
	return a.Time == b.Time && bytes.Equal(a.Frame, b.Frame) && a.WireLen == b.WireLen && a.Link == b.Link && a.Where == b.Where
}

// replayed is the packets that the file source makes of a recording.
func replayed(t *testing.T, file []byte) []packet.Raw {
	t.Helper()
	path := filepath.Join(t.TempDir(), "live.pcapng")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	src := replay.New(replay.Defaults(), path)
	lanes, err := src.Open(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var list []packet.Raw
	for {
		raw, err := lanes[0].Next()
		if err != nil {
			break
		}
		raw.Frame = bytes.Clone(raw.Frame)
		list = append(list, raw)
	}
	if len(src.Faults())+len(src.Notices()) > 0 {
		t.Error(src.Faults(), src.Notices())
	}
	return list
}

func TestSnapAndFilter(t *testing.T) {
	veth(t, "rx0", "tx0")
	cfg := small()
	cfg.SnapLength = 100
	ipv4 := []bpf.RawInstruction{{Op: 0x28, K: 12}, {Op: 0x15, K: 0x0800, Jf: 1}, {Op: 0x06, K: 1 << 18}, {Op: 0x06}}
	src, err := capture.Open(cfg, []string{"rx0"}, ipv4)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, src, 1)
	out := open(t, "tx0")
	long := append(bytes.Repeat([]byte{2}, 12), append([]byte{8, 0}, make([]byte, 40000)...)...)
	other := slices.Concat(long[:12], []byte{0x88, 0xb5}, long[14:])
	out.send(t, long)
	out.send(t, other)
	out.send(t, tagged(long, 0x8100, 3))
	got := p.end()[0]
	if len(got) != 2 {
		t.Fatalf("%d packets", len(got))
	}
	if !bytes.Equal(got[0].Frame, long[:100]) || got[0].WireLen != len(long) {
		t.Errorf("%d bytes of %d", len(got[0].Frame), got[0].WireLen)
	}
	if want := tagged(long, 0x8100, 3)[:104]; !bytes.Equal(got[1].Frame, want) || got[1].WireLen != len(long)+4 {
		t.Errorf("tagged: %d bytes of %d", len(got[1].Frame), got[1].WireLen)
	}
	if st := src.Stats().Interfaces[0]; st.Cut != 2 || st.CutBytes != 2*uint64(len(long)-100) || st.Received != 2 {
		t.Errorf("counted %+v", st)
	}
}

// TestGiant sends what a card leaves to be cut into segments later, which arrives in one piece.
func TestGiant(t *testing.T) {
	veth(t, "rx0", "tx0")
	run(t, "link", "set", "tx0", "mtu", "1500")
	run(t, "link", "set", "rx0", "mtu", "1500")
	src := listen(t, small(), "rx0")
	p := start(t, src, 1)
	out := open(t, "tx0")
	if err := unix.SetsockoptInt(out.fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1); err != nil {
		t.Fatal(err)
	}
	const payload = 60000
	frame := append(bytes.Repeat([]byte{2}, 12), 8, 0, 0x45, 0)
	frame = binary.BigEndian.AppendUint16(frame, 40+payload)
	frame = append(frame, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2) // IPv4
	frame = append(frame, 0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0)
	frame = append(frame, make([]byte, payload)...)
	offload := []byte{1, 1} // virtio_net_hdr: checksum to be filled in, TCP over IPv4
	for _, n := range []uint16{54, 1448, 34, 16} {
		offload = binary.NativeEndian.AppendUint16(offload, n)
	}
	out.send(t, append(offload, frame...))
	got := p.end()[0]
	if len(got) != 1 || len(got[0].Frame) != len(frame) {
		t.Fatalf("%d packets", len(got))
	}
	if st := src.Stats().Interfaces[0]; st.Giant != 1 || st.Cut != 0 {
		t.Errorf("counted %+v", st)
	}
}

func TestDropsAreCounted(t *testing.T) {
	veth(t, "rx0", "tx0")
	cfg := small()
	cfg.SnapLength, cfg.BlockBytes, cfg.RingBytes = 2048, 64<<10, 256<<10
	cfg.InFlight, cfg.BatchPackets = 2, 16
	src := listen(t, cfg, "rx0")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	lanes, err := src.Open(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	out, frame := open(t, "tx0"), append(bytes.Repeat([]byte{2}, 12), make([]byte, 1000)...)
	const sent = 3000
	for range sent { // nobody reads
		out.send(t, frame)
	}
	var got uint64
	for {
		raw, err := lanes[0].Next()
		if err != nil {
			break
		}
		if raw.Frame != nil {
			got++
		}
		if got == 1 {
			stop() // what the ring held is given all the same
		}
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
	st := src.Stats().Interfaces[0]
	if st.Received != sent || st.Packets != got || st.Dropped != sent-got || st.Dropped == 0 || st.Freezes == 0 || got < 100 {
		t.Errorf("sent %d, read %d, counted %+v", sent, got, st)
	}
}

func TestInterfacesAreMerged(t *testing.T) {
	for _, rings := range []int{1, 2} {
		veth(t, "rx0", "tx0")
		veth(t, "rx1", "tx1")
		cfg := small()
		cfg.Rings, cfg.Window = rings, time.Second // longer than the kernel may be late with a block
		src := listen(t, cfg, "rx0", "rx1")
		p := start(t, src, 2)
		outs := []*sender{open(t, "tx0"), open(t, "tx1")}
		want := traffic(t)
		for i, f := range want {
			outs[i*i%3%2].send(t, f)
			if i%200 == 0 {
				time.Sleep(20 * time.Millisecond) // for more than one block
			}
		}
		until(t, "all are handed over", func() bool {
			st := src.Stats()
			return st.Interfaces[0].Packets+st.Interfaces[1].Packets == 600
		})
		got := p.end()
		for _, lane := range got {
			same(t, lane, want)
		}
		for i, raw := range got[0] {
			if raw.Where.File != uint32(i*i%3%2) {
				t.Fatalf("packet %d is of interface %d", i, raw.Where.File)
			}
		}
		if st := src.Stats(); st.Held != 0 || st.Interfaces[0].Packets+st.Interfaces[1].Packets != 600 {
			t.Errorf("counted %+v", st)
		}
		run(t, "link", "del", "rx0")
		run(t, "link", "del", "rx1")
	}
}

// TestTimeGoesOnWhereNothingComes: each step of the grid is told once at most, when it is over by the window.
func TestTimeGoesOnWhereNothingComes(t *testing.T) {
	veth(t, "rx0", "tx0")
	cfg := small()
	src := listen(t, cfg, "rx0")
	began := clock.Time(time.Now().UnixNano())
	p := start(t, src, 2)
	until(t, "time goes on", func() bool { return p.last.Load() > int64(began+10*clock.Grid) })
	got := p.end()
	ended := clock.Time(time.Now().UnixNano())
	for i, lane := range got {
		marks := p.marks[i]
		if len(lane) != 0 || len(marks) == 0 || marks[len(marks)-1] > ended-clock.Time(cfg.Window) || !slices.Equal(marks, p.marks[0]) {
			t.Errorf("lane %d: %d packets, and from %v to %v the times %v", i, len(lane), began, ended, marks)
		}
		for j, at := range marks {
			if at != at.Floor() || j > 0 && at <= marks[j-1] {
				t.Errorf("lane %d: %v is no step of the grid after %v", i, at, marks[:j])
			}
		}
	}
}

func TestLoopbackShowsAPacketOnce(t *testing.T) {
	network(t)
	run(t, "link", "set", "lo", "up")
	src := listen(t, small(), "lo")
	p := start(t, src, 1)
	conn, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	const text = "the only one of its kind"
	conn.Write([]byte(text))
	until(t, "the datagram and its answer are there", func() bool { return src.Stats().Interfaces[0].Packets >= 2 })
	conn.Close()
	n := 0
	for _, raw := range p.end()[0] {
		n += strings.Count(string(raw.Frame), text)
		if len(raw.Frame) < 14 || raw.Frame[12] != 8 {
			t.Errorf("no Ethernet frame: %x", raw.Frame)
		}
	}
	if n != 2 { // the second is in the ICMP message that port 9 is closed
		t.Errorf("seen %d times", n)
	}
	if st := src.Stats().Interfaces[0]; st.Packets != 2 {
		t.Errorf("%d packets: the datagram and the ICMP message make 2", st.Packets)
	}
}

// TestNoHardwareClock asks a card for stamps that has no clock.
func TestNoHardwareClock(t *testing.T) {
	veth(t, "rx0", "tx0")
	cfg := small()
	cfg.Timestamps = capture.Hardware
	src := listen(t, cfg, "rx0")
	var log said
	src.Log = zerolog.New(&log)
	p := start(t, src, 1)
	want := traffic(t)[:5]
	began, out := time.Now(), open(t, "tx0")
	for _, f := range want {
		out.send(t, f)
	}
	got := p.end()[0]
	same(t, got, want)
	if at := got[0].Time.UTC(); at.Before(began) || time.Since(at) < 0 {
		t.Errorf("stamped %v", at)
	}
	if st := src.Stats().Interfaces[0]; st.Hardware != 0 {
		t.Errorf("counted %+v", st)
	}
	if !log.has("the kernel stamps the packets") || !log.has("the card has no clock") {
		t.Errorf("said %s", log.b.String())
	}
}

// TestOutgoing captures what the machine itself sends on an interface, or does not.
func TestOutgoing(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		veth(t, "rx0", "tx0")
		cfg := small()
		cfg.Outgoing = wanted
		src := listen(t, cfg, "rx0")
		p := start(t, src, 1)
		own, other := open(t, "rx0"), open(t, "tx0")
		frames := traffic(t)
		own.send(t, frames[0])
		other.send(t, frames[1])
		want := frames[1:2]
		if wanted {
			want = frames[:2]
		}
		same(t, p.end()[0], want)
		run(t, "link", "del", "rx0")
	}
}

func TestPromiscuous(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		veth(t, "rx0", "tx0")
		cfg := small()
		cfg.Promiscuous = wanted
		src := listen(t, cfg, "rx0")
		out, err := exec.Command("ip", "-d", "link", "show", "rx0").Output()
		if err != nil || strings.Contains(string(out), "promiscuity 1") != wanted {
			t.Errorf("%v, wanted %v: %s", err, wanted, out)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		if out, err = exec.Command("ip", "-d", "link", "show", "rx0").Output(); err != nil || !strings.Contains(string(out), "promiscuity 0") {
			t.Errorf("after the end: %v, %s", err, out)
		}
		run(t, "link", "del", "rx0")
	}
}

func TestNothingIsSent(t *testing.T) {
	veth(t, "rx0", "tx0")
	before := sent(t, "rx0")
	src := listen(t, small(), "rx0")
	p := start(t, src, 2)
	out := open(t, "tx0")
	for _, f := range traffic(t) {
		out.send(t, f)
	}
	p.end()
	if after := sent(t, "rx0"); after != before {
		t.Errorf("%s packets were sent, %s before", after, before)
	}
}

// sent is the count of packets that the machine has sent on an interface.
func sent(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			return strings.Fields(rest)[9]
		}
	}
	t.Fatalf("no interface %s in %s", name, b)
	return ""
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	network(t)
	for want, names := range map[string][]string{
		"capture: no interface named; there are lo":                         nil,
		"capture: interface eth9: there is none of that name; there are lo": {"eth9"},
		"capture: interface lo is named twice":                              {"lo", "lo"},
	} {
		if _, err := capture.Open(small(), names, nil); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", names, err, want)
		}
	}
}
