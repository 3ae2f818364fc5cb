package http2_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	nethttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"auscult/internal/shared"
	"auscult/internal/wire"
	"auscult/sensor/http"
	"auscult/sensor/http/http2"
	"auscult/sensor/packet"
	"auscult/sensor/tcp"
)

// FuzzParser has any bytes in both directions, in the order they say: each byte of order takes that many from
// one of them, and 255 is a gap. What is read in step must not depend on how it was cut.
func FuzzParser(f *testing.F) {
	cl, sv := newPeer(), newPeer()
	f.Add([]byte(preface+cl.settings()+cl.get(1, "/a")+cl.post(3, "/b")+cl.data(3, true, "content")+cl.reset(1)),
		[]byte(sv.settings()+sv.ok(1, "one")+sv.ok(3, "three")), []byte{100, 60, 20, 30}, uint8(0))
	cl, sv = newPeer(), newPeer()
	f.Add([]byte(cl.get(5, "/a")+cl.get(7, "/a")), []byte(sv.ok(5, "x")+sv.ok(7, "x")), []byte{30, 255, 9, 255}, uint8(6))
	if dir, ok := shared.Find(f, "captures"); ok {
		for _, name := range []string{"grpcdump-helloworld", "suricata-http2-continuation", "scapy-http2-h2c"} {
			var streams [2][]byte
			readCapture(f, filepath.Join(dir, name+".pcap"), func(ev *tcp.Event) {
				streams[ev.Dir] = append(streams[ev.Dir], ev.Bytes...)
			})
			for d := range streams {
				streams[d] = streams[d][:min(len(streams[d]), 2000)]
			}
			f.Add(streams[0], streams[1], []byte{200, 200}, uint8(2))
		}
	}
	f.Fuzz(func(t *testing.T, client, server, order []byte, how uint8) {
		if how&4 == 0 && !bytes.HasPrefix(client, []byte("PRI ")) {
			client = append([]byte(preface), client...)
		}
		script, gaps := wire.Weave(client, server, order)
		script = append(script, []step{finC(), rst()}[how&1:]...)
		small := how&8 != 0
		o := opts{unknown: how&2 != 0, midstream: how&4 != 0, cfg: func(c *http.Config) {
			if small {
				c.Streams, c.HeaderTable, c.HeaderTables, c.HeadBytes, c.Headers = 2, 200, 600, 1024, 8
			}
		}}
		whole := play(t, o, script)
		single := play(t, o, wire.Bytewise(script))
		if gaps || whole.stats.Resyncs+single.stats.Resyncs+whole.stats.BadCodings > 0 {
			return
		}
		if whole.told != single.told || whole.fields != single.fields || whole.verdict != single.verdict {
			t.Errorf("whole %v:\n%s\n%s\nbyte by byte %v:\n%s\n%s", whole.verdict, whole.told, whole.fields, single.verdict, single.told, single.fields)
		}
	})
}

// blocks plays header blocks as requests and returns the fields of each, but for those that are not kept as such.
func blocks(t *testing.T, list [][]byte) []string {
	pool := newPool(t)
	p := pool.New(discard{}, packet.AtoB, true, false)
	cl := newPeer()
	out, _ := p.Bytes(nil, packet.AtoB, 1, []byte(preface))
	for i, b := range list {
		cl.framer.WriteHeaders(nethttp2.HeadersFrameParam{StreamID: uint32(2*i + 1), BlockFragment: b, EndHeaders: true, EndStream: true})
		out, _ = p.Bytes(out, packet.AtoB, 1, []byte(cl.take()))
	}
	out, _ = p.End(out, packet.AtoB, 2, false)
	var told []string
	for _, x := range out {
		var s strings.Builder
		fmt.Fprintf(&s, "%q %q\n", x.Method, x.Target)
		for _, f := range x.Request.Headers {
			fmt.Fprintf(&s, "%q: %q\n", f.Name, f.Value)
		}
		told = append(told, s.String())
	}
	return told
}

// FuzzHPACK has any blocks; what x/net takes must be read the same.
func FuzzHPACK(f *testing.F) {
	cl := newPeer()
	f.Add(cl.fields(":method: GET", ":path: /a", "x-a: b", "cookie: c"), cl.fields(":method: GET", ":path: /a", "x-a: b", "cookie: d"))
	cl.coder.SetMaxDynamicTableSize(60)
	f.Add(cl.fields("x-a: b", "x-b: c"), cl.fields("x-b: c", "x-a: b"))
	f.Add([]byte{0x40, 1, 'a', 1, 'b', 0xbe, 0x7e, 1, 'c', 0xbe}, []byte{0x20, 0x3f, 0xe1, 0x1f, 0x82})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a)+len(b) > 8<<10 {
			return
		}
		var want []string
		var fields strings.Builder
		var method, path string
		size, count := 0, 0
		decoder := hpack.NewDecoder(4096, func(h hpack.HeaderField) {
			size += len(h.Name) + len(h.Value)
			count++
			switch {
			case h.Name == ":method" && method == "":
				method = h.Value
			case h.Name == ":path" && path == "":
				path = h.Value
			case h.Name != ":method" && h.Name != ":path":
				fmt.Fprintf(&fields, "%q: %q\n", h.Name, h.Value)
			}
		})
		decoder.SetAllowedMaxDynamicTableSize(1 << 16)
		for _, block := range [][]byte{a, b} {
			fields.Reset()
			method, path, size, count = "", "", 0, 0
			if _, err := decoder.Write(block); err != nil || decoder.Close() != nil || size > 60<<10 {
				break
			}
			for _, special := range []string{`":authority"`, `":scheme"`, `":status"`, `"host"`} {
				if strings.Contains(fields.String(), special) {
					return
				}
			}
			if method == "CONNECT" || count > 250 || trims(fmt.Sprintf("x: %q\nx: %q\n", method, path)+fields.String()) {
				return
			}
			want = append(want, fmt.Sprintf("%q %q\n", method, path)+fields.String())
		}
		got := blocks(t, [][]byte{a, b})
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Fatalf("block %d: got %s, want %s", i, got, want)
			}
		}
	})
}

