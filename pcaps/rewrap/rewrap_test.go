package rewrap

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

func plain(t *testing.T) Capture {
	t.Helper()
	c, err := Read("../sequential-walk/traffic.pcap")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReadAndWrite(t *testing.T) {
	c := plain(t)
	path := filepath.Join(t.TempDir(), "again.pcap")
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	again, err := Read(path)
	if err != nil || !slices.EqualFunc(c, again, equal) {
		t.Errorf("%d frames became %d: %v", len(c), len(again), err)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("read a file that is not there")
	}
	for n, b := range map[string][]byte{"empty": nil, "other": make([]byte, 40), "cut": c.Pcap()[:50], "in the header": c.Pcap()[:30]} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil {
			t.Errorf("%s: read as a capture", n)
		}
	}
}

func equal(a, b Frame) bool { return a.Time == b.Time && bytes.Equal(a.Data, b.Data) }

// TestTunnels reads every frame with gopacket, which knows nothing of how it was made.
func TestTunnels(t *testing.T) {
	c := plain(t)
	for _, w := range []struct {
		name  string
		got   Capture
		layer gopacket.LayerType // around the frame
		skip  int                // bytes of its payload that gopacket does not know
	}{
		{"vxlan", VXLAN(c, 7), layers.LayerTypeVXLAN, 0},
		{"geneve", GENEVE(c, 7), layers.LayerTypeGeneve, 0},
		{"gre", GRETEB(c, 7), layers.LayerTypeGRE, 0},
		{"erspan2", ERSPAN2(c, 7), layers.LayerTypeERSPANII, 0},
		{"erspan3", ERSPAN3(c, 7), layers.LayerTypeGRE, 12},
	} {
		if len(w.got) != len(c) {
			t.Fatalf("%s: %d frames of %d", w.name, len(w.got), len(c))
		}
		for i := range c {
			p := gopacket.NewPacket(w.got[i].Data, layers.LayerTypeEthernet, gopacket.Default)
			layer := p.Layer(w.layer)
			if layer == nil {
				t.Fatalf("%s: frame %d: no %v in %v", w.name, i, w.layer, p)
			}
			inner := layer.LayerPayload()
			skip := w.skip
			if w.name == "erspan3" && inner[11]&1 == 1 {
				skip += 8
			}
			if !bytes.Equal(inner[skip:], c[i].Data) || w.got[i].Time != c[i].Time {
				t.Fatalf("%s: frame %d is not what went in", w.name, i)
			}
			checkIPv4(t, w.name, w.got[i].Data)
		}
	}
	for i := range c {
		if !isIPv4(c[i].Data) {
			continue
		}
		want := ipv4(c[i].Data)
		for name, frame := range map[string][]byte{"vlan": VLAN(c[i:i+1], 5, 6)[0].Data, "mpls": MPLS(c[i:i+1], 16, 17)[0].Data} {
			p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
			ip := p.Layer(layers.LayerTypeIPv4)
			if ip == nil || !bytes.Equal(slices.Concat(ip.LayerContents(), ip.LayerPayload()), want) {
				t.Fatalf("%s: frame %d is not what went in", name, i)
			}
		}
	}
	up, down := VLAN(c[:1], 5, 6)[0].Data[15], VLAN(c[1:2], 5, 6)[0].Data[15]
	if up == down {
		t.Errorf("both directions are tagged %d", up)
	}
}

// checkIPv4 checks length and checksum of a frame's IPv4 header.
func checkIPv4(t *testing.T, what string, frame []byte) {
	t.Helper()
	ip := frame[etherSize:]
	if int(binary.BigEndian.Uint16(ip[2:])) != len(ip) || fold(sum(0, ip[:headerLen(ip)])) != 0xffff {
		t.Fatalf("%s: wrong length or checksum in %x", what, ip[:headerLen(ip)])
	}
}

