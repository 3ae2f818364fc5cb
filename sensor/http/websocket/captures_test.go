package websocket_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"auscult/internal/shared"
	"auscult/sensor/clock"
	"auscult/sensor/http"
	"auscult/sensor/http/websocket"
)

// TestCaptures reads what public captures hold after the 101; the sizes are those that tshark 4.0 tells.
func TestCaptures(t *testing.T) {
	f := func(file string, messages [2]int64, up, down int64, closed bool, first string) {
		t.Helper()
		pool := websocket.NewPool(http.NewShared(http.Defaults()))
		defer pool.Close()
		x, h := opened(""), &hands{}
		c := pool.New(h, x)
		var heads [2]bool
		now := clock.Time(10)
		for _, s := range segments(t, file) {
			d := server
			if s.up {
				d = client
			}
			b := s.payload
			if !heads[d] { // the heads of the opening come first
				_, rest, ok := bytes.Cut(b, []byte("\r\n\r\n"))
				if !ok {
					continue
				}
				heads[d], b = true, rest
			}
			now++
			c.Bytes(d, now, b)
		}
		if c.Ended() != closed || x.Messages != messages || x.Request.Wire != up || x.Response.Wire != down || x.Loss != 0 {
			t.Errorf("%s: ended %v, %v messages, %d and %d bytes, loss %b", file, c.Ended(), x.Messages, x.Request.Wire, x.Response.Wire, x.Loss)
		}
		if !strings.HasPrefix(string(h.sides[http.Request].text), first) {
			t.Errorf("%s: the client said %q", file, h.sides[http.Request].text)
		}
		if st := pool.Stats; st.BadFrames+st.Unmasked+st.Masked+st.LostStep > 0 {
			t.Errorf("%s: %+v", file, st)
		}
		pool.Free(c)
	}
	f("arkime-websocket.pcap", [2]int64{2, 3}, 27, 126, false, "\x1e")
	f("zeek-ws-fragmented-reply.pcap", [2]int64{1, 1}, 35, 56, true, "\x1eGET / HTTP/1.1\r\nHost: localhost\r\n\r\n\n")
}

type segment struct {
	up      bool
	payload []byte
}

// segments are the TCP payloads of a capture of one connection without losses, in order.
func segments(t *testing.T, file string) (list []segment) {
	var from layers.TCPPort
	next := map[layers.TCPPort]uint32{}
	for _, raw := range shared.Frames(t, shared.Path(t, "captures", file)) {
		p := gopacket.NewPacket(raw.Frame, layers.LinkType(raw.Link), gopacket.Default)
		tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok {
			continue
		}
		if tcp.SYN && !tcp.ACK {
			from = tcp.SrcPort
		}
		at, seen := next[tcp.SrcPort]
		if n := len(tcp.Payload); n > 0 && (!seen || tcp.Seq == at) { // else a keep-alive's byte, sent before
			next[tcp.SrcPort] = tcp.Seq + uint32(n)
			list = append(list, segment{tcp.SrcPort == from, tcp.Payload})
		}
	}
	return list
}