// trims is whether a value begins or ends with what is cut off.
func trims(fields string) bool {
	for _, l := range strings.Split(fields, "\n") {
		if strings.Contains(l, `: " `) || strings.Contains(l, `: "\t`) || strings.Contains(l, `: "\r`) || strings.HasSuffix(l, ` "`) ||
			strings.HasSuffix(l, `\t"`) || strings.HasSuffix(l, `\r"`) {
			return true
		}
	}
	return false
}

// FuzzAgainstNet has frames that x/net's Framer wrote as the fuzz bytes say; its reader must see the same.
func FuzzAgainstNet(f *testing.F) {
	f.Add([]byte("\x01aGET/one\x02bpad\x03c\x04d\x00e\x05f\x06g\x01hagain"))
	f.Add([]byte("\x01\x00\x01\x40\x01\x80\x02\xff\x00\x10\x00\x20"))
	f.Fuzz(func(t *testing.T, how []byte) {
		if len(how) > 400 {
			return
		}
		cl := newPeer()
		next := uint32(1)
		for len(how) >= 2 {
			op, arg := how[0], how[1]
			how = how[2:]
			id := next - 2
			switch {
			case op%8 == 1 || next == 1:
				block := cl.fields(":method: GET", ":scheme: https", fmt.Sprintf(":path: /%d", arg), ":authority: h", fmt.Sprintf("x-%d: %x", arg%7, arg/2), "a: b")
				cut := int(arg) % len(block)
				cl.framer.WriteHeaders(nethttp2.HeadersFrameParam{StreamID: next, BlockFragment: block[:cut], EndStream: arg&1 == 0,
					PadLength: arg & 0x30, Priority: nethttp2.PriorityParam{Weight: arg & 4}})
				cl.framer.WriteContinuation(next, true, block[cut:])
				next += 2
			case op%8 == 2:
				cl.framer.WriteDataPadded(id, arg&1 == 1, make([]byte, arg), make([]byte, arg>>3))
			case op%8 == 3:
				cl.framer.WritePriority(id, nethttp2.PriorityParam{StreamDep: uint32(arg)})
			case op%8 == 4:
				cl.framer.WriteSettings(nethttp2.Setting{ID: 3, Val: uint32(arg)})
			case op%8 == 5:
				cl.framer.WritePing(arg&1 == 0, [8]byte{arg})
			case op%8 == 6:
				cl.framer.WriteRawFrame(nethttp2.FrameType(0x20+arg&0x7f), nethttp2.Flags(arg), id, make([]byte, arg))
			case op%8 == 7:
				cl.framer.WriteRSTStream(id, nethttp2.ErrCode(arg))
			}
		}
		text := cl.take()
		reader := nethttp2.NewFramer(nil, strings.NewReader(text))
		reader.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		type seen struct {
			path, fields string
			content      int64
			done         bool
		}
		streams := map[uint32]*seen{}
		var ids []uint32
		for {
			frame, err := reader.ReadFrame()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
				return
			}
			id := frame.Header().StreamID
			s := streams[id]
			switch fr := frame.(type) {
			case *nethttp2.MetaHeadersFrame:
				s = &seen{path: fr.PseudoValue("path"), done: fr.StreamEnded()}
				for _, h := range fr.RegularFields() {
					s.fields += h.Name + ":" + h.Value + "\n"
				}
				streams[id], ids = s, append(ids, id)
			case *nethttp2.DataFrame:
				if s != nil && !s.done {
					s.content += int64(len(fr.Data()))
					s.done = fr.StreamEnded()
				}
			case *nethttp2.RSTStreamFrame:
				if s != nil {
					s.done = true
				}
			}
		}
		pool := newPool(t)
		p := pool.New(discard{}, packet.AtoB, true, false)
		out, _ := p.Bytes(nil, packet.AtoB, 1, []byte(preface+text))
		out, _ = p.End(out, packet.AtoB, 2, false)
		if len(out) != len(ids) {
			t.Fatalf("%d exchanges, want %d", len(out), len(ids))
		}
		for _, x := range out {
			s := streams[x.Depth]
			fields := ""
			for _, h := range x.Request.Headers[1:] {
				fields += string(h.Name) + ":" + string(h.Value) + "\n"
			}
			if string(x.Target) != s.path || fields != s.fields || x.Request.Wire != s.content {
				t.Errorf("%s\n%s\nwant %+v", tell(x), fields, s)
			}
		}
	})
}

// FuzzLooks must not panic, and says the same of what it has judged with more behind it.
func FuzzLooks(f *testing.F) {
	cl := newPeer()
	f.Add([]byte(cl.settings() + cl.get(1, "/")))
	f.Add([]byte(cl.data(1, false, "a") + cl.data(1, false, "b")))
	f.Fuzz(func(t *testing.T, b []byte) {
		yes := http2.Looks(b)
		if yes && binary.BigEndian.Uint32(append(bytes.Clone(b), 0, 0, 0, 0)) == 0x47455420 {
			t.Error("GET is not HTTP/2")
		}
		if yes && len(b) < 9 {
			t.Error("less than a frame")
		}
	})
}