func TestFragment(t *testing.T) {
	c := plain(t)
	for _, size := range []int{24, 576} {
		for _, shuffled := range []bool{false, true} {
			var whole [][]byte
			defrag := ip4defrag.NewIPv4Defragmenter()
			for _, f := range Fragment(c, size, shuffled) {
				if !isIPv4(f.Data) {
					continue
				}
				checkIPv4(t, "fragment", f.Data)
				p := gopacket.NewPacket(f.Data, layers.LayerTypeEthernet, gopacket.Default)
				ip := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
				if len(ip.Payload) > size {
					t.Fatalf("a fragment of %d bytes, want at most %d", len(ip.Payload), size)
				}
				if ip.Flags&layers.IPv4DontFragment != 0 { // it was small enough and is as it was
					whole = append(whole, ip.Payload)
					continue
				}
				out, err := defrag.DefragIPv4(ip)
				if err != nil {
					t.Fatal(err)
				}
				if out != nil {
					whole = append(whole, bytes.Clone(out.Payload))
				}
			}
			i := 0
			for _, f := range c {
				if isIPv4(f.Data) {
					if i >= len(whole) || !bytes.Equal(whole[i], ipv4(f.Data)[headerLen(ipv4(f.Data)):]) {
						t.Fatalf("size %d: packet %d does not come together again", size, i)
					}
					i++
				}
			}
			if i != len(whole) {
				t.Errorf("size %d: %d packets became %d", size, i, len(whole))
			}
		}
	}
}

func TestDisturb(t *testing.T) {
	c := plain(t)
	out := Disturb(c, 0.2, 1)
	if share := float64(len(out)-len(c)) / float64(len(c)); share < 0.17 || share > 0.23 {
		t.Errorf("%.2f of the frames are sent twice, want 0.2", share)
	}
	at := map[*byte][]int64{}
	moved := 0
	for i := range out {
		if i > 0 && out[i].Time < out[i-1].Time {
			t.Fatalf("time goes back at frame %d", i)
		}
		at[&out[i].Data[0]] = append(at[&out[i].Data[0]], out[i].Time)
	}
	for i := range c {
		times := at[&c[i].Data[0]]
		if len(times) == 0 || len(times) > 2 {
			t.Fatalf("frame %d is there %d times", i, len(times))
		}
		for _, u := range times {
			if late := u - c[i].Time; late < 0 || late > lateTime {
				t.Errorf("frame %d is %d ns late", i, late)
			}
		}
		if times[0] > c[i].Time {
			moved++
		}
	}
	// Where nothing follows within 2 ms a frame cannot move.
	if share := float64(moved) / float64(len(c)); share < 0.10 || share > 0.25 {
		t.Errorf("%.2f of the frames are late", share)
	}
	if !slices.EqualFunc(out, Disturb(c, 0.2, 1), equal) || slices.EqualFunc(out, Disturb(c, 0.2, 2), equal) {
		t.Error("the seed does not decide")
	}
}

func TestDrop(t *testing.T) {
	c := plain(t)
	for _, share := range []float64{0, 0.01, 0.05, 1} {
		out := Drop(c, share, 3)
		if got := 1 - float64(len(out))/float64(len(c)); got < share*0.6 || got > share*1.4 {
			t.Errorf("%.3f of the frames are gone, want %.2f", got, share)
		}
	}
}

// contents are the bytes of both directions of every connection of c.
func contents(t *testing.T, c Capture) (all [][2][]byte) {
	t.Helper()
	list, err := streams(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		sent, _, _ := s.bytes(up)
		got, _, _ := s.bytes(down)
		all = append(all, [2][]byte{sent, got})
	}
	return all
}

func TestStreamsAgain(t *testing.T) {
	c := plain(t)
	out, err := rewrite(c, func(s *stream) ([]step, error) { return s.steps, nil })
	if err != nil {
		t.Fatal(err)
	}
	want, got := contents(t, c), contents(t, out)
	if !slices.EqualFunc(want, got, func(a, b [2][]byte) bool { return bytes.Equal(a[0], b[0]) && bytes.Equal(a[1], b[1]) }) {
		t.Error("the connections carry other bytes")
	}
	for _, f := range out {
		checkIPv4(t, "again", f.Data)
		ip := ipv4(f.Data)
		pseudo := slices.Concat(ip[12:20], []byte{0, protoTCP}, binary.BigEndian.AppendUint16(nil, uint16(len(ip)-ipSize)))
		if got := fold(sum(sum(0, pseudo), ip[ipSize:])); got != 0xffff && ip[ipSize+13]&syn == 0 {
			t.Fatalf("wrong TCP checksum %#x", got)
		}
	}
	if _, err := streams(c[5:]); err == nil {
		t.Error("took a capture that begins inside a connection")
	}
	if _, err := streams(Drop(c, 0.05, 1)); err == nil {
		t.Error("took a capture with gaps")
	}
}

