package extract_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"auscult/replay"
	"auscult/sensor/call"
	"auscult/sensor/clock"
	"auscult/sensor/extract"
	"auscult/sensor/packet"
	"auscult/sensor/phi"
)

func newExtractor(t testing.TB, cfg extract.Config) *extract.Extractor {
	t.Helper()
	return extract.New(cfg, call.Defaults(), newMemo(t, cfg), 0, 1, 1<<20)
}

func newMemo(t testing.TB, cfg extract.Config) *extract.Memo {
	t.Helper()
	memo, err := extract.NewMemo(cfg.MemoBytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(memo.Close)
	return memo
}

// drive runs a capture through e and returns its calls.
func drive(t testing.TB, e *extract.Extractor, path string) []call.Call {
	t.Helper()
	lanes, err := replay.New(replay.Defaults(), path).Open(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var now clock.Time
	for {
		raw, err := lanes[0].Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if mark := raw.Time.Floor(); mark > now.Floor() {
			e.Expire(mark - 1)
		}
		now = raw.Time
		e.Packet(&raw)
	}
	e.Close(now)
	return e.Take(nil)
}

// TestScannersComeBack runs every case and finds every scanner at rest afterwards: none is lost with an exchange
// that was dropped.
func TestScannersComeBack(t *testing.T) {
	paths, _ := filepath.Glob("../../pcaps/*/traffic.pcap")
	shared, _ := filepath.Glob("../../../shared/captures/*.pcap*")
	if len(paths) == 0 {
		t.Fatal("no captures")
	}
	for _, path := range append(paths, shared...) {
		e := newExtractor(t, extract.Defaults())
		drive(t, e, path)
		if n := e.Scanning(); n != 0 {
			t.Errorf("%s: %d scanners are out", path, n)
		}
	}
}

// TestScannerLimit shows what happens when all scanners are taken: bodies are counted, not scanned, and that is
// said of the call.
func TestScannerLimit(t *testing.T) {
	cfg := extract.Defaults()
	full := newExtractor(t, cfg)
	want := drive(t, full, "../../pcaps/paging/traffic.pcap")
	e := newExtractor(t, cfg)
	e.Occupy(cfg.Scanners)
	got := drive(t, e, "../../pcaps/paging/traffic.pcap")
	if len(got) != len(want) || e.Stats().Unscanned == 0 {
		t.Fatalf("%d calls, want %d; %d bodies unscanned", len(got), len(want), e.Stats().Unscanned)
	}
	for i := range got {
		if got[i].PHI.People != 0 || got[i].RespDec != want[i].RespDec {
			t.Fatalf("call %d: %d people, %d bytes, want 0 and %d", i, got[i].PHI.People, got[i].RespDec, want[i].RespDec)
		}
	}
}

func TestFormOf(t *testing.T) {
	for _, c := range []struct {
		contentType string
		form        phi.Form
		scan        bool
	}{
		{"application/fhir+json; charset=utf-8", phi.JSON, true},
		{"Application/JSON", phi.JSON, true},
		{"application/fhir+ndjson", phi.NDJSON, true},
		{"application/fhir+xml", phi.XML, true},
		{"application/x-www-form-urlencoded", phi.URLEncoded, true},
		{"multipart/form-data; boundary=json", phi.Multipart, true},
		{"application/hl7-v2", phi.HL7v2, true},
		{"application/dicom+json", phi.JSON, true},
		{"application/dicom", phi.Binary, false},
		{"multipart/related; type=\"application/dicom\"", phi.Multipart, true},
		{"text/html", phi.Binary, false},
		{"application/xhtml+xml", phi.Binary, false},
		{"image/svg+xml", phi.XML, true},
		{"image/png", phi.Binary, false},
		{"text/plain", phi.Unknown, true},
		{"application/octet-stream", phi.Unknown, true},
		{"", phi.Unknown, true},
	} {
		if form, scan := extract.FormOf([]byte(c.contentType)); form != c.form || scan != c.scan {
			t.Errorf("%q: form %d, scan %v; want %d, %v", c.contentType, form, scan, c.form, c.scan)
		}
	}
}

const (
	fin = byte(packet.FIN)
	syn = byte(packet.SYN)
	ack = byte(packet.ACK)
)

// conversation makes the frames of one connection: Ethernet, IPv4, TCP.
type conversation struct {
	seq [2]uint32
	now clock.Time
}

func (c *conversation) frame(dir int, flags byte, payload string) packet.Raw {
	c.now += clock.Grid / 1000
	f := make([]byte, 54, 54+len(payload))
	copy(f[12:], []byte{8, 0, 0x45, 0})
	binary.BigEndian.PutUint16(f[16:], uint16(40+len(payload)))
	f[22], f[23] = 64, 6
	copy(f[26:], []byte{10, 0, 0, byte(1 + dir), 10, 0, 0, byte(2 - dir)})
	ports := [2]uint16{40000, 80}
	binary.BigEndian.PutUint16(f[34:], ports[dir])
	binary.BigEndian.PutUint16(f[36:], ports[1-dir])
	binary.BigEndian.PutUint32(f[38:], c.seq[dir])
	binary.BigEndian.PutUint32(f[42:], c.seq[1-dir])
	f[46], f[47] = 5<<4, flags
	binary.BigEndian.PutUint16(f[48:], 65535)
	f = append(f, payload...)
	c.seq[dir] += uint32(len(payload))
	if flags&(syn|fin) != 0 {
		c.seq[dir]++
	}
	return packet.Raw{Time: c.now, Frame: f, WireLen: len(f), Link: packet.LinkEthernet}
}

// TestPacketsAllocateNothing is the gate of the in-order path: a long response, scanned as it passes, allocates
// nothing for its packets.
func TestPacketsAllocateNothing(t *testing.T) {
	e := newExtractor(t, extract.Defaults())
	c := conversation{now: clock.Time(1e18)}
	for _, raw := range []packet.Raw{
		c.frame(0, syn, ""), c.frame(1, syn|ack, ""),
		c.frame(0, ack, "GET /fhir/Patient?_count=100 HTTP/1.1\r\nHost: ehr\r\n\r\n"),
		c.frame(1, ack, "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 100000000\r\n\r\n[\""),
	} {
		e.Packet(&raw)
	}
	piece := `","resourceType":"Patient","name":[{"family":"Nowak","given":["Ana"]}],"birthDate":"1970-01-02","x":"`
	payload := ""
	for len(payload)+len(piece) < 1400 {
		payload += piece
	}
	frames := make([]packet.Raw, 2000)
	for i := range frames {
		frames[i] = c.frame(1, ack, payload)
	}
	i := 0
	allocs := testing.AllocsPerRun(len(frames)-1, func() {
		e.Packet(&frames[i])
		i++
	})
	if allocs != 0 {
		t.Errorf("%v allocations a packet, want none", allocs)
	}
	if e.Scanning() != 1 {
		t.Error("the response is not being scanned")
	}
	if s := e.Stats(); s.TCP.Gaps != 0 || s.Packets != uint64(len(frames))+4 {
		t.Errorf("%d packets, %d gaps", s.Packets, s.TCP.Gaps)
	}
}

// TestCallsAllocateLittle is the gate of whole exchanges on a keep-alive connection: at most two allocations a
// call, arena chunks included.
func TestCallsAllocateLittle(t *testing.T) {
	memo := newMemo(t, extract.Defaults())
	e := extract.New(extract.Defaults(), call.Defaults(), memo, 0, 1, 1<<20)
	c := conversation{now: clock.Time(1e18)}
	for _, raw := range []packet.Raw{c.frame(0, syn, ""), c.frame(1, syn|ack, "")} {
		e.Packet(&raw)
	}
	request := "GET /fhir/Patient/1234 HTTP/1.1\r\nHost: ehr.example\r\nAuthorization: Bearer opaque-token-1\r\nUser-Agent: app/1.0\r\n\r\n"
	body := `{"resourceType":"Patient","id":"1234","name":[{"family":"Nowak"}],"birthDate":"1970-01-02"}`
	response := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	frames := make([]packet.Raw, 4000)
	for i := 0; i < len(frames); i += 2 {
		frames[i], frames[i+1] = c.frame(0, ack, request), c.frame(1, ack, response)
	}
	e.Take(make([]call.Call, 0, len(frames)))
	i := 0
	for ; i < 10; i += 2 { // the memo meets the path and the token, and takes them in
		e.Packet(&frames[i])
		e.Packet(&frames[i+1])
	}
	memo.Wait()
	allocs := testing.AllocsPerRun(len(frames)/2-6, func() {
		e.Packet(&frames[i])
		e.Packet(&frames[i+1])
		i += 2
	})
	if allocs > 2 {
		t.Errorf("%v allocations a call, want at most 2", allocs)
	}
	if n := len(e.Take(nil)); n < len(frames)/2-1 {
		t.Errorf("%d calls of %d exchanges", n, len(frames)/2)
	}
}

// FuzzFrames gives a whole extractor frames of a stranger: cut from the input, each with a length byte in front.
func FuzzFrames(f *testing.F) {
	c := conversation{now: 1}
	var seed []byte
	for _, raw := range []packet.Raw{
		c.frame(0, syn, ""), c.frame(1, syn|ack, ""),
		c.frame(0, ack, "GET /a/1 HTTP/1.1\r\nHost: h\r\n\r\n"),
		c.frame(1, ack, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), c.frame(1, fin|ack, ""), c.frame(0, fin|ack, ""),
	} {
		seed = append(append(seed, byte(len(raw.Frame))), raw.Frame...)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		cfg := extract.Defaults()
		cfg.MemoBytes = 0
		e := newExtractor(t, cfg)
		now := clock.Time(1)
		for len(b) > 1 {
			n := min(int(b[0]), len(b)-1)
			e.Packet(&packet.Raw{Time: now, Frame: b[1 : 1+n : 1+n], WireLen: n, Link: packet.LinkEthernet})
			b = b[1+n:]
			now += clock.Grid / 3
			e.Expire(now.Floor() - 1)
		}
		e.Close(now)
		if n := e.Scanning(); n != 0 {
			t.Errorf("%d scanners are out", n)
		}
	})
}