func TestH2C(t *testing.T) {
	c := plain(t)
	h, err := H2C(c)
	if err != nil {
		t.Fatal(err)
	}
	list, err := streams(c)
	if err != nil {
		t.Fatal(err)
	}
	before, after := contents(t, c), contents(t, h)
	if len(before) != len(after) {
		t.Fatalf("%d connections became %d", len(before), len(after))
	}
	total := 0
	for i := range before {
		requests, responses := readH2(t, after[i][up], true), readH2(t, after[i][down], false)
		source := newSource(list[i], up)
		n := 0
		for ; source.at() < len(source.all); n++ {
			q, err := http.ReadRequest(source.r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(q.Body)
			got := requests[uint32(2*n+1)]
			if got == nil || got.fields[":path"] != q.RequestURI || got.fields[":method"] != q.Method ||
				got.fields["authorization"] != q.Header.Get("Authorization") || !bytes.Equal(got.body, body) || !got.ended {
				t.Fatalf("connection %d, request %d: %+v", i, n, got)
			}
			if p := responses[uint32(2*n+1)]; p == nil || p.fields[":status"] == "" || !p.ended {
				t.Fatalf("connection %d, response %d: %+v", i, n, p)
			}
		}
		if len(requests) != n || len(responses) != n {
			t.Errorf("connection %d: %d requests, %d responses, want %d", i, len(requests), len(responses), n)
		}
		total += n
	}
	if total < 500 {
		t.Errorf("only %d exchanges", total)
	}
}

type h2Message struct {
	fields map[string]string
	body   []byte
	ended  bool
}

// readH2 reads one direction of a connection.
func readH2(t *testing.T, b []byte, client bool) map[uint32]*h2Message {
	t.Helper()
	if client {
		var ok bool
		if b, ok = bytes.CutPrefix(b, []byte(http2.ClientPreface)); !ok {
			t.Fatal("no preface")
		}
	}
	framer := http2.NewFramer(nil, bytes.NewReader(b))
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	out := map[uint32]*h2Message{}
	for {
		f, err := framer.ReadFrame()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			m := &h2Message{fields: map[string]string{}, ended: f.StreamEnded()}
			for _, field := range f.Fields {
				m.fields[field.Name] = field.Value
			}
			out[f.StreamID] = m
		case *http2.DataFrame:
			out[f.StreamID].body = append(out[f.StreamID].body, f.Data()...)
			out[f.StreamID].ended = f.StreamEnded()
		}
	}
}

func TestTLS(t *testing.T) {
	c := plain(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		out, keys, err := TLS(c, version)
		if err != nil {
			t.Fatal(err)
		}
		log := string(keys)
		for i, both := range contents(t, out) {
			for dir, b := range both {
				for n := 0; len(b) > 0; n++ {
					size := 5
					if len(b) >= 5 {
						size += int(binary.BigEndian.Uint16(b[3:]))
					}
					if len(b) < size || b[0] < 20 || b[0] > 23 {
						t.Fatalf("connection %d: record %d is not one", i, n)
					}
					if n == 0 && dir == up {
						random := hex.EncodeToString(b[5+6:][:32])
						if !strings.Contains(log, random) {
							t.Fatalf("connection %d: no secrets of %s", i, random)
						}
					}
					b = b[size:]
				}
			}
			if bytes.Contains(both[up], []byte("HTTP/1.1")) {
				t.Errorf("connection %d: in the clear", i)
			}
		}
	}
}
